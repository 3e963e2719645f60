"""`convcore bench`: peers agree, a wrong one cannot win, turns interleave, the numbers add up."""

import ast
import json
import re
import threading
import time
from itertools import count
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from fakes import backend_class

import convcore
from convcore.bench import contenders, peers, plot, race, roofline
from convcore.bench.agreement import disagreement
from convcore.bench.contenders import Task
from convcore.bench.peers import PEERS, Peer
from convcore.bench.results import Comparison, Result
from convcore.bench.roofline import Roofline
from convcore.cli import main
from convcore.contract.convolution import available_cpus
from convcore.problem import OPERATIONS
from convcore.testing.catalogue.data import operands
from convcore.testing.catalogue.problems import ALONE, CATALOGUE, LAYERS, Problem

ROOT = Path(__file__).parents[2]
TINY = "tiny 1d k3 1c16 b1"
GEOMETRY = LAYERS[TINY].geometry


@pytest.fixture
def fixed_roofline(monkeypatch):
    monkeypatch.setattr(roofline, "measure", lambda dtype, threads: Roofline(1e9, 1e9))


# -- peers -----------------------------------------------------------------------------------------

WORTH_ADAPTING = [name for name in ALONE if name[:2] in ("1d", "2d", "3d")]


def connected(name):
    present, absent = peers.connect([name], available_cpus())
    if absent:
        pytest.skip(f"{name} is absent: {absent[name]}")
    return present[0]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", PEERS)
def test_a_peer_computes_what_it_does_not_refuse(name, operation):
    peer, ran = connected(name), 0
    for problem in (ALONE[name] for name in WORTH_ADAPTING):
        task = Task(problem, operation, *operands("random", problem.geometry, "float32", operation))
        if peer.refusal(problem.geometry, operation):
            continue
        call = peer.prepare(problem.geometry, operation, task.first, task.second)
        got = peer.array(call())
        want = contenders._backend_entry("naive", task).call()
        assert disagreement(task, got, want) is None, problem.name
        ran += 1
    assert ran > 30 or peer.refusal(ALONE["2d"].geometry, operation)


@pytest.mark.parametrize("name", ["openvino", "ncnn", "jax"])
def test_a_peer_of_single_precision_is_left_out_in_double(name):
    pair = operands("random", GEOMETRY, "float64", "forward")
    task = Task(Problem("p", GEOMETRY, "test"), "forward", *pair)
    with pytest.raises(contenders.Refused, match="dtype float64 is not one of float32"):
        contenders.peer(connected(name)).enter(task)


def test_channels_last_neither_pays_for_contiguous_arrays_nor_gives_them():
    geometry = ALONE["2d"].geometry
    for operation in OPERATIONS:
        pair = operands("random", geometry, "float32", operation)
        assert all(operand.flags.c_contiguous for operand in pair)
        got = connected("torch-nhwc").prepare(geometry, operation, *pair)()
        assert np.moveaxis(got, 1, -1).flags.c_contiguous
        assert connected("torch").prepare(geometry, operation, *pair)().flags.c_contiguous
    assert "no channels_last" in connected("torch-nhwc").refusal(GEOMETRY, "forward")


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


def test_scipy_names_the_pairs_of_channels_that_are_too_many():
    problem = LAYERS["resnet.3x3 64c56 b8"]
    assert "4096 pairs" in connected("scipy").refusal(problem.geometry, "forward")


def test_an_unknown_peer_is_an_error_that_lists_the_known():
    with pytest.raises(convcore.UnknownBackendError, match=r"torch, .*scipy.*; got 'trch'"):
        peers.connect(["trch"], 1)


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
    monkeypatch.setattr(peers, "PEERS", {cls.name: cls for cls in (Doubler, Copy, Missing)})


def bench(tmp_path, *argv):
    """Status and JSON of a run on the smallest problem."""
    path = tmp_path / "found.json"
    status = main(["bench", "--problem", TINY, "--rounds", "1", "--json", str(path), *argv])
    return status, json.loads(path.read_text())


def test_a_wrong_peer_is_not_timed_and_is_the_status(tmp_path, capsys, fake_peers, fixed_roofline):
    status, found = bench(tmp_path, "--backend", "naive", "--against", "doubler,copy")
    rows = {row["contender"]: row for row in found["results"]}
    assert status == 1
    assert rows["doubler"]["wrong"]
    assert "seconds" not in rows["doubler"]
    assert rows["naive"]["ratio_to_best_peer"] == rows["naive"]["best"] / rows["copy"]["best"]
    assert "WRONG: is off by" in capsys.readouterr().out


def test_absent_peers_and_refusals_are_stated(tmp_path, capsys, fake_peers, fixed_roofline):
    argv = ("--backend", "naive", "--against", f"copy,{Missing.name}", "--op", "all")
    status, found = bench(tmp_path, *argv)
    reasons = {row["operation"]: row["reason"] for row in found["results"] if row["reason"]}
    assert status == 0
    assert reasons == dict.fromkeys(("grad_input", "grad_weight"), "only goes forward")
    assert found["absent"] == {Missing.name: f"No module named '{Missing.name}'"}
    assert f"Peer absent: {Missing.name}: No module named" in capsys.readouterr().out


