"""The numbers of a comparison add up."""

import json

import pytest
from benching import comparison, result


def test_the_ratio_is_to_the_fastest_peer_by_its_best_time():
    own = result("im2col", "backend", 3.0, 2.0)
    found = comparison(own, result("p", "peer", 9.0, 1.0, 8.0), result("q", "peer", 4.0))
    assert found.ratio(own) == 2.0
    assert (own.best, own.median) == (2.0, 2.5)
    assert comparison(own).ratio(own) is None


def test_as_data_it_holds_samples_and_what_follows_from_them():
    own = result("im2col", "backend", 280e-9, 420e-9, workspace=7, backend="im2col", expected=1e-7)
    refused = result("fft", "backend", reason="not today")
    data = json.loads(json.dumps(comparison(own, refused).to_dict()))
    timed, idle = data["results"]
    assert (timed["seconds"], timed["best"]) == ([280e-9, 420e-9], 280e-9)
    assert timed["median"] == pytest.approx(350e-9)
    assert timed["flop_per_second"] == pytest.approx(96 / 280e-9)
    assert timed["roofline_share"] == pytest.approx(0.5)
    assert (timed["bound"], timed["ratio_to_best_peer"]) == ("memory", None)
    assert (timed["workspace"], timed["backend"], timed["expected"]) == (7, "im2col", 1e-7)
    assert (idle["reason"], idle["flop"], "seconds" in idle) == ("not today", 96, False)
    assert data["roofline"]["flop_per_second"] == 1e9


def test_results_are_compared_on_one_task_only():
    own = result("im2col", "backend", 1.0)
    found = comparison(own, result("p", "peer", 0.5), result("q", "peer", reason="not today"))
    assert found.timed == found.results[:2]
    assert found.best_peer(own).contender == "p"
    assert own.task == ("tiny 1d k3 1c16 b1", "forward")
