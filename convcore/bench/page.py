"""The comparison as one page of HTML that fetches nothing: bars, the roofline, a sortable table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from math import log10
from pathlib import Path
from string import Template

from ..text import gflops, seconds, three_digits
from .report import legend, title_of, who
from .results import Comparison, Result, itemsize_of
from .roofline import traffic

_COLUMNS = (
    *("problem", "operation", "contender", "kind", "best", "median", "GFLOP/s", "roofline"),
    "time / best peer",
)
# Colours of the contenders, told apart by light and dark too, from the palette of Okabe and Ito.
_COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a", "#b09c00"),
)
# Pixels of the roofline's plot and of its margins.
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 760, 380, 60, 40, 14


def write(found: Comparison, path: Path) -> None:
    """Write the page to `path`."""
    template = resources.files(__name__.rpartition(".")[0]).joinpath("page.html.tmpl")
    names = list(dict.fromkeys(result.contender for result in found.timed))
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    text = Template(template.read_text(encoding="utf-8")).substitute(
        title=escape(f"{found.dtype}, {found.threads} threads"),
        conditions="".join(f"<p>{escape(line)}</p>" for line in legend(found)),
        key=_key(colours),
        bars="".join(_bars(found, task, colours) for task in _tasks(found)),
        roofline=_roofline(found, colours),
        head=_cells("th", _COLUMNS),
        rows="".join(_row(result, found) for result in found.timed),
        idle=_idle(found),
    )
    path.write_text(text, encoding="utf-8")


def _tasks(found: Comparison) -> list[tuple[str, str]]:
    return list(dict.fromkeys(result.task for result in found.timed))


def _key(colours: dict[str, str]) -> str:
    entry = '<span><i style="background:{1}"></i>{0}</span>'
    return "".join(entry.format(escape(name), colour) for name, colour in colours.items())


def _bars(found: Comparison, task: tuple[str, str], colours: dict[str, str]) -> str:
    """The contenders of one task, the fastest first; the line is the roofline."""
    results = sorted((r for r in found.timed if r.task == task), key=lambda result: result.best)
    limit = results[0].geometry.flop / found.roofline.seconds(
        results[0].geometry, itemsize_of(found.dtype)
    )
    most = max(results[0].rate, limit)
    bars = "".join(_bar(result, most, colours[result.contender]) for result in results)
    mark = f'<b class="limit" style="--at:{limit / most:.4f}"></b>'
    title = escape(title_of(results[0], found))
    return f'<section><h3>{title}</h3><div class="bars">{bars}{mark}</div></section>'


def _bar(result: Result, most: float, colour: str) -> str:
    hatched = " peer" if result.kind == "peer" else ""
    style = f"--part:{result.rate / most:.4f};background-color:{colour}"
    number = f"{seconds(result.best)}, {gflops(result.geometry.flop, result.best)} GFLOP/s"
    return (
        f"<span>{escape(who(result))}</span>"
        f'<div><i class="bar{hatched}" style="{style}"></i><em>{number}</em></div>'
    )


def _roofline(found: Comparison, colours: dict[str, str]) -> str:
    """Rates over FLOP per byte, both logarithmic, below the two limits of the machine."""
    points = [(_intensity(result, found), result.rate / 1e9, result) for result in found.timed]
    if not points:
        return ""
    peak, slope = found.roofline.peak / 1e9, found.roofline.bandwidth / 1e9
    x = _Scale([p[0] for p in points] + [peak / slope], _LEFT, _WIDTH - 10)
    y = _Scale([p[1] for p in points] + [peak], _HEIGHT - _BOTTOM, _TOP)
    roof = [(x.least, min(peak, slope * x.least)), (peak / slope, peak), (x.most, peak)]
    line = " ".join(f"{x(a):.1f},{y(max(b, y.least)):.1f}" for a, b in roof)
    dots = "".join(
        f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="5" fill="{colours[result.contender]}">'
        f"<title>{escape(f'{who(result)}: {result.problem}, {result.operation}')}</title></circle>"
        for a, b, result in points
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="roofline">'
        f'{_grid(x, y)}<polyline class="roof" points="{line}"/>{dots}</svg>'
    )


def _intensity(result: Result, found: Comparison) -> float:
    """FLOP per byte that has to be touched."""
    return result.geometry.flop / traffic(result.geometry, itemsize_of(found.dtype))


class _Scale:
    """A logarithmic axis over whole decades, from one pixel to another."""

    def __init__(self, values: Sequence[float], first: float, last: float) -> None:
        low, high = log10(min(values)), log10(max(values))
        self.decades = range(int(low // 1), int(-(-high // 1)) + 1)
        if len(self.decades) == 1:  # all values are one power of ten
            self.decades = range(self.decades[0], self.decades[0] + 2)
        self.least, self.most = 10.0 ** self.decades[0], 10.0 ** self.decades[-1]
        self.first, self.last = first, last

    def __call__(self, value: float) -> float:
        part = (log10(value) - self.decades[0]) / (len(self.decades) - 1)
        return self.first + part * (self.last - self.first)


def _grid(x: _Scale, y: _Scale) -> str:
    low, high = y.first, y.last
    lines = [(x(10.0**d), x(10.0**d), low, high) for d in x.decades]
    lines += [(x.first, x.last, y(10.0**d), y(10.0**d)) for d in y.decades]
    grid = "".join(
        f'<line x1="{a:.1f}" x2="{b:.1f}" y1="{c:.1f}" y2="{d:.1f}"/>' for a, b, c, d in lines
    )
    labels = [_label(x(10.0**d), low + 16, "middle", f"{10.0**d:g}") for d in x.decades]
    labels += [_label(_LEFT - 6, y(10.0**d) + 4, "end", f"{10.0**d:g}") for d in y.decades]
    labels.append(_label((x.first + x.last) / 2, _HEIGHT - 6, "middle", "FLOP per byte"))
    labels.append(_label(x.first + 6, high + 12, "start", "GFLOP/s"))
    return f"<g>{grid}</g>{''.join(labels)}"


def _label(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _row(result: Result, found: Comparison) -> str:
    """One line of the table; `data-sort` is what a column of numbers is sorted by."""
    ratio, share = found.ratio(result), found.share(result, itemsize_of(found.dtype))
    numbers = (
        (result.best, seconds(result.best)),
        (result.median, seconds(result.median)),
        (result.rate, gflops(result.geometry.flop, result.best)),
        (share, f"{100 * share:.0f} %"),
        (ratio if ratio is not None else "", "-" if ratio is None else three_digits(ratio)),
    )
    cells = _cells("td", (*result.task, who(result), result.kind))
    cells += "".join(f'<td data-sort="{value}">{text}</td>' for value, text in numbers)
    return f"<tr>{cells}</tr>"


def _idle(found: Comparison) -> str:
    """Who was not timed, and why."""
    idle = [(*r.task, r.contender, r.reason) for r in found.results if r.reason]
    rows = "".join(f"<tr>{_cells('td', map(str, row))}</tr>" for row in idle)
    head = _cells("th", ("problem", "operation", "contender", "reason"))
    return f"<h2>Not timed</h2><table><tr>{head}</tr>{rows}</table>" if idle else ""


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in texts)
