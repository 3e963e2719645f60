"""The bars: ratios, who is the best peer, what is missed, what cannot be judged, and the status."""

import importlib.util
import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from convcore.testing import CHOICES, LAYERS

FOLDER = Path(__file__).parents[2] / "asv_bench"
DENSE, DEEP, TINY = "resnet.3x3 64c56 b8", "resnet.3x3 512c7 b8", "tiny 3x3 8c8 b1"
TASK = (DENSE, "forward")


@pytest.fixture(scope="module")
def bars():
    """The script, with the modules beside it."""
    names = ("bar_table", "bar_judging", "bars")
    for name in names:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    yield module
    for name in names:
        del sys.modules[name]


@pytest.fixture
def table(bars):
    return sys.modules["bar_table"]


@pytest.fixture
def judging(bars):
    return sys.modules["bar_judging"]


def row(contender, best=None, problem=DENSE, operation="forward", **more):
    """A row as `convcore bench` writes it."""
    kind = "peer" if contender in ("torch", "torch-nhwc", "ncnn", "scipy") else "backend"
    result = {"problem": problem, "operation": operation, "contender": contender, "kind": kind}
    result |= {"reason": None, "wrong": False, "expected": None, "backend": None}
    if best is not None:
        result |= {"best": best, "roofline_share": 0.4 / best, "bound": "arithmetic"}
    return result | more


def content(*rows):
    roof = {"flop_per_second": 1e9, "flop_per_second_method": "a guess"}
    roof |= {"bytes_per_second": 1e9, "bytes_per_second_method": "a guess"}
    head = {"dtype": "float32", "threads": 1, "roofline": roof, "absent": {"jax": "not here"}}
    return head | {"results": list(rows)}


def judged(judging, bar, *rows, backend="direct"):
    """One bar on the one task, over these rows."""
    run = judging.Run([content(*rows)], backend)
    ((found,),) = judging.judge_all(run, [bar], [TASK]).values()
    return found


# -- the table -------------------------------------------------------------------------------------


def test_every_row_is_a_layer_and_every_pattern_names_a_row(table):
    assert set(table.ROWS) <= LAYERS.keys()
    assert len(set(table.ROWS)) == 28
    assert set(table.LARGE_KERNELS) <= set(table.ROWS)
    tasks = [(name, operation) for name in table.ROWS for operation in table.ALL]
    for bar in (bar for bars in table.BARS.values() for bar in bars):
        for pattern in bar.rows:
            single = table.Bar((pattern,), bar.operations, bar.against, bar.ratio)
            assert any(single.applies(task) for task in tasks), pattern


def test_choices_are_layers_of_their_own_and_enough_of_them(table):
    assert len(table.CHOICE_ROWS) >= 36
    assert not {*table.CHOICE_ROWS} & LAYERS.keys()
    problems = [CHOICES[name].geometry for name in table.CHOICE_ROWS]
    assert {p.spatial_rank for p in problems} == {1, 2, 3, 4}
    assert any(p.groups > 1 and p.group_in_channels > 1 for p in problems)
    assert any(set(p.output_extents) == {1} and max(p.kernel_extents) > 1 for p in problems)


def covered(table, bars, **wanted):
    """Rows under the bars of these attributes."""
    found = [b for b in table.BARS[bars] if all(getattr(b, k) == v for k, v in wanted.items())]
    return {r for r in table.ROWS for b in found for op in b.operations if b.applies((r, op))}


def test_patterns_name_the_rows_that_are_meant(table):
    six = {name for name in table.ROWS if name.startswith(("resnet.3x3 ", "vgg."))}
    assert len(six) == 6
    assert covered(table, "auto", variant="+prepared") == six
    assert covered(table, "auto", against="torch", ratio=1.7) == {DEEP}
    assert covered(table, "auto", against="torch", ratio=2.0) == six - {DEEP}
    assert covered(table, "direct", against="torch", ratio=0.95) == set(table.ROWS)
    grouped = {name for name in table.ROWS if LAYERS[name].geometry.groups > 1}
    assert covered(table, "direct", against="torch", remark="depthwise and grouped") == grouped
    wide = {n for n in covered(table, "direct", against="roofline")}
    geometries = {name: LAYERS[name].geometry for name in table.ROWS}
    assert wide == {
        name
        for name, p in geometries.items()
        if p.groups == 1 and min(p.in_channels, p.out_channels) >= 64
    }


# -- judging ---------------------------------------------------------------------------------------


def test_a_ratio_is_the_time_of_the_peer_in_units_of_ours(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "torch", 2.0)
    found = judged(judging, bar, row("direct", 2.0), row("torch", 4.0))
    assert (found.ratio, found.outcome) == (2.0, judging.CLEARED)
    found = judged(judging, bar, row("direct", 2.0), row("torch", 3.9))
    assert (found.ratio, found.outcome) == (1.95, judging.MISSED)


