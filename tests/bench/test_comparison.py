"""One run: a wrong contender cannot win, and nobody hurts the others."""

from benching import Missing, bench
from fakes import backend_class

import convcore


def test_a_wrong_peer_is_not_timed_and_is_the_status(tmp_path, capsys, fake_peers, fixed_roofline):
    status, found = bench(tmp_path, "--backend", "naive", "--against", "doubler,copy")
    rows = {row["contender"]: row for row in found["results"]}
    assert status == 1
    assert rows["doubler"]["wrong"]
    assert "seconds" not in rows["doubler"]
    assert rows["naive"]["ratio_to_best_peer"] == rows["naive"]["best"] / rows["copy"]["best"]
    assert "WRONG: is off by" in capsys.readouterr().out


def test_absent_peers_and_refusals_are_stated(tmp_path, capsys, fake_peers, fixed_roofline):
    argv = ("--backend", "naive", "--against", f"copy,{Missing.name}", "--op", "all")
    status, found = bench(tmp_path, *argv)
    reasons = {row["operation"]: row["reason"] for row in found["results"] if row["reason"]}
    assert status == 0
    assert reasons == dict.fromkeys(("grad_input", "grad_weight"), "only goes forward")
    assert found["absent"] == {Missing.name: f"No module named '{Missing.name}'"}
    assert f"Peer absent: {Missing.name}: No module named" in capsys.readouterr().out


def test_a_backend_is_left_out_with_its_own_refusal(tmp_path, isolated, fixed_roofline):
    refusal = convcore.Refusal("MOOD", "not on a Monday")
    convcore.register_backend(backend_class("moody", refusal=refusal))
    status, found = bench(tmp_path, "--backend", "moody")
    assert status == 1
    assert found["results"][0]["reason"].endswith("not on a Monday")


def test_a_backend_that_would_take_too_long_is_not_started(tmp_path, isolated, fixed_roofline):
    convcore.register_backend(backend_class("slow", seconds=11.0, value=RuntimeError("started")))
    status, found = bench(tmp_path, "--backend", "slow", "--limit", "5")
    assert status == 1
    assert found["results"][0]["reason"] == "a call would take about 11 s"


def test_a_contender_that_raises_hurts_no_other(tmp_path, isolated, fixed_roofline):
    convcore.register_backend(backend_class("faulty", value=RuntimeError("burst")))
    status, found = bench(tmp_path, "--backend", "faulty,naive")
    faulty, naive = found["results"]
    assert status == 1
    assert faulty["wrong"]
    assert faulty["reason"] == "raised RuntimeError('burst')"
    assert naive["seconds"]
