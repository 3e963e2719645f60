"""What results depend on beside the arrays: the options in force, which travel."""

import pytest

import convcore
from convcore import Geometry
from convcore.errors import GeometryError

pytest.importorskip("dask.array")
problems = pytest.importorskip("convcore.adapters.dask.problems")

LINE = Geometry.of((1, 1, 9), (1, 1, 3))


def test_a_task_takes_one_thread_unless_somebody_chose_more(environment):
    assert problems.options_in_force(None)["threads"] == 1
    environment(OMP_NUM_THREADS="2")
    assert problems.options_in_force(None)["threads"] == 1
    environment(CONVCORE_NUM_THREADS="3")
    assert problems.options_in_force(None)["threads"] == 3
    with convcore.options(threads=2):
        assert problems.options_in_force(None)["threads"] == 2


def test_what_the_process_is_set_to_travels(environment):
    environment(CONVCORE_BACKEND="naive", CONVCORE_ACCURACY="strict")
    carried = problems.options_in_force(None)
    assert carried["backend"] == "naive"
    assert carried["accuracy"] == "strict"
    assert problems.options_in_force("fft")["backend"] == "fft"


def test_the_automatic_choice_stays_one_where_another_backend_is_set():
    carried = problems.options_in_force(None)
    with convcore.use_backend("naive"), convcore.settings.overriding(**carried):
        assert convcore.settings.backend_in_force(None).source == "automatic choice"


def test_float16_is_summed_in_float32_and_strictly():
    problem = problems.Problem.of(LINE, "float16")
    options = problem.recipe_options(["zeros"])
    assert options["summed"] == "float32"
    assert options["in_force"]["accuracy"] == "strict"
    with pytest.raises(GeometryError, match="expected one mode for each of 1 spatial axes"):
        problems.Problem.of(LINE, "float32", ("zeros", "zeros"))
