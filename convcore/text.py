"""Plain tables, numbers with units, and what was perhaps meant, as strings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown word with the nearest known one; empty if none is near.

    Examples
    --------
    >>> did_you_mean("smae", ["SAME", "VALID"]), did_you_mean("other", ["SAME", "VALID"])
    ("; did you mean 'SAME'?", '')
    """
    from difflib import get_close_matches  # only where something is wrong

    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), list(names), n=1)
    return f"; did you mean {names[near[0]]!r}?" if near else ""


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
