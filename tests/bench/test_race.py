"""Turns interleave, warm up, and wait for silence."""

import threading
import time
from itertools import count

from convcore.bench import race


def runner(name, log, seconds=0.0):
    return race.Runner(lambda: log.append(name), seconds)


def test_turns_interleave(monkeypatch):
    monkeypatch.setattr(race, "_TURN_BATCHES", 2)
    monkeypatch.setattr(race, "silence", lambda: None)
    log, ticks = [], []
    entrants = [runner(name, log, 1e-4) for name in "abc"]
    race.race(entrants, 2, 10.0, lambda: ticks.append(1))
    order = [name for name, before in zip(log, [None, *log], strict=False) if name != before]
    assert order == list("abcabc")
    assert [len(entrant.seconds) for entrant in entrants] == [4, 4, 4]
    assert len(ticks) == 6


def test_a_call_too_slow_for_its_limit_keeps_its_first_time():
    log = []
    slow, quick = runner("slow", log, 3.0), runner("quick", log, 1e-3)
    race.race([slow, quick], 3, 5.0, lambda: None)
    assert slow.seconds == [3.0]
    assert "slow" not in log
    assert len(quick.seconds) > 3


def test_a_turn_waits_for_silence_and_warms_up(monkeypatch):
    log = []
    monkeypatch.setattr(race, "silence", lambda: log.append("silence"))

    def call():
        log.append("call")
        time.sleep(4e-3)

    usual, long = race.Runner(call, 4e-3), race.Runner(call, 0.2)
    usual.turn()
    assert log[0] == "silence"
    assert log.count("call") == race._WARM_CALLS + len(usual.seconds)
    assert len(usual.seconds) >= race._LEAST_BATCHES
    log.clear()
    long.turn()  # what happens once at the start of a call does not matter
    assert log.count("call") == len(long.seconds)


def test_silence_ends_when_no_thread_runs_any_more():
    stop = threading.Event()
    spinner = threading.Thread(target=lambda: [None for _ in iter(stop.is_set, True)])
    spinner.start()
    timer = threading.Timer(0.1, stop.set)
    start = time.perf_counter()
    timer.start()
    race.silence()
    waited = time.perf_counter() - start
    stop.set()
    spinner.join()
    timer.join()
    assert waited > 0.08


def test_silence_does_not_wait_for_ever(monkeypatch):
    monkeypatch.setattr(race, "_SLICES", 2)
    used = count()
    monkeypatch.setattr(race.time, "process_time", lambda: next(used))
    start = time.perf_counter()
    race.silence()
    assert next(used) == 4
    assert time.perf_counter() - start >= 2 * race._SLICE_SECONDS


def test_the_clock_divides_by_the_number_of_calls(monkeypatch):
    now = iter([10.0, 14.0])
    monkeypatch.setattr(race.time, "perf_counter", lambda: next(now))
    assert race.clock(lambda: None, 8) == 0.5