def test_a_backend_is_left_out_with_its_own_refusal(tmp_path, isolated, fixed_roofline):
    refusal = convcore.Refusal("MOOD", "not on a Monday")
    convcore.register_backend(backend_class("moody", refusal=refusal))
    status, found = bench(tmp_path, "--backend", "moody")
    assert status == 1
    assert found["results"][0]["reason"].endswith("not on a Monday")


def test_a_backend_that_would_take_too_long_is_not_started(tmp_path, isolated, fixed_roofline):
    convcore.register_backend(backend_class("slow", seconds=11.0, value=RuntimeError("started")))
    status, found = bench(tmp_path, "--backend", "slow", "--limit", "5")
    assert status == 1
    assert found["results"][0]["reason"] == "a call would take about 11 s"


def test_a_contender_that_raises_hurts_no_other(tmp_path, isolated, fixed_roofline):
    convcore.register_backend(backend_class("faulty", value=RuntimeError("burst")))
    status, found = bench(tmp_path, "--backend", "faulty,naive")
    faulty, naive = found["results"]
    assert status == 1
    assert faulty["wrong"]
    assert faulty["reason"] == "raised RuntimeError('burst')"
    assert naive["seconds"]


def test_the_automatic_choice_takes_part(tmp_path, fixed_roofline):
    status, found = bench(tmp_path, "--backend", "auto,naive", "--dtype", "float64")
    assert status == 0
    assert [row["contender"] for row in found["results"]] == ["auto", "naive"]
    assert found["dtype"] == "float64"
    assert found["results"][0]["backend"] in {record.name for record in convcore.backends()}


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


# -- turns -----------------------------------------------------------------------------------------


def runner(name, log, seconds=0.0):
    return race.Runner(lambda: log.append(name), seconds)


def test_turns_interleave(monkeypatch):
    monkeypatch.setattr(race, "_TURN_BATCHES", 2)
    monkeypatch.setattr(race, "silence", lambda: None)
    log, ticks = [], []
    entrants = [runner(name, log, 1e-4) for name in "abc"]
    race.race(entrants, 2, 10.0, lambda: ticks.append(1))
    order = [name for name, before in zip(log, [None, *log], strict=False) if name != before]
    assert order == list("abcabc")
    assert [len(entrant.seconds) for entrant in entrants] == [4, 4, 4]
    assert len(ticks) == 6


def test_a_call_too_slow_for_its_limit_keeps_its_first_time():
    log = []
    slow, quick = runner("slow", log, 3.0), runner("quick", log, 1e-3)
    race.race([slow, quick], 3, 5.0, lambda: None)
    assert slow.seconds == [3.0]
    assert "slow" not in log
    assert len(quick.seconds) > 3


def test_a_turn_waits_for_silence_and_warms_up(monkeypatch):
    log = []
    monkeypatch.setattr(race, "silence", lambda: log.append("silence"))

    def call():
        log.append("call")
        time.sleep(4e-3)

    usual, long = race.Runner(call, 4e-3), race.Runner(call, 0.2)
    usual.turn()
    assert log[0] == "silence"
    assert log.count("call") == race._WARM_CALLS + len(usual.seconds)
    assert len(usual.seconds) >= race._LEAST_BATCHES
    log.clear()
    long.turn()  # what happens once at the start of a call does not matter
    assert log.count("call") == len(long.seconds)


def test_silence_ends_when_no_thread_runs_any_more():
    stop = threading.Event()
    spinner = threading.Thread(target=lambda: [None for _ in iter(stop.is_set, True)])
    spinner.start()
    timer = threading.Timer(0.1, stop.set)
    start = time.perf_counter()
    timer.start()
    race.silence()
    waited = time.perf_counter() - start
    stop.set()
    spinner.join()
    timer.join()
    assert waited > 0.08


def test_silence_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(race, "_SLICES", 2)
    used = count()
    monkeypatch.setattr(race.time, "process_time", lambda: next(used))
    start = time.perf_counter()
    race.silence()
    assert next(used) == 4
    assert time.perf_counter() - start >= 2 * race._SLICE_SECONDS


def test_the_clock_divides_by_the_number_of_calls(monkeypatch):
    now = iter([10.0, 14.0])
    monkeypatch.setattr(race.time, "perf_counter", lambda: next(now))
    assert race.clock(lambda: None, 8) == 0.5


# -- numbers ---------------------------------------------------------------------------------------


def result(contender, kind, *seconds, **more):
    return Result(TINY, "forward", contender, kind, GEOMETRY, seconds, **more)


def comparison(*results):
    return Comparison("float32", 1, Roofline(1e9, 1e9), {}, {}, [], list(results))


