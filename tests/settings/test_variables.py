"""The environment: what is parsed, and when."""

from __future__ import annotations

import pytest

import convcore
from convcore import settings
from convcore.contract import usable_processors

pytestmark = pytest.mark.usefixtures("isolated")

SHAPES = (1, 1, 5), (1, 1, 3)


def in_force():
    return {entry.option: (entry.value, entry.source) for entry in settings.provenance()}


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("CONVCORE_NUM_THREADS", "0", "must be a positive integer; got '0'"),
        ("CONVCORE_NUM_THREADS", "two", "must be a positive integer; got 'two'"),
        ("CONVCORE_NUM_THREADS", "-1", "must be a positive integer; got '-1'"),
        ("CONVCORE_NUM_THREADS", "1.5", "must be a positive integer; got '1.5'"),
        ("CONVCORE_ACCURACY", "Strict", "must be one of default, strict; got 'Strict'"),
        ("CONVCORE_ACCURACY", "1", "must be one of default, strict; got '1'"),
        ("CONVCORE_PLANNING", "patient", "must be one of estimate, measure; got 'patient'"),
    ],
)
def test_it_is_parsed_strictly_each_time(environment, variable, value, rule):
    environment(**{variable: value})
    for _ in range(2):
        with pytest.raises(convcore.OptionError, match=f"^{variable}: {rule}$"):
            convcore.plan(*SHAPES)


def test_every_variable(environment):
    environment(
        CONVCORE_BACKEND="naive, fft",
        CONVCORE_BLOCK="im2col,",
        CONVCORE_ACCURACY="strict",
        CONVCORE_NUM_THREADS="3",
        CONVCORE_PLANNING="measure",
        CONVCORE_WISDOM="ro",
    )
    assert in_force() == {
        "backend": (("naive", "fft"), "CONVCORE_BACKEND"),
        "block": (["im2col"], "CONVCORE_BLOCK"),
        "accuracy": ("strict", "CONVCORE_ACCURACY"),
        "threads": (3, "CONVCORE_NUM_THREADS"),
        "max_workspace": (None, "built in"),
        "deterministic": (False, "built in"),
        "precision": ("double", "built in"),
        "planning": ("measure", "CONVCORE_PLANNING"),
        "wisdom": ("ro", "CONVCORE_WISDOM"),
    }


@pytest.mark.parametrize("value", ["", "  ", ","])
def test_empty_is_not_set(environment, value):
    environment(CONVCORE_BACKEND=value, CONVCORE_BLOCK=value)
    assert in_force()["backend"] == (None, "automatic choice")
    assert in_force()["block"] == ([], "built in")


@pytest.mark.parametrize(("value", "threads"), [("5", 5), ("4,2", 4)])
def test_omp_num_threads_is_taken_where_it_is_plain(environment, value, threads):
    environment(OMP_NUM_THREADS=value)
    assert in_force()["threads"] == (threads, "OMP_NUM_THREADS")
    environment(CONVCORE_NUM_THREADS="2")
    assert in_force()["threads"] == (2, "CONVCORE_NUM_THREADS")


@pytest.mark.parametrize("value", ["all", "0", "-2"])
def test_omp_num_threads_belongs_to_others_and_is_left_alone(environment, value):
    environment(OMP_NUM_THREADS=value)
    assert in_force()["threads"] == usable_processors()


def test_it_is_read_at_the_first_use_not_at_import(python):
    set_late = "import os, convcore; os.environ['CONVCORE_BACKEND'] = 'naive'"
    then = "print(convcore.plan((1, 1, 5), (1, 1, 3)).name)"
    assert python(f"{set_late}; {then}", CONVCORE_BACKEND="fft") == "naive\n"


def test_an_unusable_value_does_not_hinder_the_import(python):
    assert python("import convcore", CONVCORE_NUM_THREADS="many") == ""
