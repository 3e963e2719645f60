"""The exceptions: one family, each of a kind that Python knows."""

import inspect

import numpy as np
import pytest

import convcore
from convcore import errors

KINDS = {
    "GeometryError": ValueError,
    "ShapeError": ValueError,
    "DtypeError": TypeError,
    "OptionError": ValueError,
    "UnknownBackendError": LookupError,
    "UnsupportedError": NotImplementedError,
    "BackendLoadError": ImportError,
}


def test_there_are_these_and_no_others():
    found = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    assert found == {"ConvcoreError", *KINDS}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_each_is_ours_and_of_the_kind_that_python_has_for_it(name, kind):
    error = getattr(errors, name)
    assert issubclass(error, errors.ConvcoreError)
    assert issubclass(error, kind)
    assert error is getattr(convcore, name)
    with pytest.raises(kind, match=r"^padding: must be right; got 3$"):
        raise error("padding: must be right; got 3")


def test_none_is_caught_by_the_name_of_another():
    for name in KINDS:
        others = tuple(getattr(errors, other) for other in KINDS if other != name)
        assert not issubclass(getattr(errors, name), others)


def test_a_sentence_stays_on_one_line_whatever_it_quotes():
    given = np.zeros((2, 2))
    with pytest.raises(convcore.DtypeError, match=r"got array\(\[\[0., 0.\], \[0., 0.\]\]\)$"):
        convcore.conv(
            np.ones((1, 1, 3)), np.ones((1, 1, 1)), padding_mode="constant", padding_value=given
        )
