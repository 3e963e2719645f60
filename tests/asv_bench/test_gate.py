"""The gate over stored results of asv: slower, failed and not run are told apart.

tests/data/asv holds what `asv continuous` wrote for a base and a head, on a machine with other
work to do: "aa", where they differ in a file that nothing reads; "slow", where the head's im2col
computes forward twice; and "broken", where it raises on one problem. Samples are cut out.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "asv_bench" / "gate.py"
STORED = ROOT / "tests" / "data" / "asv"
BASE, HEAD, UNKNOWN = "ba5e0000", "4ead0000", "0123456789"
FORWARD = "bench_forward.Forward.time_forward"


@pytest.fixture(scope="module")
def gate():
    spec = importlib.util.spec_from_file_location("gate", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gate"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["gate"]


@pytest.fixture
def results(tmp_path):
    """A copy of the stored results, to be changed."""
    return Path(shutil.copytree(STORED / "aa", tmp_path / "results"))


def change(results, edit):
    """Apply `edit` to the results of the head: benchmark name to {column: value}."""
    (path,) = results.glob(f"*/{HEAD}*.json")
    content = json.loads(path.read_text())
    columns = content["result_columns"]
    rows = {k: dict(zip(columns, row, strict=False)) for k, row in content["results"].items()}
    edit(rows)
    content["results"] = {name: [row.get(c) for c in columns] for name, row in rows.items()}
    path.write_text(json.dumps(content))


def run(gate, capsys, results, *argv):
    status = gate.main(["--results", str(results), *(argv or ("compare", BASE, HEAD))])
    return status, capsys.readouterr().out


def test_two_equal_commits_pass(gate, capsys):
    status, out = run(gate, capsys, STORED / "aa")
    assert status == gate.FINE
    assert "0 failed, 0 not run, 0 slower" in out
    assert " 8 same" in out


def test_the_planted_slowdown_is_found_and_named(gate, capsys):
    status, out = run(gate, capsys, STORED / "slow")
    slower = [line for line in out.splitlines() if line.startswith("slower")]
    assert status == gate.SLOWER
    assert len(slower) == 3
    assert all(f"{FORWARD}('im2col'" in line for line in slower)


def test_a_gain_is_no_failure(gate, capsys):
    status, out = run(gate, capsys, STORED / "slow", "compare", HEAD, BASE)
    assert status == gate.FINE
    assert "faster" in out


def test_a_benchmark_that_raises_has_failed(gate, capsys):
    status, out = run(gate, capsys, STORED / "broken")
    failed = [line for line in out.splitlines() if line.startswith("failed")]
    assert status == gate.FAILED
    assert failed == [f"failed  {FORWARD}('im2col', 'odd 3x3 3-5 37x41 b3'): raised or timed out"]


def test_a_whole_benchmark_that_fails_has_failed_for_every_parameter(gate, capsys, results):
    change(results, lambda rows: rows[FORWARD].update(result=None))
    status, out = run(gate, capsys, results, "ran", HEAD)
    assert status == gate.FAILED
    assert out.count("raised or timed out") > 9


def test_nothing_measured_is_not_run(gate, capsys):
    for argv in (("ran", UNKNOWN), ("compare", BASE, UNKNOWN)):
        status, _ = run(gate, capsys, STORED / "aa", *argv)
        assert status == gate.NOT_RUN


def test_a_base_without_results_is_not_run(gate, capsys):
    status, out = run(gate, capsys, STORED / "aa", "compare", UNKNOWN, HEAD)
    assert status == gate.NOT_RUN
    assert "no results of this commit" in out


def test_what_is_skipped_but_was_measured_before_is_not_run(gate, capsys, results):
    def skip(rows):
        first = next(i for i, v in enumerate(rows[FORWARD]["result"]) if v == v)
        rows[FORWARD]["result"][first] = float("nan")

    change(results, skip)
    status, out = run(gate, capsys, results)
    assert status == gate.NOT_RUN
    assert "not run " + FORWARD + "('naive'" in out


def test_a_benchmark_that_is_gone_is_not_run(gate, capsys, results):
    change(results, lambda rows: rows.pop(FORWARD))
    assert run(gate, capsys, results)[0] == gate.NOT_RUN


def test_failed_is_graver_than_not_run_than_slower(gate):
    outcomes = dict.fromkeys(("failed", "not run", "slower", "faster", "same", "measured"), 0)
    assert gate.status(outcomes | {"same": 1}) == gate.FINE
    assert gate.status(outcomes | {"same": 1, "slower": 1}) == gate.SLOWER
    assert gate.status(outcomes | {"same": 1, "slower": 1, "not run": 1}) == gate.NOT_RUN
    assert gate.status(outcomes | {"slower": 1, "not run": 1, "failed": 1}) == gate.FAILED
    assert gate.status(outcomes) == gate.NOT_RUN


def test_another_version_of_a_benchmark_is_not_compared(gate, capsys, results):
    change(results, lambda rows: rows[FORWARD].update(version="2"))
    status, out = run(gate, capsys, results)
    assert status == gate.FINE
    assert "0 slower, 0 faster, 0 same, 9 measured" in out


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ((1.0, 0.9), (1.4, 1.2), "slower"),
        ((1.0, 0.9), (1.4, 0.95), "same"),  # disturbed: the lower quartile stood still
        ((1.0, 0.7), (1.0, 0.99), "same"),
        ((1.0, 0.9), (1.2, 1.1), "same"),  # within the factor
        ((1.4, 1.2), (1.0, 0.9), "faster"),
        ((0.0, 0.0), (0.0, 0.0), "same"),
        ((0.0, 0.0), (64.0, 64.0), "slower"),
    ],
)
def test_slower_takes_both_the_median_and_the_lower_quartile(gate, old, new, outcome):
    assert gate._judge(gate.Value("1", *old), gate.Value("1", *new), 1.3)[0] == outcome


def test_bytes_and_errors_have_a_factor_of_their_own(gate):
    assert gate._factor("bench_memory.Peak.peakmem_call('fft', 'tiny')", 1.5) == 1.1
    assert gate._factor("bench_accuracy.Accuracy.track_error('fft')", 1.5) == 1.1
    assert gate._factor(f"{FORWARD}('fft', 'track_x')", 1.5) == 1.5


def test_it_is_a_script_of_the_standard_library_alone():
    argv = [sys.executable, "-I", "-S", SCRIPT, "--results", STORED / "slow", "compare", BASE, HEAD]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "slower" in done.stdout
    wrong = subprocess.run([*argv[:4], "compare"], capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 2
