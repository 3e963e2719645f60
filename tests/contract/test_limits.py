"""What a call may use: threads and bytes, within what C and the machine have."""

import numpy as np
import pytest

from convcore import OptionError
from convcore.contract import MOST_THREADS, parse_threads, parse_workspace


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (0, "must be >= 1; got 0"),
        (-3, "must be >= 1; got -3"),
        (2.0, "must be an integer; got 2.0"),
        (True, "must be an integer; got True"),
        ("2", "must be an integer; got '2'"),
        (2**31, r"must not exceed 2\*\*31 - 1; got 2147483648"),
    ],
)
def test_threads_that_are_none(value, rule):
    with pytest.raises(OptionError, match=f"^CONVCORE_NUM_THREADS: {rule}$"):
        parse_threads("CONVCORE_NUM_THREADS", value)


def test_threads_are_as_many_as_a_c_int_holds():
    assert parse_threads("threads", np.uint8(3)) == 3
    assert type(parse_threads("threads", np.uint8(3))) is int
    assert parse_threads("threads", MOST_THREADS) == np.iinfo("int32").max


def test_a_workspace_is_a_number_of_bytes_or_not_limited():
    assert [parse_workspace(value) for value in (None, 0, np.int64(7))] == [None, 0, 7]
    with pytest.raises(OptionError, match=r"^max_workspace: must be >= 0 bytes; got -1$"):
        parse_workspace(-1)
    for value in (1.5, "1 MB", False):
        with pytest.raises(OptionError, match=f"^max_workspace: must be an integer; got {value!r}"):
            parse_workspace(value)
