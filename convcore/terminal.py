"""Tables on stdout, progress on stderr and numbers with units: with rich where it is installed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

Item = TypeVar("Item")
Report: TypeAlias = Callable[[int, int, str], None]

# A pipe has no width: rich would otherwise fold the cells at 80 columns.
_PIPE_WIDTH = 1000
# Seconds between two plain lines of progress.
_PLAIN_INTERVAL = 1.0


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], align: str = ""
) -> None:
    """Print a table on stdout, without escape codes where that is no terminal.

    Parameters
    ----------
    title : str
        Line above the table; none where it is empty.
    columns : sequence of str
        Headings.
    rows : sequence of sequences
        Cells, one per column; printed by `str`, None as a dash.
    align : str
        One letter per column, "l" or "r"; columns beyond its end are left-aligned.
    """
    cells = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    align = align.ljust(len(columns), "l")
    try:
        import rich  # noqa: F401
    except ImportError:
        print(plain_table(title, columns, cells, align))
    else:
        _rich_table(title, columns, cells, align)


def plain_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], align: str
) -> str:
    """Return the text of a table with aligned columns, two blanks apart.

    Examples
    --------
    >>> print(plain_table("Times", ["backend", "ms"], [["fft", "7"], ["naive", "1234"]], "lr"))
    Times
    backend    ms
    -------  ----
    fft         7
    naive    1234
    """
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = [columns, ["-" * width for width in widths], *rows]
    text = [_plain_line(line, widths, align) for line in lines]
    return "\n".join([title, *text] if title else text)


def _plain_line(cells: Sequence[str], widths: Sequence[int], align: str) -> str:
    padded = [
        cell.rjust(width) if side == "r" else cell.ljust(width)
        for cell, width, side in zip(cells, widths, align, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _rich_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], align: str
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    console = Console(width=width, markup=False, highlight=False, emoji=False)
    drawn = Table(title=title or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for name, side in zip(columns, align, strict=True):
        drawn.add_column(name, justify="right" if side == "r" else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    console.print(drawn)


@contextmanager
def progress(title: str) -> Iterator[Report]:
    """Show progress on stderr while the body runs.

    Yields
    ------
    report : callable (done, total, text)
        To be called with the number of steps done, their total and what goes on now.

    Examples
    --------
    >>> with progress("Checking") as report:
    ...     report(1, 2, "geometry")
    """
    if not sys.stderr.isatty():
        yield _plain_report(title)
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        yield _plain_report(title)
        return
    console = Console(stderr=True, markup=False, emoji=False)
    with Progress(*_rich_columns(), console=console, transient=True) as bar:
        task = bar.add_task(title, total=None, text="")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, text=text)


def _rich_columns() -> Sequence[Any]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}", markup=False),
    )


def _plain_report(title: str) -> Report:
    """Return a report that prints a line at most once a second, and always the last one."""
    last = -_PLAIN_INTERVAL

    def report(done: int, total: int, text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PLAIN_INTERVAL or done == total:
            print(f"{title}: {done}/{total} {text}".rstrip(), file=sys.stderr, flush=True)
            last = now

    return report


def track(
    title: str, items: Sequence[Item], describe: Callable[[Item], str] = str
) -> Iterator[Item]:
    """Iterate over `items` under a progress bar that names each of them by `describe`.

    Examples
    --------
    >>> [item * item for item in track("Squaring", [1, 2, 3])]
    [1, 4, 9]
    """
    with progress(title) as report:
        for done, item in enumerate(items):
            report(done, len(items), describe(item))
            yield item
        report(len(items), len(items), "")


def seconds(value: float) -> str:
    """Write a time with three digits and its unit.

    Examples
    --------
    >>> seconds(0.001234), seconds(12.3456), seconds(0.9999), seconds(99.97e-6)
    ('1.23 ms', '12.3 s', '1.00 s', '100 us')
    """
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= 0.9995 * factor:
            return f"{three_digits(value / factor)} {unit}"
    return f"{three_digits(value / 1e-9)} ns"


def binary_bytes(value: int) -> str:
    """Write a number of bytes with three digits and its unit.

    Examples
    --------
    >>> binary_bytes(0), binary_bytes(1536), binary_bytes(32 * 2**20)
    ('0 B', '1.50 KiB', '32.0 MiB')
    """
    if value < 1024:
        return f"{value} B"
    power = min((value.bit_length() - 1) // 10, 4)
    return f"{three_digits(value / 1024**power)} {('KiB', 'MiB', 'GiB', 'TiB')[power - 1]}"


def gflops(flop: float, time_in_seconds: float) -> str:
    """Write 10^9 floating-point operations per second with three digits.

    Examples
    --------
    >>> gflops(4e9, 0.5), gflops(1e6, 1.0)
    ('8.00', '0.00100')
    """
    return three_digits(flop / time_in_seconds / 1e9)


def three_digits(value: float) -> str:
    """Write a number of at least 0 with three digits.

    Examples
    --------
    >>> three_digits(0.0421), three_digits(1234.5), three_digits(0), three_digits(2e-6)
    ('0.0421', '1234', '0', '2.00e-06')
    """
    if value == 0 or value >= 99.95:
        return f"{value:.0f}"
    return f"{value:#.3g}" if value >= 1e-4 else f"{value:.2e}"
