"""Judge the results of `convcore bench` by the bars of bar_table.py."""

import math
from dataclasses import dataclass

from bar_table import DOUBLE_RATE, FRACTIONS, GEOMETRIC_MEANS, GOOD_CHOICE, GOOD_CHOICES, Bar

CLEARED, MISSED, NOT_RUN, NO_BAR = "cleared", "MISSED", "not run", "no bar"
AUTOMATIC = "auto"


class Run:
    """The results of one run, or of several of which later ones replace earlier ones.

    Runs share the best roofline of all, because other work on the machine makes one only lower.

    Parameters
    ----------
    contents : list of dict
        What `convcore bench --json` wrote.
    backend : str
        Our contender.
    """

    def __init__(self, contents, backend):
        self.backend = backend
        rows = [_rescaled(row, run, contents) for run in contents for row in run["results"]]
        self.rows = {(row["problem"], row["operation"], row["contender"]): row for row in rows}

    def row(self, task, contender):
        """What the run says of a contender, nothing where it did not take part."""
        return self.rows.get((*task, contender), {})

    def contenders(self, kind):
        """Names of all backends or of all peers."""
        return list(dict.fromkeys(key[2] for key, row in self.rows.items() if row["kind"] == kind))

    def time(self, task, contender):
        """Least seconds; expected ones of a contender that is too slow to be run, or None."""
        row = self.row(task, contender)
        return None if row.get("wrong") else row.get("best", row.get("expected"))

    def best(self, task, names):
        """The fastest of the contenders that were timed, None if none was."""
        timed = [name for name in names if "best" in self.row(task, name)]
        return min(timed, key=lambda name: self.time(task, name), default=None)

    def ratio(self, task, peer, variant=""):
        """Time of a peer divided by ours, None where either is unknown."""
        own, other = self.time(task, self.backend + variant), self.time(task, peer)
        return other / own if own and other else None

    def ratios(self, tasks, peer):
        """Those of all tasks that have one."""
        found = (self.ratio(task, peer) for task in tasks)
        return [ratio for ratio in found if ratio is not None]


def _rescaled(row, run, runs):
    """`row` with its share of the best roofline of all runs under equal conditions."""
    if "bound" not in row:
        return row
    rate = {"arithmetic": "flop_per_second", "memory": "bytes_per_second"}[row["bound"]]
    alike = [r for r in runs if (r["dtype"], r["threads"]) == (run["dtype"], run["threads"])]
    best = max(other["roofline"][rate] for other in alike)
    return row | {"roofline_share": row["roofline_share"] * run["roofline"][rate] / best}


@dataclass(frozen=True)
class Judged:
    """A bar on one task: the ratio to whom, or the reason why there is none."""

    bar: Bar
    task: tuple[str, str]
    ratio: float | None
    against: str
    share: float | None = None

    @property
    def outcome(self):
        return NOT_RUN if self.ratio is None else _word(self.ratio >= self.bar.ratio)

    @property
    def needed(self):
        """Share of the roofline at which the bar is cleared, None where ours is unknown."""
        return self.share and self.ratio and self.share * self.bar.ratio / self.ratio


def judge_all(run, bars, tasks):
    """Every bar on each of the tasks that are under it."""
    return {task: [_judge(run, bar, task) for bar in bars if bar.applies(task)] for task in tasks}


def _judge(run, bar, task):
    own, peer = run.backend + bar.variant, bar.against
    share = run.row(task, own).get("roofline_share")
    if peer == "roofline":
        return Judged(bar, task, share, peer if share else _absence(run, task, own), share)
    if peer == "best":
        peer = run.best(task, run.contenders("peer"))
    ratio = run.ratio(task, peer, bar.variant)
    return Judged(bar, task, ratio, peer if ratio else _absence(run, task, own, peer), share)


def _absence(run, task, *names):
    """Who has no time, and why."""
    missing = [name for name in names if name is None or run.time(task, name) is None]
    if missing[0] is None:
        return "no peer was timed"
    return f"{missing[0]}: {run.row(task, missing[0]).get('reason') or 'did not take part'}"


def summaries(run, tasks, bars):
    """Outcome and sentence of the bars of this name over many tasks."""
    for operation, peer, least, part in FRACTIONS[bars]:
        ratios = run.ratios([task for task in tasks if task[1] == operation], peer)
        good = sum(ratio >= least for ratio in ratios)
        text = f"{operation} at least {least:g} x {peer}: {good} of {len(ratios)} rows"
        yield _word(good >= part * len(ratios), ratios), f"{text}, at least {part:.0%} have to be"
    for peer, least in GEOMETRIC_MEANS[bars]:
        ratios = run.ratios(tasks, peer)
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 0.0
        text = f"geometric mean of {len(ratios)} ratios to {peer}: {mean:.2f}"
        if least:
            yield _word(mean >= least, ratios), f"{text}, has to be {least:g}"
        else:
            yield NO_BAR, text


def _word(good, judged=True):
    if not judged:
        return NOT_RUN
    return CLEARED if good else MISSED


@dataclass(frozen=True)
class Choice:
    """What the automatic choice took on one task, the best backend, and the times of both."""

    task: tuple[str, str]
    chosen: str
    best: str
    times: tuple[float, float]

    @property
    def slower(self):
        """How many times as long the chosen one takes."""
        return self.times[0] / self.times[1]


def choices(run, tasks):
    """The automatic choice on each task that other backends were timed on as well.

    The chosen backend was timed twice, the second time under its own name; the lesser counts.
    """
    names = [name for name in run.contenders("backend") if "+" not in name and name != AUTOMATIC]
    for task in tasks:
        row, best = run.row(task, AUTOMATIC), run.best(task, names)
        if "best" in row and best:
            again = run.time(task, row["backend"]) or math.inf
            own = min(row["best"], again)
            yield Choice(task, row["backend"], best, (own, run.time(task, best)))


def judge_choices(found):
    """Outcome and sentence of all choices."""
    good = sum(choice.slower <= GOOD_CHOICE for choice in found)
    text = f"automatic choice within {GOOD_CHOICE:g} x the best backend: {good} of {len(found)}"
    return _word(good >= GOOD_CHOICES * len(found), found), f"{text} tasks"


def double_rates(run, double, tasks):
    """Outcome and sentence of the rate in float64 on each task that both runs have timed."""
    for task in tasks:
        single, other = run.row(task, run.backend), double.row(task, run.backend)
        if "best" in single and "best" in other:
            part = single["best"] / other["best"]
            text = f"{' '.join(task)}: float64 at {part:.2f} of the rate in float32"
            yield _word(part >= DOUBLE_RATE), f"{text}, has to be {DOUBLE_RATE:g}"
