"""What a measured time depends on beside the problem."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import backend_class, backend_source

import convcore
from convcore.planning import machine as rooms
from convcore.planning.machine import digest, machine, machine_id
from convcore.planning.store import KEY_LETTERS

pytestmark = pytest.mark.usefixtures("isolated")


def test_it_names_the_processor_and_every_version():
    found = machine()
    assert found["numpy"] == np.__version__
    assert found["cpu"].strip()
    assert "naive" in found["backends"]
    assert "torch" not in found["backends"]  # by name only
    assert all(isinstance(value, str) for value in found.values())


def test_another_backend_or_variable_is_another_machine(register, environment):
    seen = {machine_id()}
    register("new")
    seen.add(machine_id())
    environment(CONVCORE_BLOCK="im2col")
    seen.add(machine_id())
    environment(CONVCORE_MAX_ISA="baseline")
    seen.add(machine_id())
    assert len(seen) == 4


def test_another_build_of_a_backend_is_another_machine(fake_distribution):
    found = set()
    for version, extra in (("1.0", ""), ("2.0", ""), ("1.0", "\n# edited")):
        folder = f"site {version}{len(extra)}"
        source = backend_source("theirs", automatic=True) + extra
        name = f"theirs_{len(found)}"
        made = fake_distribution(
            "their-dist", {"theirs": f"{name}:Fake"}, {name: source}, version=version, folder=folder
        )
        found.add(machine()["backends"])
        made.uninstall()
    assert len(found) == 3


def test_a_class_without_a_file_has_no_build(register):
    local = backend_class("local")
    local.__module__ = "made in a session"
    convcore.register_backend(local)
    assert "local" in machine()["backends"].split(", ")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("processor : 0\nmodel name\t: Zen 5\nstepping: 1\n\nmodel name: other\n", "Zen 5 1"),
        ("processor : 0\nCPU implementer : 0x41\nCPU part : 0xd0c\n", "0x41 0xd0c"),
        ("", ""),
    ],
)
def test_the_processor_is_the_first_of_proc_cpuinfo(tmp_path, text, named):
    info = tmp_path / "cpuinfo"
    info.write_text(text)
    assert rooms._cpu(info).startswith(named)


def test_a_system_without_proc_names_its_processor_otherwise(tmp_path):
    assert rooms._cpu(tmp_path / "none")


def test_a_digest_is_that_of_the_content():
    assert digest({"a": 1, "b": (2, 3)}) == digest({"b": [2, 3], "a": 1})
    assert len({digest(content) for content in ([1, 2], [2, 1], [12], "12")}) == 4
    assert len(digest("")) == KEY_LETTERS
