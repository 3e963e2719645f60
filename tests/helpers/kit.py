"""A few checks of the conformance kit, and what became of each."""

from convcore.testing import check_backend

FEW = ("declaration", "result_type", "exact_integers")


def few(backend, **options):
    """The report of a few checks in the quick profile."""
    return check_backend(backend, checks=FEW, profile="quick", **options)


def statuses(report):
    """The outcome of each check by its name."""
    return {result.check: result.status for result in report.results}
