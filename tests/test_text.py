"""Numbers with units, at the edges of their units, and tables."""

import pytest

from convcore.text import binary_bytes, gflops, plain_table, seconds, three_digits


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (123.4, "123 s"),
        (1.0, "1.00 s"),
        (0.9996, "1.00 s"),
        (0.9994, "999 ms"),
        (0.0015, "1.50 ms"),
        (1e-6, "1.00 us"),
        (9.996e-7, "1.00 us"),
        (5e-7, "500 ns"),
        (2.5e-10, "0.250 ns"),
        (0.0, "0 ns"),
    ],
)
def test_times_have_three_digits_and_the_unit_they_round_to(value, text):
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (2**20 - 1, "1024 KiB"),
        (2**20, "1.00 MiB"),
        (3 * 2**30 // 2, "1.50 GiB"),
        (2**50, "1024 TiB"),
    ],
)
def test_bytes_are_counted_in_powers_of_two(value, text):
    assert binary_bytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(99.94, "99.9"), (99.96, "100"), (12345.6, "12346"), (1e-4, "0.000100"), (9.9e-5, "9.90e-05")],
)
def test_three_digits_are_kept_and_no_exponent_until_it_helps(value, text):
    assert three_digits(value) == text


def test_rates_are_in_billions():
    assert gflops(3e12, 1.5) == "2000"


def test_columns_are_as_wide_as_their_widest_cell():
    text = plain_table("", ["a", "long name"], [["wide cell", "1"], ["b", "23"]], "lr")
    assert text.splitlines() == [
        "a          long name",
        "---------  ---------",
        "wide cell          1",
        "b                 23",
    ]


def test_a_table_without_rows_has_its_heading():
    assert plain_table("Title", ["one", "two"], [], "ll") == "Title\none  two\n---  ---"


def test_a_row_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        plain_table("", ["one"], [["a", "b"]], "l")
