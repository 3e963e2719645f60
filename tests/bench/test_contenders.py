"""Who takes part, and who is not started because it would take too long."""

import time
from typing import ClassVar

import pytest
from benching import Copy, bench
from fakes import backend_class

import convcore
from convcore.bench import contenders, peers
from convcore.bench.contenders import Task
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import Problem


def test_a_long_task_is_tried_on_a_part_of_its_output(monkeypatch, fixed_roofline, tmp_path):
    extents = []

    class Crawler(Copy):
        name = "crawler"

        def prepare(self, geometry, operation, first, second):
            extents.append(geometry.output_extents)
            return lambda: time.sleep(0.05)

    monkeypatch.setattr(peers, "PEERS", {Crawler.name: Crawler})
    monkeypatch.setattr(contenders, "_LONG_FLOP", 1)
    monkeypatch.setattr(contenders, "_PARTS", 8)
    problem = Problem("p", convcore.Geometry.of((1, 1, 128), (1, 1, 3), stride=2), "test")
    task = Task(problem, "forward", *operands("random", problem.geometry, "float32", "forward"))
    entry = contenders.peer(Crawler(1)).enter(task)
    assert extents == [(7,), (63,)]
    assert entry.expected == pytest.approx(0.05 * 9, rel=0.5)
    _, found = bench(tmp_path, "--backend", "naive", "--against", "crawler", "--limit", "1")
    assert found["results"][1]["expected"] < 2
    monkeypatch.setattr(contenders, "_extrapolated", lambda peer, task: 75.0)
    _, found = bench(tmp_path, "--backend", "naive", "--against", "crawler", "--limit", "10")
    assert found["results"][1]["reason"] == "a call would take about 75 s"
    assert found["results"][1]["expected"] == 75.0


def test_a_prepared_weight_is_prepared_once(tmp_path, isolated, fixed_roofline):
    class Preparing(backend_class("preparing", value=1.0)):
        calls: ClassVar = []

        def _prepare(self, weight, operation):
            self.calls.append(operation)
            return weight

    convcore.register_backend(Preparing)
    argv = ("--backend", "preparing,preparing+prepared", "--op", "all")
    status, found = bench(tmp_path, *argv)
    rows = {(row["contender"], row["operation"]): row for row in found["results"]}
    assert status == 0
    assert Preparing.calls == ["forward", "grad_input"]
    assert rows["preparing+prepared", "forward"]["seconds"]
    assert rows["preparing+prepared", "forward"]["backend"] == "preparing"
    assert "no weight" in rows["preparing+prepared", "grad_weight"]["reason"]


def test_the_automatic_choice_takes_part(tmp_path, fixed_roofline):
    status, found = bench(tmp_path, "--backend", "auto,naive", "--dtype", "float64")
    assert status == 0
    assert [row["contender"] for row in found["results"]] == ["auto", "naive"]
    assert found["dtype"] == "float64"
    assert found["results"][0]["backend"] in {record.name for record in convcore.backends()}
