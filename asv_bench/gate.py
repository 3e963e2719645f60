"""Tell what became of the benchmarks: failed, not run, slower, or fine.

    python gate.py ran COMMIT                         was anything measured, and did nothing fail?
    python gate.py compare BASE HEAD --factor 1.5     and is HEAD no slower than BASE?

It reads the result files that `asv run` and `asv continuous` write, because the exit status of asv
itself does not tell a slower benchmark from one that crashed or never ran.

Exit status, the gravest if several apply:
  0  measured, nothing failed, nothing slower
  1  slower: the median and the lower quartile of the samples both grew by more than the factor
     (other work on the machine only lengthens times, and spares the lower quartile longest)
  2  wrong usage
  3  not run: no results, or a benchmark that BASE measured has no value in HEAD
  4  failed: a benchmark raised or timed out in HEAD
"""

import argparse
import itertools
import json
import math
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

FINE, SLOWER, NOT_RUN, FAILED = 0, 1, 3, 4
# What is no time has little noise, and a factor of its own.
STEADY = ("peakmem_", "track_", "mem_")
STEADY_FACTOR = 1.1


@dataclass(frozen=True)
class Value:
    """One benchmark with one set of parameters: NaN was skipped, None has failed."""

    version: str
    median: float | None
    quartile: float | None

    @property
    def measured(self):
        return self.median is not None and not math.isnan(self.median)


@dataclass(frozen=True)
class Finding:
    """What became of one benchmark with one set of parameters."""

    outcome: str
    name: str
    text: str = ""


def read(folder, commit):
    """Values of a commit by machine, environment, benchmark and parameters; later files win."""
    values = {}
    for path in sorted(Path(folder).glob(f"*/{commit[:8]}*.json"), key=lambda p: p.stat().st_mtime):
        content = json.loads(path.read_text(encoding="utf-8"))
        place = (path.parent.name, content["env_name"])
        for benchmark, row in content["results"].items():
            entry = dict(zip(content["result_columns"], row, strict=False))
            values |= {(*place, name): value for name, value in _values(benchmark, entry)}
    return values


def _values(benchmark, entry):
    """Name and value of each combination of parameters."""
    params, result = entry.get("params") or [], entry["result"]
    combinations = list(itertools.product(*params))
    if result is None:  # the whole benchmark failed, whatever the parameters
        result = [None] * len(combinations)
    quartiles = entry.get("stats_q_25") or result
    for chosen, median, quartile in zip(combinations, result, quartiles, strict=True):
        name = f"{benchmark}({', '.join(chosen)})" if chosen else benchmark
        yield (
            name,
            Value(str(entry.get("version")), median, median if quartile is None else quartile),
        )


def judge(base, head, factor):
    """A finding for everything that either commit has."""
    for key in sorted(base.keys() | head.keys()):
        outcome, text = _judge(base.get(key), head.get(key), _factor(key[-1], factor))
        yield Finding(outcome, key[-1], text)


def _factor(name, factor):
    method = name.partition("(")[0].rpartition(".")[2]
    return STEADY_FACTOR if method.startswith(STEADY) else factor


def _judge(old, new, factor):
    if new is not None and new.median is None:
        return "failed", "raised or timed out"
    comparable = old is not None and old.measured
    if comparable and (new is None or not new.measured):
        return "not run", f"was {old.median:.3g}"
    if new is None or not new.measured:
        return "skipped", ""
    if not comparable or old.version != new.version:
        return "measured", f"{new.median:.3g}"
    return _compare(old, new, factor)


def _compare(old, new, factor):
    ratios = _ratio(old.median, new.median), _ratio(old.quartile, new.quartile)
    text = f"{ratios[0]:.2f} x, {old.median:.3g} -> {new.median:.3g}"
    if min(ratios) > factor:
        return "slower", text
    return ("faster" if max(ratios) < 1 / factor else "same"), text


def _ratio(old, new):
    if old:
        return new / old
    return math.inf if new else 1.0


def report(findings):
    """Print what there is to say and return the exit status."""
    counts = Counter(finding.outcome for finding in findings)
    for outcome in ("failed", "not run", "slower", "faster"):
        for finding in (f for f in findings if f.outcome == outcome):
            print(f"{outcome:8}{finding.name}: {finding.text}")
    order = ("failed", "not run", "slower", "faster", "same", "measured", "skipped")
    print(", ".join(f"{counts[outcome]} {outcome}" for outcome in order))
    return status(counts)


def status(counts):
    """The exit status for the number of findings of each outcome."""
    if counts["failed"]:
        return FAILED
    compared = counts["slower"] + counts["faster"] + counts["same"] + counts["measured"]
    if counts["not run"] or not compared:
        return NOT_RUN
    return SLOWER if counts["slower"] else FINE


def parse(argv):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    folder = Path(__file__).parent / ".asv" / "results"
    parser.add_argument("--results", type=Path, default=folder, help="folder of the result files")
    commands = parser.add_subparsers(dest="command", required=True)
    ran = commands.add_parser("ran", help="was anything measured, and did nothing fail?")
    ran.add_argument("head", metavar="COMMIT", help="full hash, or at least 8 digits of it")
    compare = commands.add_parser("compare", help="and is HEAD no slower than BASE?")
    compare.add_argument("base", metavar="BASE")
    compare.add_argument("head", metavar="HEAD")
    compare.add_argument("--factor", type=float, default=1.5, help="of times (1.5)")
    return parser.parse_args(argv)


def main(argv=None):
    """Run one command line and return the exit status."""
    args = parse(argv)
    head = read(args.results, args.head)
    base = read(args.results, args.base) if args.command == "compare" else {}
    missing = args.command == "compare" and not base
    findings = list(judge(base, head, getattr(args, "factor", 1.0)))
    if missing:
        findings.append(Finding("not run", args.base, "no results of this commit"))
    return report(findings)


if __name__ == "__main__":
    sys.exit(main())
