"""Tables on stdout and progress on stderr: with rich where it is installed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar

from .text import plain_table

Item = TypeVar("Item")
# Called with the number of steps done, their total, and what goes on now.
Progress: TypeAlias = Callable[[int, int, str], object]

# A pipe has no width: rich would otherwise fold the cells at 80 columns.
_PIPE_WIDTH = 1000
# Seconds between two plain lines of progress.
_PLAIN_INTERVAL = 5.0


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
def progress(title: str) -> Iterator[Progress]:
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
        from rich.progress import Progress as Bar
    except ImportError:
        yield _plain_report(title)
        return
    console = Console(stderr=True, markup=False, emoji=False)
    with Bar(*_rich_columns(), console=console, transient=True) as bar:
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


def _plain_report(title: str) -> Progress:
    """Return a report that prints a line every few seconds, and always the last one."""
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