def test_the_best_peer_is_the_fastest_that_was_timed(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "best", 1.0)
    slow = row("scipy", reason="a call would take about 1 s", expected=1.0)
    peers = (row("torch", 3.0), row("ncnn", 2.0), row("torch-nhwc", reason="burst"), slow)
    found = judged(judging, bar, row("direct", 4.0), *peers)
    assert (found.against, found.ratio, found.outcome) == ("ncnn", 0.5, judging.MISSED)
    assert judged(judging, bar, row("direct", 4.0)).against == "no peer was timed"


def test_a_peer_that_is_too_slow_counts_with_what_was_extrapolated(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "torch", 10.0)
    slow = row("torch", reason="a call would take about 75 s", expected=75.0)
    found = judged(judging, bar, row("direct", 0.5), slow)
    assert (found.ratio, found.outcome) == (150.0, judging.CLEARED)


def test_what_a_bar_would_take_is_told_by_the_roofline(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "torch", 2.5)
    found = judged(judging, bar, row("direct", 0.5), row("torch", 1.0))
    assert found.needed == pytest.approx(found.share * 2.5 / 2)
    assert judged(judging, bar, row("direct", 0.5)).needed is None


def test_what_is_wrong_or_absent_is_not_judged_and_says_why(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "torch", 1.0)
    wrong = row("torch", reason="is off by 1", wrong=True, expected=1.0)
    found = judged(judging, bar, row("direct", 1.0), wrong)
    assert (found.outcome, found.against) == (judging.NOT_RUN, "torch: is off by 1")
    found = judged(judging, bar, row("torch", 1.0))
    assert found.against == "direct: did not take part"


def test_a_share_of_the_roofline_is_no_ratio_to_a_peer(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "roofline", 0.8)
    assert judged(judging, bar, row("direct", 0.5)).outcome == judging.CLEARED
    assert judged(judging, bar, row("direct", 0.51)).outcome == judging.MISSED
    assert "did not take part" in judged(judging, bar).against


def test_runs_share_the_best_roofline(judging):
    disturbed, quiet = content(row("direct", 0.5)), content(row("direct", 0.5, DEEP))
    quiet["roofline"] |= {"flop_per_second": 2e9, "bytes_per_second": 4e9}
    run = judging.Run([disturbed, quiet], "direct")
    assert run.row(TASK, "direct")["roofline_share"] == pytest.approx(0.4)
    assert run.row((DEEP, "forward"), "direct")["roofline_share"] == pytest.approx(0.8)
    double = judging.Run([disturbed, quiet | {"dtype": "float64"}], "direct")
    assert double.row(TASK, "direct")["roofline_share"] == pytest.approx(0.8)


def test_a_variant_is_a_contender_of_its_own(table, judging):
    bar = table.Bar(("*",), table.FORWARD, "torch", 1.5, variant="+prepared")
    rows = (row("auto", 1.0), row("auto+prepared", 0.5), row("torch", 0.8))
    assert judged(judging, bar, *rows, backend="auto").ratio == 1.6


def test_fractions_and_the_geometric_mean(judging):
    rows = [row("direct", 1.0, name) for name in (DENSE, DEEP)]
    rows += [row("torch", 8.0, DENSE), row("torch", 0.5, DEEP)]
    run = judging.Run([content(*rows)], "direct")
    tasks = [(DENSE, "forward"), (DEEP, "forward"), (TINY, "forward")]
    fraction, mean = judging.summaries(run, tasks, "direct")
    assert fraction[0] == judging.MISSED
    assert "1 of 2 rows" in fraction[1]
    assert mean == (judging.NO_BAR, "geometric mean of 2 ratios to torch: 2.00")
    ((outcome, text),) = judging.summaries(judging.Run([content()], "auto"), tasks, "auto")
    assert (outcome, "0 ratios" in text) == (judging.NOT_RUN, True)


def test_a_choice_is_held_against_the_best_backend(judging):
    rows = [row("auto", 3.0, backend="im2col"), row("im2col", 2.3), row("fft", 2.0)]
    rows += [row("auto", 2.2, DEEP, backend="im2col"), row("im2col", 9.0, DEEP)]
    run = judging.Run([content(*rows, row("fft", 2.0, DEEP))], "auto")
    dense, deep = judging.choices(run, [TASK, (DEEP, "forward"), (TINY, "forward")])
    # The same backend under two names: the lesser of its times is what the choice costs.
    assert (dense.chosen, dense.best, dense.slower) == ("im2col", "fft", 1.15)
    assert deep.slower == pytest.approx(1.1)
    assert judging.judge_choices([dense, deep])[0] == judging.CLEARED
    poor = judging.Choice(TASK, "im2col", "fft", (3.0, 2.0))
    assert judging.judge_choices([poor] + [deep] * 9)[0] == judging.CLEARED
    assert judging.judge_choices([poor, poor] + [deep] * 9)[0] == judging.MISSED
    assert judging.judge_choices([])[0] == judging.NOT_RUN


