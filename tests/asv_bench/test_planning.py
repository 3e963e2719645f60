"""The benchmarks of planning: a first call is one, and going round plans nothing."""

import json
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "asv_bench"
# With asv's one name that the benchmarks import, where asv is not installed.
CODE = """
import json, sys, types

for name in ("asv_runner", "asv_runner.benchmarks", "asv_runner.benchmarks.mark"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["asv_runner.benchmarks.mark"].SkipNotImplemented = NotImplementedError

from benchmarks.bench_planning import FirstCall, GoingRound
from convcore.functional import calls


def planned(samples, benchmark, *names):
    found = []
    for _ in range(samples):
        benchmark.setup()
        before = calls._call_for.cache_info().misses
        for name in names:
            getattr(benchmark, name)()
        found.append(calls._call_for.cache_info().misses - before)
    return found


first = planned(150, FirstCall(), "time_length", "time_image")
again = planned(30, FirstCall(), "time_length", "time_image")
going = planned(310, GoingRound(), "time_length")
print(json.dumps([first, again, going]))
"""


def test_every_sample_of_a_first_call_is_one_and_none_of_going_round(python):
    first, again, going = json.loads(python(CODE, BENCHMARKS))
    assert first == [2] * 150
    assert again == [2] * 30
    assert going == [0] * 310
