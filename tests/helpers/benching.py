"""Runs of `convcore bench` on the smallest problem, with peers that no library stands behind."""

import json

import pytest

import convcore
from convcore.bench import peers
from convcore.bench.peers import Peer
from convcore.bench.results import Comparison, Result
from convcore.bench.roofline import Roofline
from convcore.cli import main
from convcore.contract import available_cpus
from convcore.testing.catalogue.problems import LAYERS

TINY = "tiny 1d k3 1c16 b1"
GEOMETRY = LAYERS[TINY].geometry


def connected(name):
    """The adapter of a peer; skips where its library is not installed."""
    present, absent = peers.connect([name], available_cpus())
    if absent:
        pytest.skip(f"{name} is absent: {absent[name]}")
    return present[0]


class Doubler(Peer):
    """Computes twice what it should; and is nowhere near a library."""

    name = "doubler"
    factor = 2

    def __init__(self, threads):
        self.version = "0"

    def refusal(self, geometry, operation):
        return "only goes forward" if operation != "forward" else None

    def prepare(self, geometry, operation, first, second):
        return lambda: self.factor * convcore.conv(first, second, padding=geometry.padding)


class Copy(Doubler):
    name = "copy"
    factor = 1


class Missing(Peer):
    name = module = "no_such_library_anywhere"

    def refusal(self, geometry, operation): ...

    def prepare(self, geometry, operation, first, second): ...


@pytest.fixture
def fake_peers(monkeypatch):
    """No peers but a copy of the library, one that is wrong, and one that is not there."""
    monkeypatch.setattr(peers, "PEERS", {cls.name: cls for cls in (Doubler, Copy, Missing)})


def bench(tmp_path, *argv):
    """Status and JSON of a run on the smallest problem."""
    path = tmp_path / "found.json"
    status = main(["bench", "--problem", TINY, "--rounds", "1", "--json", str(path), *argv])
    return status, json.loads(path.read_text())


def result(contender, kind, *seconds, **more):
    """A result on the smallest problem."""
    return Result(TINY, "forward", contender, kind, GEOMETRY, seconds, **more)


def comparison(*results):
    """A run that had these results, on a machine of 10^9 of everything."""
    return Comparison("float32", 1, Roofline(1e9, 1e9), {}, {}, [], list(results))
