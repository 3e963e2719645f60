"""What a run over the layers of networks found, as tables and as a picture."""

import math
from collections import defaultdict

import convcore
from convcore.terminal import table
from convcore.text import seconds

AUTOMATIC = "auto"
# The layers that are listed one by one: those where the least of the ratios are.
WORST = 20


def automatic_backends():
    """The backends that the automatic choice may pick."""
    records = convcore.backends()
    return [r.name for r in records if r.state == "available" and r.declaration.automatic]


def own_time(record):
    """Seconds of the automatic choice, or of the only backend that was timed."""
    ours = record["ours"]
    return ours.get(AUTOMATIC, min(ours.values(), default=math.nan))


def others(record):
    """What we are held against: the peers, or without any, all our backends."""
    rivals = record["peers"] or {n: t for n, t in record["ours"].items() if n != AUTOMATIC}
    return dict(rivals, better=min(rivals.values())) if rivals else {}


def ratios(record):
    """The time of each rival, and of the better of them, divided by ours."""
    return {name: time / own_time(record) for name, time in others(record).items()}


def geometric_mean(values):
    """Mean of ratios."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))


# -- tables ----------------------------------------------------------------------------------------


def show(records, networks=False):
    """Print classes, the worst layers, the sums over networks if asked for, and what was wrong."""
    judged = [record for record in records if record["ours"] and others(record)]
    for operation in dict.fromkeys(record["operation"] for record in judged):
        chosen = [record for record in judged if record["operation"] == operation]
        _classes(chosen, operation)
        _worst(chosen, operation)
        if networks:
            _networks(chosen, operation)
    for record in records:
        for reason in record["wrong"]:
            print(f"WRONG: {record['layer']} {record['operation']}: {reason}")


def _classes(records, operation):
    groups = defaultdict(list)
    for record in records:
        groups[record["class"]].append(record)
    names = _names(records)
    rows = [_summary(name, groups[name], names) for name in sorted(groups)]
    rows.sort(key=lambda row: float(row[-3]))
    columns = ("class", "layers", *names, "won", "worst")
    title = f"{operation}: geometric means of the others' time / ours"
    table(title, columns, [*rows, _summary("all", records, names)], "l".ljust(len(columns), "r"))


def _names(records):
    """All rivals, and last the better of them."""
    found = dict.fromkeys(name for record in records for name in ratios(record))
    return [*(name for name in found if name != "better"), "better"]


def _summary(name, records, names):
    found = [ratios(record) for record in records]
    means = [_mean([each[rival] for each in found if rival in each]) for rival in names]
    better = [each["better"] for each in found]
    won = f"{100 * sum(ratio >= 1 for ratio in better) / len(better):.0f} %"
    return [name, len(records), *means, won, f"{min(better):.2f}"]


def _mean(values):
    return f"{geometric_mean(values):.2f}" if values else None


def _worst(records, operation):
    worst = sorted(records, key=lambda record: ratios(record)["better"])[:WORST]
    rows = [
        [r["layer"], r["class"], r["backend"], seconds(own_time(r)), _rate(r), *_best(r)]
        for r in worst
    ]
    columns = ("layer", "class", "backend", "ours", "GFLOP/s", "better", "ratio")
    title = f"{operation}: where the better of the others is nearest or ahead"
    table(title, columns, rows, "lllrrlr")


def _rate(record):
    return f"{record['flop'] / own_time(record) / 1e9:.1f}"


def _best(record):
    """The fastest of the others, and its time divided by ours."""
    found = ratios(record)
    least = found.pop("better")
    return min(found, key=found.__getitem__), f"{least:.2f}"


def _networks(records, operation):
    groups = defaultdict(list)
    for record in records:
        groups[record["network"]].append(record)
    rows = [_network(name, groups[name]) for name in sorted(groups)]
    columns = ("network", "calls", "ours", *_names(records))
    title = f"{operation}: sums over a network's layers"
    table(title, columns, rows, "l".ljust(len(columns), "r"))


def _network(name, records):
    """A network's time, and that of each rival that ran all of its layers, divided by it."""
    own = sum(record["calls"] * own_time(record) for record in records)
    row = [name, sum(record["calls"] for record in records), seconds(own)]
    for rival in _names(records):
        times = [record["calls"] * others(record).get(rival, math.nan) for record in records]
        row.append(None if math.isnan(sum(times)) else f"{sum(times) / own:.2f}")
    return row


# -- a picture -------------------------------------------------------------------------------------


def draw(records, path):
    """A dot for each layer: how many times as fast as the better rival, over its FLOP."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    judged = [record for record in records if record["ours"] and others(record)]
    figure = Figure(figsize=(10, 6), layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.subplots()
    for operation in dict.fromkeys(record["operation"] for record in judged):
        chosen = [record for record in judged if record["operation"] == operation]
        flop = [record["flop"] for record in chosen]
        panel.scatter(flop, [ratios(r)["better"] for r in chosen], s=14, alpha=0.6, label=operation)
    panel.axhline(1, color="black", linewidth=0.8)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlabel("FLOP of the layer")
    panel.set_ylabel("time of the better of the others / ours")
    panel.grid(alpha=0.3)
    panel.legend()
    figure.savefig(path, dpi=120)
