"""The numbers of a comparison add up."""

from benching import comparison, result


def test_the_ratio_is_to_the_fastest_peer_by_its_best_time():
    own = result("im2col", "backend", 3.0, 2.0)
    found = comparison(own, result("p", "peer", 9.0, 1.0, 8.0), result("q", "peer", 4.0))
    assert found.ratio(own) == 2.0
    assert (own.best, own.median) == (2.0, 2.5)
    assert comparison(own).ratio(own) is None
