"""`convcore.wisdom`: one process measures, the others know; export, import, forget."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from asking import SHAPES
from fakes import backend_source

import convcore
import convcore.wisdom
from convcore.planning import Measured, Question, current_wisdom
from convcore.planning.wisdom import keep

pytestmark = pytest.mark.usefixtures("isolated", "nothing_known")

FOUND = Measured("naive", {}, 1e-6, {"naive": 1e-6}, "naive", True, "2026-12-01T06:12:23+00:00")


def question(threads=1):
    with convcore.options(threads=threads):
        return Question.now(convcore.Geometry.of(*SHAPES), np.dtype("float32"), "forward")


def chosen():
    """Who runs where planning is measured, with calls kept as always."""
    with convcore.options(planning="measure", threads=1):
        convcore.conv(*(np.ones(shape, "float32") for shape in SHAPES))
        return convcore.explain(*SHAPES).chosen


def test_what_is_exported_is_imported_elsewhere(wisdom_file, environment, tmp_path):
    for threads in (1, 2):
        keep(question(threads), FOUND)
    assert convcore.wisdom.path() == wisdom_file
    assert convcore.wisdom.export(tmp_path / "exported.jsonl") == 2
    environment(CONVCORE_WISDOM=str(tmp_path / "other.jsonl"))
    assert convcore.wisdom.import_(str(tmp_path / "exported.jsonl")) == 2
    assert current_wisdom().find(question(2)) == FOUND
    exported, kept = ((tmp_path / name).read_text() for name in ("exported.jsonl", "other.jsonl"))
    assert sorted(exported.splitlines()) == sorted(kept.splitlines())


def test_calls_that_are_kept_follow_an_import_and_a_forgetting(wisdom_file, tmp_path):
    keep(question(), FOUND)
    assert chosen() == "naive"
    convcore.wisdom.export(tmp_path / "exported.jsonl")
    before = convcore.settings.default_key()
    convcore.wisdom.forget()
    assert not wisdom_file.exists()
    assert current_wisdom().find(question()) is None
    convcore.wisdom.import_(tmp_path / "exported.jsonl")
    assert chosen() == "naive"
    assert convcore.settings.default_key() is not before


def test_what_other_machines_measured_is_kept_and_does_not_count(wisdom_file, tmp_path):
    keep(question(), FOUND)
    text = wisdom_file.read_text()
    here = json.loads(text.splitlines()[0])["machine"]
    exported = tmp_path / "exported.jsonl"
    exported.write_text(text.replace(here, "f" * 16).replace('{"key": "', '{"key": "ffff')[:-1])
    convcore.wisdom.forget()
    assert convcore.wisdom.import_(exported) == 0
    assert current_wisdom().find(question()) is None
    assert "ffff" in wisdom_file.read_text()


@pytest.mark.parametrize("content", ["a letter", '{"key": "x"}\n', "\x00\x01"])
def test_what_is_no_wisdom_is_not_imported(tmp_path, content):
    source = tmp_path / "letter.txt"
    source.write_text(content)
    if "key" in content:
        assert convcore.wisdom.import_(source) == 0
        return
    with pytest.raises(convcore.OptionError, match=r"^source: must be a file of wisdom; got '/"):
        convcore.wisdom.import_(source)


def test_of_a_damaged_file_what_is_sound_is_imported(wisdom_file, tmp_path):
    for threads in (1, 2):
        keep(question(threads), FOUND)
    header, first, second = wisdom_file.read_bytes().splitlines()
    source = tmp_path / "damaged.jsonl"
    strange = first.replace(first[9:25], "é".encode() * 8 + b"x")
    source.write_bytes(b"\n".join([header, b"\xff", strange, first[:-40] + b"}", second]))
    convcore.wisdom.forget()
    assert convcore.wisdom.import_(source) == 1
    assert current_wisdom().find(question(1)) is None
    assert current_wisdom().find(question(2)) == FOUND


def test_what_is_not_there_or_a_folder_is_not_imported(tmp_path):
    for source in (tmp_path, tmp_path / "none"):
        with pytest.raises(OSError, match=str(tmp_path)):
            convcore.wisdom.import_(source)


def test_forgetting_leaves_the_file_where_it_may_not_be_written(wisdom_file, monkeypatch):
    keep(question(), FOUND)
    monkeypatch.setattr(current_wisdom(), "writes", False)
    convcore.wisdom.forget()
    assert current_wisdom().find(question()) == FOUND


def test_forgetting_keeps_what_is_somebody_elses(wisdom_file):
    wisdom_file.write_text("Dear reader,\n")
    with pytest.raises(OSError, match="holds something else"):
        convcore.wisdom.forget()
    assert wisdom_file.read_text() == "Dear reader,\n"


MEASURING = """
import sys
import numpy as np
import convcore

for n in map(int, sys.argv[1:]):
    x, w = np.ones((1, 1, n), "float32"), np.ones((1, 1, 3), "float32")
    convcore.conv(x, w)
    print(convcore.explain(x.shape, w.shape).measured.at)
"""


@pytest.fixture
def rivals(fake_distribution):
    """Two backends in a distribution: the folder to import them from."""
    modules, points = {}, {}
    for name, expects, nap in (("dreamer", "1e-12", 0.004), ("worker", "2e-12", 0.0005)):
        source = backend_source(name, automatic=True).replace(
            "    def _forward(self, first, second, result):",
            f"    @classmethod\n"
            f"    def estimate(cls, geometry, dtype, operation, *, threads):\n"
            f"        return {expects}\n\n"
            f"    def _forward(self, first, second, result):\n"
            f"        import time; time.sleep({nap}); open('ran', 'a').write('{name} ')",
        )
        modules[f"rival_{name}"], points[name] = source, f"rival_{name}:Fake"
    return fake_distribution("rivals", points, modules).site


def start(rivals, wisdom, *extents):
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CONVCORE_")}
    path = os.pathsep.join([str(rivals), *filter(None, [inherited.get("PYTHONPATH")])])
    variables = {"CONVCORE_WISDOM": str(wisdom), "CONVCORE_PLANNING": "measure"}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", MEASURING, *map(str, extents)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=wisdom.parent,
        env=inherited | variables | {"PYTHONPATH": path},
    )


def test_a_second_process_knows_what_the_first_measured(rivals, tmp_path):
    first = start(rivals, tmp_path / "wisdom.jsonl", 10).communicate(timeout=60)[0]
    ran = (tmp_path / "ran").read_text().split()
    assert ran.count("dreamer") > 1
    (tmp_path / "ran").unlink()
    second = start(rivals, tmp_path / "wisdom.jsonl", 10).communicate(timeout=60)[0]
    assert second == first != ""
    assert len((tmp_path / "ran").read_text().split()) == 1  # its own call


def test_two_processes_that_measure_at_once_lose_nothing(rivals, tmp_path):
    wisdom = tmp_path / "wisdom.jsonl"
    running = [start(rivals, wisdom, *range(low, low + 6)) for low in (10, 13)]
    outputs = [process.communicate(timeout=100)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert list(map(len, outputs)) == [6, 6]
    lines = [json.loads(line) for line in wisdom.read_text().splitlines()]
    assert {line["x"][2] for line in lines if "x" in line} == set(range(10, 19))
    assert {line["machine"] for line in lines} == {lines[0]["machine"]}


def test_nothing_of_it_is_imported_with_convcore(python):
    code = (
        "import sys, convcore; print([m for m in sys.modules if m.endswith(('wisdom', 'store'))])"
    )
    assert python(code) == "[]\n"
    assert python("import convcore; print(convcore.wisdom.__name__)") == "convcore.wisdom\n"
