from convcore.plugin import Array

NARROWED: int

def transpose(array: Array, out: Array, threads: int) -> None: ...
def split(pairs: Array, real: Array, imaginary: Array, threads: int) -> None: ...
def add_bias(output: Array, bias: Array, threads: int) -> bool: ...
def join(real: Array, imaginary: Array, pairs: Array, threads: int) -> None: ...
def extend(
    array: Array, out: Array, rows: Array, columns: Array, value: Array, threads: int
) -> None: ...
def fold(array: Array, out: Array, rows: Array, columns: Array, threads: int) -> bool: ...
def depthwise_last(
    source: Array,
    weight: Array,
    target: Array,
    rows: tuple[int, int, int],
    columns: tuple[int, int, int],
    threads: int,
    isa: str | None = None,
) -> bool: ...
def depthwise_last_gradient(
    source: Array,
    weight: Array,
    target: Array,
    rows: tuple[int, int, int],
    columns: tuple[int, int, int],
    threads: int,
    isa: str | None = None,
) -> bool: ...
def convert(array: Array, out: Array, threads: int, isa: str | None = None) -> bool: ...
