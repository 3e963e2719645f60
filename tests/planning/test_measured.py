"""A line of wisdom: there and back, and lines that somebody made up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from asking import SHAPES

import convcore
from convcore.planning import Measured, Question
from convcore.planning.measured import KEYED, key_of, line_of, measured_in

pytestmark = pytest.mark.usefixtures("isolated")

FOUND = Measured(
    "direct", {"forward": "small"}, 1e-6, {"direct": 2e-6, "fft": 3e-6}, "direct", True,
    "2026-12-01T06:12:23+00:00",
)  # fmt: skip


def question(**options):
    with convcore.options(**options):
        return Question.now(convcore.Geometry.of(*SHAPES), np.dtype("float32"), "forward")


def line(**changes):
    kept = json.loads(line_of(question(), FOUND))
    return json.dumps(kept | changes).encode()


def test_a_line_gives_back_what_it_was_made_of():
    made = line_of(question(), FOUND)
    assert measured_in(made) == FOUND
    assert made.startswith(KEYED + key_of(question()).encode())
    assert b"\n" not in made


def test_it_is_told_to_people():
    assert str(FOUND) == "measured 2026-12-01 06:12 UTC: direct (small)"
    assert str(FOUND._replace(settled=False, variants={})).endswith("UTC: direct, unsure")
    assert (FOUND.gain, FOUND.times) == (2.0, {"direct": 1e-6, "fft": 3e-6})


def test_a_key_depends_on_problem_options_and_machine(register):
    keys = {key_of(question()), key_of(question(planning="measure"))}
    assert len(keys) == 1
    keys |= {key_of(question(threads=threads)) for threads in (61, 62)}
    keys.add(key_of(question()._replace(operation="grad_input")))
    keys.add(key_of(question()._replace(dtype=np.dtype("float64"))))
    register("another")
    keys.add(key_of(question()))
    assert len(keys) == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"backend": 3},
        {"backend": "\x1b[31mred"},
        {"variants": ["forward"]},
        {"variants": "small"},
        {"variants": {"backward": "small"}},
        {"variants": {"forward": None}},
        {"best": "fast"},
        {"best": 0},
        {"best": -1.0},
        {"best": float("nan")},
        {"best": float("inf")},
        {"seconds": []},
        {"seconds": {"direct": True}},
        {"seconds": {"fft": 1.0}},
        {"estimate": None},
        {"estimate": ["direct"]},
        {"settled": 1},
        {"at": "yesterday"},
        {"at": 17},
    ],
)
def test_wrong_types_are_no_measurement(changes):
    assert measured_in(line(**changes)) is None


@pytest.mark.parametrize(
    "made_up", [b"", b"{", b"[]", b"7", b"\xff\x00", b"[" * 100_000, b'{"best": ' + b"9" * 5000]
)
def test_what_is_no_line_is_no_measurement(made_up):
    assert measured_in(made_up) is None
