"""What is known: in the process, in the file, and where the file is not what it should be."""

from __future__ import annotations

import builtins
import json
import os
import threading
import warnings

import numpy as np
import pytest
from asking import SHAPES

import convcore
from convcore.planning import Measured, Question, current_wisdom
from convcore.planning import wisdom as rooms
from convcore.planning.measured import line_of
from convcore.planning.wisdom import Wisdom, keep

pytestmark = pytest.mark.usefixtures("isolated", "nothing_known")

FOUND = Measured("naive", {}, 1e-6, {"naive": 1e-6}, "naive", True, "2026-12-01T06:12:23+00:00")


def question(threads=1):
    with convcore.options(threads=threads):
        return Question.now(convcore.Geometry.of(*SHAPES), np.dtype("float32"), "forward")


def test_what_is_kept_is_known_to_whoever_reads_the_file(wisdom_file):
    assert current_wisdom().find(question()) is None
    keep(question(), FOUND)
    other = Wisdom(wisdom_file, writes=True)
    assert other.find(question()) == FOUND
    assert other.find(question(2)) is None


def test_what_others_keep_meanwhile_is_found(wisdom_file):
    here, there = (Wisdom(wisdom_file, writes=True) for _ in range(2))
    for threads in (1, 2, 3):
        assert here.find(question(threads)) is None
        there.add({"ignored": line_of(question(threads), FOUND)})
        assert here.find(question(threads)) == FOUND


def test_a_file_says_for_which_machine_its_lines_are(wisdom_file):
    for threads in (1, 2):
        keep(question(threads), FOUND)
    header, *lines = map(json.loads, wisdom_file.read_text().splitlines())
    assert header["cpu"]
    assert [line["machine"] for line in lines] == [header["machine"]] * 2
    assert [line["threads"] for line in lines] == [1, 2]


def test_another_machine_has_its_own(wisdom_file, register):
    keep(question(), FOUND)
    register("what that machine does not have")
    assert current_wisdom().find(question()) is None
    keep(question(), FOUND._replace(backend="im2col"))
    assert current_wisdom().find(question()).backend == "im2col"
    machines = [json.loads(line)["machine"] for line in wisdom_file.read_text().splitlines()]
    assert machines[0] == machines[1] != machines[2] == machines[3]


@pytest.mark.parametrize("word", ["off", "ro"])
def test_nothing_is_written_where_nothing_may_be(word, environment, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    environment(CONVCORE_WISDOM=word)
    current_wisdom().forget()
    keep(question(), FOUND)
    assert current_wisdom().find(question()) == FOUND
    assert list(tmp_path.iterdir()) == []
    assert (current_wisdom().path is None) == (word == "off")


def test_ro_reads_what_is_there(wisdom_file):
    keep(question(), FOUND)
    assert Wisdom(wisdom_file, writes=False).find(question()) == FOUND


@pytest.mark.skipif(os.name != "posix", reason="the folder of the XDG rule")
def test_the_usual_file_is_in_the_cache_folder_of_the_user(environment, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    environment(CONVCORE_WISDOM="")
    if os.uname().sysname == "Linux":
        assert current_wisdom().path == tmp_path / "convcore" / "wisdom.jsonl"


def test_a_damaged_line_is_told_once_and_measured_anew(wisdom_file):
    keep(question(), FOUND)
    keep(question(2), FOUND)
    wisdom_file.write_text(wisdom_file.read_text().replace('"best": ', '"best": -'))
    wisdom = Wisdom(wisdom_file, writes=True)
    with pytest.warns(RuntimeWarning, match="has a damaged line, which counts for nothing") as told:
        found = [wisdom.find(question(threads)) for threads in (1, 2)]
    assert found == [None, None]
    assert len(told) == 1
    wisdom.add({"ignored": line_of(question(), FOUND)})
    assert Wisdom(wisdom_file, writes=True).find(question()) == FOUND


def test_unread_lines_are_told_once_and_kept(wisdom_file):
    keep(question(), FOUND)
    with wisdom_file.open("ab") as file:
        file.write(b"\xff\x00junk\n{half")
    wisdom = Wisdom(wisdom_file, writes=True)
    with pytest.warns(RuntimeWarning, match="jsonl, 2 cannot be read; such lines") as told:
        found = [wisdom.find(question(threads)) for threads in (1, 9)]
    assert found == [FOUND, None]
    assert len(told) == 1
    assert b"junk" in wisdom_file.read_bytes()


def told_by(wisdom, *threads):
    """What is told while questions are looked up and kept, without the path."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for number in threads:
            assert wisdom.find(question(number)) is None
            wisdom.add({f"key {number}": line_of(question(number), FOUND)})
    return [str(warning.message).replace(str(wisdom.path), "PATH") for warning in told]


def test_a_foreign_file_is_told_and_not_touched(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader,\n")
    assert told_by(Wisdom(path, writes=True), 1, 2) == [
        "wisdom: of the lines of PATH, 1 cannot be read; such lines are left alone",
        "wisdom: cannot write PATH: PATH holds something else; "
        "what is measured is used in this process only",
    ]
    assert path.read_text() == "Dear reader,\n"


def test_a_folder_is_told_once_for_reading_and_once_for_writing(tmp_path):
    begins = [sentence[:20] for sentence in told_by(Wisdom(tmp_path, writes=True), 1, 2)]
    assert begins == ["wisdom: cannot read ", "wisdom: cannot write"]


def test_without_filelock_it_is_kept_in_the_process_alone(wisdom_file, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name == "filelock":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.warns(RuntimeWarning, match=r"only; to keep it, pip install 'convcore\[tune\]'"):
        keep(question(), FOUND)
    keep(question(2), FOUND)
    assert current_wisdom().find(question()) == FOUND
    assert not wisdom_file.exists()


def test_without_platformdirs_there_is_no_usual_file(environment, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "platformdirs", None)
    environment(CONVCORE_WISDOM="")
    assert current_wisdom().path is None
    with pytest.warns(RuntimeWarning, match="pip install 'convcore"):
        keep(question(), FOUND)
    assert current_wisdom().find(question()) == FOUND


def test_processes_take_turns_to_measure(wisdom_file, monkeypatch):
    here, there = (Wisdom(wisdom_file, writes=True) for _ in range(2))
    entered = []

    def other():
        with there.turn():
            entered.append("there")

    with here.turn():
        waiting = threading.Thread(target=other)
        waiting.start()
        waiting.join(0.2)
        entered.append("here")
    waiting.join(30)
    assert entered == ["here", "there"]


def test_who_waits_too_long_measures_all_the_same(wisdom_file, monkeypatch):
    monkeypatch.setattr(rooms, "PATIENCE", 0.0)
    with Wisdom(wisdom_file, writes=True).turn(), Wisdom(wisdom_file, writes=True).turn():
        assert not wisdom_file.exists()


def test_a_place_that_cannot_be_locked_hinders_nobody(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with Wisdom(tmp_path / "file" / "wisdom.jsonl", writes=True).turn():
        assert (tmp_path / "file").read_text() == "in the way"
