"""Rows in which every pair of levels meets, for factors of no meaning."""

from itertools import combinations, product

from convcore.testing.catalogue.greedy import Pairs, cover, replaced


class Letters:
    """Five factors of three levels; the last means nothing where the first is "a"."""

    levels = ("abc", "def", "ghi", "jkl", "mno")

    def silenced(self, row):
        return {4: 0} if row[0] == "a" else {}

    def starts(self, row, fixed):
        yield replaced(row, fixed)


def shown(rows):
    return {pair for row in rows for pair in combinations(row, 2)}


def test_every_pair_is_shown_by_few_rows():
    pairs = Pairs(Letters())
    rows = cover(pairs, lambda row: True, [("b", "d", "g", "j", "m")])
    telling = [row[:4] if row[0] == "a" else row for row in rows]
    want = {pair for one, two in combinations(Letters.levels, 2) for pair in product(one, two)}
    assert want - shown(telling) == set(product("a", "mno"))
    assert want == shown(rows)
    assert not pairs.missing.any()
    assert len(rows) <= 18


def test_what_no_row_may_show_stays_missing():
    pairs = Pairs(Letters())
    rows = cover(pairs, lambda row: not {"c", "i"} <= set(row), [("b", "d", "g", "j", "m")])
    assert ("c", "i") not in shown(rows)
    i, j = (pairs.levels.index(letter) for letter in "ci")
    assert pairs.missing[i, j]
    assert pairs.missing[j, i]
    assert pairs.missing.sum() == 2


def test_rows_that_are_there_are_built_upon():
    pairs = Pairs(Letters())
    before = [("b", "d", "g", "j", "m"), ("c", "e", "h", "k", "n")]
    pairs.strike(before)
    rows = cover(pairs, lambda row: True, before)
    assert not set(rows) & set(before)
    assert len(rows) <= 16


def test_impossible_levels_are_not_looked_for():
    pairs = Pairs(Letters())
    pairs.strike_unless(lambda factor, level: level not in "cf")
    rows = cover(pairs, lambda row: True, [("b", "d", "g", "j", "m")])
    assert not {"c", "f"} & {letter for row in rows for letter in row}
