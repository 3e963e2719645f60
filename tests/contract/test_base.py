"""What every plan carries: a problem and its limits, read-only, in copies too."""

import copy
import pickle

import numpy as np
import pytest
from fakes import backend_class
from mutants.variants import NAMES, VariedConvolution

from convcore import DtypeError, Geometry, GeometryError, OptionError
from convcore.contract import available_cpus

GEOMETRY = Geometry.of((2, 4, 9), (6, 2, 3), groups=2)


@pytest.fixture
def fake():
    return backend_class("fake")


def test_a_plan_carries_what_it_was_made_with(fake):
    plan = fake(GEOMETRY, ">f8", threads=np.int64(3), max_workspace=np.int64(7))
    assert (plan.geometry, plan.dtype) == (GEOMETRY, np.dtype("float64"))
    assert (plan.threads, plan.max_workspace) == (3, 7)
    assert {type(plan.threads), type(plan.max_workspace)} == {int}
    assert repr(plan) == "<Fake 'fake' (2, 4, 9) * (6, 2, 3) float64>"


def test_limits_that_are_not_given(fake):
    plan = fake(GEOMETRY, "float32")
    assert (plan.threads, plan.max_workspace) == (available_cpus(), None)


@pytest.mark.parametrize("name", ["geometry", "dtype", "threads", "max_workspace"])
def test_it_is_read_only(fake, name):
    with pytest.raises(AttributeError):
        setattr(fake(GEOMETRY, "float32"), name, None)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"geometry": (2, 4, 9)}, GeometryError, r"geometry: must be a Geometry; got \(2, 4, 9\)"),
        ({"dtype": "float16"}, DtypeError, "dtype: must be one of .*float64.*; got float16"),
        ({"dtype": "nonsense"}, DtypeError, "dtype: must name a NumPy dtype; got 'nonsense'"),
        ({"threads": 0}, OptionError, "threads: must be >= 1; got 0"),
        ({"max_workspace": -1}, OptionError, "max_workspace: must be >= 0 bytes; got -1"),
    ],
)
def test_arguments_are_checked(fake, change, error, message):
    arguments = {"geometry": GEOMETRY, "dtype": "float32"} | change
    with pytest.raises(error, match=f"^{message}$"):
        fake(**arguments)


@pytest.mark.parametrize(
    "replicate", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
@pytest.mark.parametrize("variants", [None, {"forward": NAMES[1]}, {}])
def test_copies_keep_limits_and_variants(replicate, variants):
    plan = VariedConvolution(GEOMETRY, "f4", threads=2, max_workspace=1 << 20, variants=variants)
    other = replicate(plan)
    assert (other.geometry, other.dtype, other.threads) == (GEOMETRY, plan.dtype, 2)
    assert (other.max_workspace, other._variants) == (1 << 20, variants)


def test_variants_are_a_copy_of_what_was_given():
    given = {"forward": NAMES[1]}
    plan = VariedConvolution(GEOMETRY, "float32", variants=given)
    given.clear()
    assert plan._variants == {"forward": NAMES[1]}
