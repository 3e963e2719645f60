"""Windows as runs of elements from chunks: put together, they are the elements asked for."""

import numpy as np
import pytest

pytest.importorskip("dask.array")
windows = pytest.importorskip("convcore.adapters.dask.windows")

BOUNDS = (0, 4, 5, 9)


def positions_of(span):
    """The elements that a span stands for, from its runs alone."""
    found = [None] * span.extent
    for run in span.runs:
        own = list(range(*(BOUNDS[run.chunk] + end for end in run.source)))[:: run.step or 1]
        start, stop = run.target
        found[start:stop] = own * (stop - start) if run.step == 0 else own
    return found


@pytest.mark.parametrize("start", range(10))
@pytest.mark.parametrize("extent", range(1, 6))
def test_a_range_is_cut_at_the_bounds_of_chunks(start, extent):
    stop = min(9, start + extent)
    span = windows.span_of_range(start, stop, BOUNDS)
    assert positions_of(span) == list(range(start, stop))
    assert len(span.runs) <= 3


@pytest.mark.parametrize(
    ("positions", "runs"),
    [([0, 0, 0, 1, 2], 2), ([2, 1, 0, 1, 2], 2), ([7, 8, 0, 1], 2), ([3, 4, 5], 3), ([8], 1),
     ([6, 5, 4, 3], 3), ([0, 8, 0, 8], 4), ([], 0)],
)  # fmt: skip
def test_positions_of_a_border_are_few_runs(positions, runs):
    span = windows.span_of_positions(positions, BOUNDS)
    assert positions_of(span) == positions
    assert len(span.runs) == runs


@pytest.fixture
def cut():
    """An array of 9 x 9 in chunks, and windows of 5 x 5 around each of 9 x 9 blocks."""
    rows = [(windows.span_of_range(max(0, b - 2), min(9, b + 3), BOUNDS),) for b in range(9)]
    array = np.arange(81.0).reshape(9, 9)
    made = windows.Windows((tuple(rows), tuple(rows)), ((4, 1, 4),) * 2)
    chunks = {
        (i, j): array[BOUNDS[i] : BOUNDS[i + 1], BOUNDS[j] : BOUNDS[j + 1]]
        for i in range(3)
        for j in range(3)
    }
    return made, array, chunks


def singles(shape):
    return np.empty(shape, "float32")


def parts_of(made, chunks, block):
    home, *others = made.chunks_of(block)
    return [chunks[home], *(made.faces(index, chunks[index]) for index in others)]


def test_windows_come_from_the_home_chunk_and_faces_of_others(cut):
    made, array, chunks = cut
    for block in np.ndindex(9, 9):
        (spans,) = made.spans(block)
        got = made.window(block, spans, parts_of(made, chunks, block), singles)
        low = [max(0, b - 2) for b in block]
        high = [min(9, b + 3) for b in block]
        np.testing.assert_array_equal(got, array[low[0] : high[0], low[1] : high[1]])
        assert got.dtype == "float32"


def test_faces_are_copies_of_what_others_read(cut):
    made, _, chunks = cut
    faces = made.faces((0, 0), chunks[0, 0])
    assert set(faces) == made.face_places((0, 0))
    for place, face in faces.items():
        (top, bottom), (left, right) = place
        assert not np.shares_memory(face, chunks[0, 0])
        np.testing.assert_array_equal(face, chunks[0, 0][top:bottom, left:right])


def test_a_window_that_is_a_chunk_is_not_copied():
    span = windows.span_of_range(4, 5, BOUNDS)
    made = windows.Windows((((span,),),), ((4, 1, 4),))
    chunk = np.ones(1, "float32")
    (spans,) = made.spans((0,))
    assert made.window((0,), spans, [chunk], singles) is chunk


def test_a_window_without_elements_reads_no_chunk():
    empty = windows.Span(0, (3, 0), ())
    made = windows.Windows((((empty,),),), ((4, 1, 4),))
    assert list(made.chunks_of((0,))) == []
    assert made.window((0,), (empty,), [], singles).shape == (0,)
