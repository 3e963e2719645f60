"""Hold the native backends against the bars that they have to clear, side by side with their peers.

    python bars.py                                        run everything, then judge
    python bars.py --backend direct                       by the bars of direct convolution
    python bars.py --rows 'resnet.3x3*' --operations forward --json part.json
    python bars.py part.json other.json                   judge the pieces of a run; later ones win
    python bars.py --choice                               the automatic choice, on more layers
    python bars.py single.json --double double.json       and the rate in float64

A ratio is the time of a peer divided by ours, both the least of one run in which they took turns
(`convcore bench` does the timing, `convcore.bench.race` tells how): above 1 we are faster. "best"
is the fastest of all peers that were timed. Behind a tilde stands what was extrapolated, because
one call would have taken longer than the limit allows. The bars stand in bar_table.py. Beside each
that was missed stands the share of the roofline at which it would be cleared: above 100 % nothing
clears it that carries out all multiplications, or moves all operands, of the definition.

Exit status:
  0  every bar was cleared
  1  a bar was missed
  2  wrong usage
  3  none was missed, but one not judged: its task, its peer or our backend was not timed
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import bar_judging as judging
from bar_table import ALL, BARS, CHOICE_ROWS, GOOD_CHOICE, LARGE_KERNELS, ROWS

import convcore
from convcore import cli
from convcore.terminal import table
from convcore.text import seconds

FINE, FAILED, USAGE, NOT_RUN = 0, 1, 2, 3
PEERS = ["torch", "torch-nhwc", "onnxruntime", "openvino", "ncnn"]
SIGNS = {judging.CLEARED: "+", judging.MISSED: "-", judging.NOT_RUN: "?"}


def rows(args):
    """Names of the rows that were asked for."""
    known = (*ROWS, *CHOICE_ROWS) if args.choice else ROWS
    return [name for name in known if any(fnmatchcase(name, p) for p in args.rows)]


# -- measuring -------------------------------------------------------------------------------------


def measure(args):
    """What `convcore bench` finds, those rows with large kernels against SciPy too."""
    small = [name for name in rows(args) if name not in LARGE_KERNELS]
    large = [name for name in rows(args) if name in LARGE_KERNELS]
    parts = ((small, args.against), (large, [*args.against, "scipy"]))
    return [_bench(args, names, peers) for names, peers in parts if names]


def _bench(args, names, peers):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "found.json")
        with contextlib.redirect_stdout(io.StringIO()):
            cli.main(command(args, names, peers, path))
        if not path.exists():  # it has said why
            sys.exit(USAGE)
        return json.loads(path.read_text(encoding="utf-8"))


def command(args, names, peers, path):
    """The command line of `convcore bench`."""
    backends = [args.backend]
    if args.backend == judging.AUTOMATIC:
        backends.append(f"{judging.AUTOMATIC}+prepared")
    if args.choice:
        backends += [r.name for r in convcore.backends() if r.state == "available" and _chosen(r)]
    lists = {"problem": names, "op": args.operations, "backend": backends, "against": peers}
    options = {name: ",".join(entries) for name, entries in lists.items()}
    options |= {name: getattr(args, name) for name in ("dtype", "rounds", "limit", "threads")}
    options |= {"json": path}
    return ["bench", *(f"--{name}={value}" for name, value in options.items() if value)]


def _chosen(record):
    return record.declaration.automatic


# -- telling ---------------------------------------------------------------------------------------


def show_conditions(contents):
    """What the machine can do, and who took no part."""
    for content in contents:
        roof = content["roofline"]
        print(
            f"{content['dtype']}, {content['threads']} threads, roofline: "
            f"{roof['flop_per_second'] / 1e9:.0f} GFLOP/s ({roof['flop_per_second_method']}), "
            f"{roof['bytes_per_second'] / 1e9:.1f} GB/s ({roof['bytes_per_second_method']})"
        )
        for name, reason in content["absent"].items():
            print(f"absent: {name}: {reason}")


def show_tasks(run, judged):
    """A line for each task: our time, the ratio to each peer, the share, and its bars."""
    peers = run.contenders("peer")
    columns = ("row", "operation", "ours", "time", *peers, "best peer", "roofline", "bars")
    lines = [[*task, *_cells(run, task, peers), _bars(found)] for task, found in judged.items()]
    title = "Times of the peers in units of ours; bars: + cleared, - missed, ? not judged"
    table(title, columns, lines, "lllr" + "r" * len(peers) + "lrl")


def _cells(run, task, peers):
    row, best = run.row(task, run.backend), run.best(task, peers)
    own, share = run.time(task, run.backend), row.get("roofline_share")
    yield row.get("backend")
    yield None if own is None else _tilde(row) + seconds(own)
    for peer in peers:
        ratio = run.ratio(task, peer)
        yield None if ratio is None else f"{_tilde(run.row(task, peer))}{ratio:.2f}"
    yield best and f"{best} {seconds(run.time(task, best))}"
    yield None if share is None else f"{_percent(share)} {row['bound']}"


def _percent(share):
    return f"{100 * share:.0f} %"


def _tilde(row):
    return "" if "best" in row else "~"


def _bars(found):
    return ", ".join(f"{SIGNS[j.outcome]}{j.bar.ratio:g} {_who(j.bar)}" for j in found)


def _who(bar):
    return f"{bar.against} ({bar.variant.strip('+')})" if bar.variant else bar.against


def show_failures(judged):
    """What was missed, and what could not be judged, with the reason."""
    failed = [j for found in judged.values() for j in found if j.outcome != judging.CLEARED]
    lines = [
        [j.outcome, *j.task, f"{j.bar.ratio:g} x {_who(j.bar)}", *_got(j), j.against, j.bar.remark]
        for j in sorted(failed, key=lambda j: j.outcome)
    ]
    if lines:
        columns = ("outcome", "row", "operation", "bar", "got", "roofline", "needed", "against")
        table("Bars missed or not judged", (*columns, "remark"), lines, "llllrrrll")


def _got(judged):
    yield None if judged.ratio is None else f"{judged.ratio:.2f}"
    for share in (judged.share, judged.needed):
        yield None if share is None else _percent(share)


def show_choices(found):
    """The tasks where another backend is faster than the chosen one."""
    poor = [choice for choice in found if choice.slower > GOOD_CHOICE]
    lines = [
        [*c.task, c.chosen, seconds(c.times[0]), c.best, seconds(c.times[1]), f"{c.slower:.2f}"]
        for c in poor
    ]
    if lines:
        columns = ("row", "operation", "chosen", "time", "best", "time", "times as long")
        table("Automatic choices that are not the best", columns, lines, "lllrlrr")


def report(args, contents, double):
    """Print everything and return the exit status."""
    run = judging.Run(contents, args.backend)
    name = "auto" if args.backend == judging.AUTOMATIC else "direct"
    tasks = [(row, operation) for row in rows(args) for operation in args.operations]
    barred = [task for task in tasks if task[0] in ROWS]
    judged = judging.judge_all(run, BARS[name], barred)
    show_conditions(contents)
    show_tasks(run, judged)
    show_failures(judged)
    found = list(judging.choices(run, tasks))
    show_choices(found)
    sentences = list(judging.summaries(run, barred, name))
    if args.choice:
        sentences.append(judging.judge_choices(found))
    if double:
        sentences += judging.double_rates(run, judging.Run(double, args.backend), barred)
    for outcome, text in sentences:
        print(f"{outcome}: {text}")
    outcomes = [j.outcome for found in judged.values() for j in found]
    return conclude([*outcomes, *(outcome for outcome, _ in sentences)])


def conclude(outcomes):
    """Print how many bars were cleared, missed and not judged, and return the exit status."""
    order = (judging.CLEARED, judging.MISSED, judging.NOT_RUN)
    print(", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in order))
    if judging.MISSED in outcomes:
        return FAILED
    return NOT_RUN if judging.NOT_RUN in outcomes else FINE


# -- the command -----------------------------------------------------------------------------------


def parse(argv):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("files", nargs="*", type=Path, help="results of runs of before; without, run now")
    add("--backend", default=judging.AUTOMATIC, help="ours (auto); but for auto, bars of direct")
    add("--rows", type=_names, default=["*"], metavar="PATTERNS", help="separated by commas (all)")
    add("--operations", type=_names, default=list(ALL), metavar="NAMES", help="(all three)")
    add("--against", type=_names, default=PEERS, metavar="NAMES", help=f"({','.join(PEERS)})")
    add("--choice", action="store_true", help="time all backends, judge the automatic choice")
    add("--dtype", choices=("float32", "float64"), default="float32", help="(float32)")
    add("--threads", type=int, metavar="N", help="for everybody (all processors)")
    add("--rounds", type=int, default=7, metavar="N", help="turns of each on a task (7)")
    add("--limit", type=int, default=4, metavar="S", help="seconds for each on a task (4)")
    add("--json", type=Path, metavar="FILE", help="write what was measured there")
    add("--double", type=Path, metavar="FILE", help="results of a run in float64 to compare with")
    args = parser.parse_args(argv)
    if not rows(args) or not set(args.operations) <= set(ALL):
        parser.error("--rows must match a row, and --operations be of the three")
    return args


def _names(text):
    return [entry.strip() for entry in text.split(",")]


def read(path):
    """The runs in a file: one that `convcore bench` wrote, or the list that --json wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return content if isinstance(content, list) else [content]


def main(argv=None):
    """Run one command line and return the exit status."""
    args = parse(argv)
    contents = [run for path in args.files for run in read(path)] or measure(args)
    if args.json:
        args.json.write_text(json.dumps(contents), encoding="utf-8")
    return report(args, contents, read(args.double) if args.double else [])


if __name__ == "__main__":
    sys.exit(main())
