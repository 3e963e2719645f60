"""What a check is, and which there are."""

from __future__ import annotations

from convcore.testing import CHECKS


def test_every_check_says_what_it_is_about():
    assert len(CHECKS) >= 40
    assert all(check.summary.endswith(".") for check in CHECKS.values())
    assert next(iter(CHECKS)) == "declaration"
