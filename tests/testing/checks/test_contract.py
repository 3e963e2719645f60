"""The checks of the class itself catch what it must not declare or refuse."""

from dataclasses import replace

import pytest
from mutants import TapConvolution, caught_by_checks_of, require_caught

from convcore.testing import CheckFailure, run_check
from convcore.testing.checks import contract


@caught_by_checks_of(contract)
def test_mutant_is_caught(mutant, check):
    require_caught(mutant, check)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("dtypes", ["float32"], r"dtypes: must be a tuple of some of .*; got \['float32'\]"),
        ("ranks", range(0, 3), r"ranks: must be a range within 1 to 16; got range\(0, 3\)"),
        ("bound", 0, r"bound: must lie in \(0, 4096\]; got 0"),
        ("numerics", "exact", "numerics: must be one of .*; got 'exact'"),
        (
            "capabilities",
            ("bias",),
            r"capabilities: must be a tuple of some of .*; got \('bias',\)",
        ),
        ("description", "two\nlines", r"description: must be one line; got 'two\\nlines'"),
    ],
)
def test_a_declaration_is_told_what_is_wrong_with_it(field, value, message):
    declared = replace(TapConvolution.declaration, **{field: value})
    backend = type("Wrong", (TapConvolution,), {"declaration": declared})
    with pytest.raises(CheckFailure, match=f"^declaration.{message}$"):
        run_check("declaration", backend)