def test_the_rate_in_double_precision(judging):
    single = judging.Run([content(row("direct", 0.45), row("direct", 0.44, DEEP))], "direct")
    double = judging.Run([content(row("direct", 1.0), row("direct", 1.0, DEEP))], "direct")
    tasks = [TASK, (DEEP, "forward"), (TINY, "forward")]
    found = list(judging.double_rates(single, double, tasks))
    assert [outcome for outcome, _ in found] == [judging.CLEARED, judging.MISSED]


# -- the command -----------------------------------------------------------------------------------


def write(path, *rows):
    path.write_text(json.dumps(content(*rows)))
    return str(path)


SELECTED = ("--backend", "direct", "--rows", DENSE, "--operations", "forward")


def test_the_status_and_what_is_printed(bars, tmp_path, capsys):
    rows = (row("direct", 0.5, backend="direct"), row("torch", 1.5))
    path = write(tmp_path / "a.json", *rows)
    assert bars.main([path, *SELECTED]) == bars.FINE
    out = capsys.readouterr().out
    assert "+0.95 torch, +0.8 roofline" in out
    assert "80 % arithmetic" in out
    assert "absent: jax: not here" in out
    assert "no bar: geometric mean of 1 ratios" in out
    assert "3 cleared, 0 MISSED, 0 not run" in out
    # A later file replaces what an earlier one says.
    later = write(tmp_path / "b.json", row("torch", 0.25))
    assert bars.main([path, later, *SELECTED]) == bars.FAILED
    out = capsys.readouterr().out
    # At half the speed that 0.95 would take, and 80 % of the roofline.
    assert "0.50" in out
    assert "152 %" in out
    unknown = write(tmp_path / "c.json", row("direct", 0.5))
    assert bars.main([unknown, *SELECTED]) == bars.NOT_RUN
    assert "torch: did not take part" in capsys.readouterr().out


def test_what_is_extrapolated_is_marked(bars, tmp_path, capsys):
    slow = row("torch", reason="a call would take about 75 s", expected=75.0)
    path = write(tmp_path / "a.json", row("direct", 0.5), slow)
    assert bars.main([path, *SELECTED]) == bars.FINE
    assert "~150.00" in capsys.readouterr().out


def test_wrong_usage(bars, capsys):
    for argv in (["--rows", "nothing"], ["--operations", "sideways"]):
        with pytest.raises(SystemExit) as stop:
            bars.main(argv)
        assert stop.value.code == bars.USAGE
    with pytest.raises(SystemExit) as stop:
        bars.main([*SELECTED[2:], "--backend", "fff", "--against", ""])
    assert stop.value.code == bars.USAGE
    assert "unknown name 'fff'" in capsys.readouterr().err


def test_the_command_line_of_a_run(bars):
    args = bars.parse(["--choice", "--threads", "1"])
    argv = bars.command(args, [TINY], ["torch"], "x.json")
    assert argv[:2] == ["bench", f"--problem={TINY}"]
    assert "--threads=1" in argv
    (backends,) = (arg for arg in argv if arg.startswith("--backend"))
    assert backends.startswith("--backend=auto,auto+prepared,")
    assert {"naive", "im2col", "fft"} <= set(backends.partition("=")[2].split(","))
    assert "torch" not in backends


def test_it_runs_and_judges_a_row(bars, tmp_path, capsys):
    path = tmp_path / "found.json"
    argv = ["--backend", "naive", "--rows", "tiny*", "--against", "scipy", "--rounds", "1"]
    status = bars.main([*argv, "--json", str(path)])
    out = capsys.readouterr().out
    assert status == bars.NOT_RUN
    assert "torch: did not take part" in out
    assert out.count(f"{TINY}  ") >= 3
    assert bars.main([str(path), *argv[:6]]) == bars.NOT_RUN


def test_scipy_takes_part_where_overlap_add_pays(bars, monkeypatch):
    asked = []
    monkeypatch.setattr(bars, "_bench", lambda args, names, peers: asked.append((names, peers)))
    bars.measure(bars.parse(["--against", "torch"]))
    (small, usual), (large, more) = asked
    assert (usual, more) == (["torch"], ["torch", "scipy"])
    assert set(large) == set(bars.LARGE_KERNELS)
    assert len(small) + len(large) == 28


def test_choices_take_part_where_the_choice_is_judged(bars, table):
    assert bars.rows(bars.parse([])) == list(table.ROWS)
    assert bars.rows(bars.parse(["--choice"])) == [*table.ROWS, *table.CHOICE_ROWS]


def test_the_name_of_a_row_is_a_pattern_for_itself_alone(table):
    for name in (*table.ROWS, *table.CHOICE_ROWS):
        assert [layer for layer in (LAYERS | CHOICES) if fnmatchcase(layer, name)] == [name]
