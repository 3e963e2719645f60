"""Time the layers of published networks side by side with other libraries, class by class.

    python zoo.py layers.jsonl                            forward, batch 1, against torch
    python zoo.py layers.jsonl --class pointwise          only classes with that word
    python zoo.py layers.jsonl --network resnet50         a network's layers, and their sum
    python zoo.py layers.jsonl --batch 4 --operations forward,grad_input,grad_weight
    python zoo.py layers.jsonl --choice                   the automatic choice against all backends
    python zoo.py layers.jsonl --part 2/4 --json b.json   the second quarter of it
    python zoo.py a.json b.json --plot zoo.png            read the parts of a run together

What a line of the file holds stands in zoo_layers.py. Everybody gets NumPy arrays and gives them
back, except torch-nhwc, whose arrays are in its own order before and after. A ratio is a peer's
least time divided by ours, both from one run in which they took turns: above 1 we are faster.
"better" is the fastest peer. Weights are not prepared, unless --backend says auto+prepared.
"""

import argparse
import json
import sys
from pathlib import Path

import zoo_layers as layers
import zoo_report as report

from convcore.bench import Request, compare
from convcore.problem import OPERATIONS
from convcore.terminal import progress

PEERS = ["torch", "torch-nhwc"]


def measure(args, chosen):
    """A record for each layer and operation: who took how long, in seconds."""
    records = []
    tasks = [(layer, operation) for layer in chosen for operation in args.operations]
    with progress("Layers") as tell:
        for done, (layer, operation) in enumerate(tasks):
            tell(done, len(tasks), f"{layer.problem.name} {operation}")
            records.append(_record(args, layer, operation))
        tell(len(tasks), len(tasks), "")
    return records


def _record(args, layer, operation):
    found = compare(_request(args, layer, operation), lambda *step: None)
    return {
        "layer": layer.problem.name,
        "class": layer.kind,
        "network": layer.network,
        "calls": layer.calls,
        "operation": operation,
        "batch": args.batch,
        "threads": args.threads,
        "flop": layer.problem.geometry.flop,
        "backend": next((r.backend for r in found.timed if r.contender == report.AUTOMATIC), None),
        "ours": _times(found, "backend"),
        "peers": _times(found, "peer"),
        "wrong": [f"{r.contender}: {r.reason}" for r in found.results if r.wrong],
        "versions": found.versions,
    }


def _request(args, layer, operation):
    return Request(
        problems=[layer.problem],
        operations=[layer.operation(operation)],
        backends=args.backend,
        against=args.against,
        dtype=args.dtype,
        threads=args.threads,
        rounds=args.rounds,
        limit=args.limit,
    )


def _times(found, kind):
    return {r.contender: r.best for r in found.timed if r.kind == kind}


# -- the command -----------------------------------------------------------------------------------


def parse(argv):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, help="a file of layers, or results of runs of before")
    add("--class", dest="classes", type=_words, default=[], metavar="WORDS", help="(all)")
    add("--network", dest="networks", type=_words, default=[], metavar="WORDS", help="(all)")
    add("--count", type=int, metavar="N", help="so many, drawn at random")
    add("--seed", type=int, default=0, metavar="N", help="of the drawing (0)")
    add("--part", type=_part, default=(1, 1), metavar="I/N", help="every N-th layer, from the I-th")
    add("--batch", type=int, default=1, metavar="N", help="(1)")
    add("--operations", type=_operations, default=["forward"], metavar="NAMES", help="(forward)")
    add("--backend", type=_words, default=[report.AUTOMATIC], metavar="NAMES", help="ours (auto)")
    add("--choice", action="store_true", help="time all backends, and no peer")
    add("--against", type=_words, default=PEERS, metavar="NAMES", help=f"({','.join(PEERS)})")
    add("--dtype", choices=("float32", "float64"), default="float32", help="(float32)")
    add("--threads", type=int, default=2, metavar="N", help="for everybody (2)")
    add("--rounds", type=int, default=3, metavar="N", help="turns of each on a layer (3)")
    add("--limit", type=float, default=2, metavar="S", help="seconds for each on a layer (2)")
    add("--json", type=Path, metavar="FILE", help="write what was measured there")
    add("--plot", type=Path, metavar="FILE", help="draw it there; the suffix tells the format")
    args = parser.parse_args(argv)
    if args.choice:
        args.against, args.backend = [], [report.AUTOMATIC, *report.automatic_backends()]
    return args


def _words(text):
    return [word.strip() for word in text.split(",") if word.strip()]


def _operations(text):
    names = _words(text)
    if not set(names) <= set(OPERATIONS):
        raise argparse.ArgumentTypeError(f"must be of {', '.join(OPERATIONS)}; got {text!r}")
    return names


def _part(text):
    index, _, parts = text.partition("/")
    if not (index.isdigit() and parts.isdigit() and 1 <= int(index) <= int(parts)):
        raise argparse.ArgumentTypeError(f"must be I/N with 1 <= I <= N; got {text!r}")
    return int(index), int(parts)


def gather(args):
    """The records of the files: read where they are results, measured where they are layers."""
    if all(path.suffix == ".json" for path in args.files):
        return [row for path in args.files for row in json.loads(path.read_text("utf-8"))]
    found = [layer for path in args.files for layer in layers.read(path, args.batch)]
    chosen = layers.select(found, args.classes, args.networks, args.count, args.seed)
    index, parts = args.part
    return measure(args, chosen[index - 1 :: parts])


def main(argv=None):
    """Run one command line and return the exit status."""
    args = parse(argv)
    try:
        records = gather(args)
    except (OSError, layers.LayerFileError) as error:
        print(f"zoo: {error}", file=sys.stderr)
        return 2
    if args.json:
        args.json.write_text(json.dumps(records), encoding="utf-8")
    report.show(records, networks=bool(args.networks))
    if args.plot:
        report.draw(records, args.plot)
    return 1 if any(record["wrong"] for record in records) else 0


if __name__ == "__main__":
    sys.exit(main())