def test_the_ratio_is_to_the_fastest_peer_by_its_best_time():
    own = result("im2col", "backend", 3.0, 2.0)
    found = comparison(own, result("p", "peer", 9.0, 1.0, 8.0), result("q", "peer", 4.0))
    assert found.ratio(own) == 2.0
    assert (own.best, own.median) == (2.0, 2.5)
    assert comparison(own).ratio(own) is None


def test_the_roofline_is_the_slower_of_arithmetic_and_memory():
    # (1, 1, 16) * (1, 1, 3): 16 outputs of 3 products, and 16 + 3 + 16 elements.
    assert GEOMETRY.flop == 96
    assert roofline.traffic(GEOMETRY, 4) == 140
    assert Roofline(1.0, 1e9).seconds(GEOMETRY, 4) == 96.0
    assert Roofline(1e9, 1.0).seconds(GEOMETRY, 4) == 140.0
    found = comparison(own := result("im2col", "backend", 280e-9))
    assert found.share(own, 4) == pytest.approx(0.5)
    assert Roofline(1.0, 1e9).bound(GEOMETRY, 4) == "arithmetic"
    assert Roofline(1e9, 1.0).bound(GEOMETRY, 4) == "memory"


def test_the_roofline_is_measured_and_only_rises():
    measured = roofline.measure("float32", 1)
    assert measured.peak > 1e8
    assert measured.bandwidth > 1e8
    assert Roofline(2.0, 1.0).better(Roofline(1.0, 2.0)) == Roofline(2.0, 2.0)


def test_results_of_another_shape_or_dtype_disagree():
    problem = Problem("p", GEOMETRY, "test")
    task = Task(problem, "forward", *operands("random", GEOMETRY, "float32", "forward"))
    want = np.zeros(GEOMETRY.output_shape, np.float32)
    assert "shape (1, 1, 16)" in disagreement(task, want[0], want)
    assert "dtype float32; got" in disagreement(task, want.astype(float), want)
    assert "off by nan" in disagreement(task, np.full_like(want, np.nan), want)


# -- the command -----------------------------------------------------------------------------------


def test_table_json_and_plot(tmp_path, capsys, fake_peers):
    plot = tmp_path / "bench.png"
    status, found = bench(tmp_path, "--against", "copy", "--plot", str(plot), "--op", "all")
    out = capsys.readouterr().out
    assert status == 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert f"{TINY}, grad_weight" in out
    assert "Roofline: " in out
    assert "Peers present: copy 0." in out
    timed = [row for row in found["results"] if "seconds" in row]
    assert {row["contender"] for row in timed} >= {"naive", "im2col", "fft", "copy"}
    assert all(row["flop_per_second"] == row["flop"] / min(row["seconds"]) for row in timed)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--problem", "resnat*"), r"--problem: must match a name .*; got 'resnat\*'"),
        (("--op", "backward"), "--op: must be of forward, grad_input, grad_weight, all; got"),
        (("--backend", "fff"), "unknown name 'fff'"),
    ],
)
def test_what_is_not_known_is_said(argv, message, capsys):
    assert main(["bench", "--problem", TINY, *argv]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_the_list_names_every_problem_and_its_source(capsys):
    assert main(["bench", "--list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out and problem.source in out for name, problem in LAYERS.items())


# -- asv_bench -------------------------------------------------------------------------------------


def constants(path):
    """Lists and numbers assigned at the top of a module, read without importing it."""
    tree = ast.parse((ROOT / "asv_bench" / "benchmarks" / path).read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            yield node.targets[0].id, ast.literal_eval(node.value)


def test_benchmarks_name_problems_and_backends_that_exist():
    common, accuracy = dict(constants("common.py")), dict(constants("bench_accuracy.py"))
    assert {*common["PROBLEMS"], *common["BRIEF"]} <= LAYERS.keys()
    assert set(accuracy["PROBLEMS"]) <= CATALOGUE.keys()
    own = [r.name for r in convcore.backends() if r.distribution == "convcore"]
    assert set(own) <= set(common["BACKENDS"])
    assert common["OPERATIONS"] == list(OPERATIONS)


def test_a_backend_and_a_peer_of_one_name_are_two_bars(tmp_path, monkeypatch):
    axes = pytest.importorskip("matplotlib.axes").Axes
    drawn, bar = [], axes.bar

    def noted(self, places, rates, width, **style):
        drawn.append((places, rates, style["hatch"]))
        return bar(self, places, rates, width, **style)

    monkeypatch.setattr(axes, "bar", noted)
    found = comparison(result("torch", "backend", 2.0), result("torch", "peer", 1.0))
    plot.draw(found, tmp_path / "bench.png")
    (own, own_rates, plain), (peer, peer_rates, hatched) = drawn
    assert [len(own_rates), len(peer_rates)] == [1, 1]
    assert own[0] < peer[0]
    assert (plain, hatched) == (None, "///")
