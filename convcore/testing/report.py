"""What a run of the checks found, to read and for programs."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

# Failures that a printed report explains in full, and the width of its last column.
_EXPLAINED = 3
_NOTE_WIDTH = 90

Status = Literal["passed", "refused", "failed", "expected", "not run"]


@dataclass(frozen=True)
class Failure:
    """One case that failed.

    Parameters
    ----------
    message : str
        What was wrong, with the values.
    reproduce : str
        Python code that fails in the same way.
    """

    message: str
    reproduce: str


@dataclass
class Result:
    """Outcome of one check.

    Parameters
    ----------
    check, summary : str
        Name of the check and the property it looks at.
    status : {"passed", "refused", "failed", "expected", "not run"}
        "refused": the backend refused every case, or the check does not apply to it; "expected":
        it failed as the author announced; "not run": an earlier failure made it pointless.
    cases, failures : int
        How many cases ran, and how many of them failed.
    refusals : Counter
        Reasons of the cases that did not run, with their number.
    worst : float or None
        Largest measured error in units of the declared bound.
    failure : Failure or None
        The first case that failed.
    reason : str
        The author's reason for an expected failure.
    seconds : float
        How long it took.
    computes : bool
        Whether the check looks at cases, and not at the class alone.
    """

    check: str
    summary: str
    status: Status = "passed"
    cases: int = 0
    failures: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    worst: float | None = None
    failure: Failure | None = None
    reason: str = ""
    seconds: float = 0.0
    computes: bool = False

    @property
    def note(self) -> str:
        """The one thing to know about this result, in a line; empty where all is well."""
        if self.status == "expected":
            return f"expected: {self.reason}"
        if self.failure is not None:
            return self.failure.message.splitlines()[0]
        if self.refusals:
            reason, count = self.refusals.most_common(1)[0]
            more = len(self.refusals) - 1
            return f"{count} x {reason}" + (f" and {more} other reasons" if more else "")
        return ""

    def to_dict(self) -> dict[str, Any]:
        """The result as plain JSON data."""
        failure = self.failure
        return {
            "check": self.check,
            "summary": self.summary,
            "status": self.status,
            "cases": self.cases,
            "failures": self.failures,
            "refusals": dict(self.refusals),
            "worst_error_in_bounds": self.worst,
            "message": failure.message if failure else None,
            "reproduce": failure.reproduce if failure else None,
            "reason": self.reason or None,
            "seconds": round(self.seconds, 4),
        }


@dataclass
class Report:
    """Outcome of all checks of one backend; print it.

    Parameters
    ----------
    backend : str
        Name of the backend.
    profile : str
        The profile that ran.
    results : list of Result
        One for each check, in the order they ran.
    random : list of Result
        What random problems found; it informs and does not decide.
    seed : int or None
        Seed of the random problems.
    """

    backend: str
    profile: str
    results: list[Result]
    random: list[Result] = field(default_factory=list)
    seed: int | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing failed, everything ran, and the backend computed something at all."""
        done = not self.failed and not self.with_status("not run")
        # Checks of the class alone compute nothing: they decide only where no other was chosen.
        telling = [result for result in self.results if result.computes] or self.passed
        return done and any(result.cases > result.failures for result in telling)

    @property
    def passed(self) -> list[Result]:
        """Checks that passed on every case that the backend does not refuse."""
        return self.with_status("passed")

    @property
    def refused(self) -> list[Result]:
        """Checks of which no case ran, each with the reasons."""
        return self.with_status("refused")

    @property
    def failed(self) -> list[Result]:
        """Checks that failed on some case."""
        return self.with_status("failed")

    @property
    def expected_failures(self) -> list[Result]:
        """Checks that failed as the author announced."""
        return self.with_status("expected")

    def with_status(self, status: Status) -> list[Result]:
        """The results with one status."""
        return [result for result in self.results if result.status == status]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        return {
            "backend": self.backend,
            "profile": self.profile,
            "ok": self.ok,
            "results": [result.to_dict() for result in self.results],
            "random": [result.to_dict() for result in self.random],
            "seed": self.seed,
        }

    def __str__(self) -> str:
        lines = [f"backend '{self.backend}', profile {self.profile}", "", *self._table(), ""]
        found = [result for result in (*self.failed, *self.random) if result.failure]
        for result in found[:_EXPLAINED]:
            lines += _explained(result)
        if len(found) > _EXPLAINED:
            lines += [f"and {len(found) - _EXPLAINED} more, in Report.failed and to_dict()", ""]
        return "\n".join([*lines, self.verdict])

    @property
    def verdict(self) -> str:
        """One line: ok or not, with the counts."""
        counts = Counter(result.status for result in self.results)
        parts = ", ".join(f"{count} {status}" for status, count in counts.items())
        found = sum(result.status == "failed" for result in self.random)
        seed = (
            "" if self.seed is None else f"; random problems with seed {self.seed}: {found} failed"
        )
        return f"{'ok' if self.ok else 'NOT OK'}: {parts}{seed}"

    def _table(self) -> list[str]:
        rows = [("check", "status", "cases", "refused", "error", "note")]
        rows += [_row(result) for result in (*self.results, *self.random)]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        aligned = [
            [text.ljust(width) for text, width in zip(row, widths, strict=False)] for row in rows
        ]
        return [
            "  ".join([*cells, row[5]]).rstrip() for cells, row in zip(aligned, rows, strict=True)
        ]


def _row(result: Result) -> tuple[str, str, str, str, str, str]:
    worst = "" if result.worst is None else f"{result.worst:.3g}"
    refused = str(result.refusals.total() or "")
    note = textwrap.shorten(result.note, _NOTE_WIDTH, placeholder=" ...")
    return result.check, result.status, str(result.cases or ""), refused, worst, note


def _explained(result: Result) -> list[str]:
    if result.failure is None:
        return []
    head = f"{result.check}: {result.failures} of {result.cases} cases failed, the first one:"
    code = [f"    {line}" for line in result.failure.reproduce.splitlines()]
    return [head, f"  {result.failure.message}", "  to reproduce:", *code, ""]
