"""The check of images with their channels last catches what is wrong of them, and nothing else."""

from mutants import caught_by_checks_of, require_caught
from mutants.channels_last import Last

from convcore.testing import check_backend
from convcore.testing.checks import channels_last


@caught_by_checks_of(channels_last)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


def test_who_runs_them_rightly_passes():
    assert check_backend(Last, checks=["channels_last"]).ok
