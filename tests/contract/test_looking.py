"""Who looks whether a result is finite: the backend where it can, else the host, else nobody."""

import numpy as np
import pytest
from fakes import backend_class

import convcore
from convcore.contract import convolution
from convcore.plugin import OPERATIONS, Geometry

pytestmark = pytest.mark.usefixtures("isolated")
GEOMETRY = Geometry.of((1, 2, 9), (3, 2, 3))


@pytest.fixture
def looks(monkeypatch):
    """The shapes of what the host looks at."""
    shapes, look = [], convolution.all_finite

    def counted(array):
        shapes.append(array.shape)
        return look(array)

    monkeypatch.setattr(convolution, "all_finite", counted)
    return shapes


def telling(told):
    """A plan that the host mends, of a backend that says `told`; and what has been mended."""

    class Telling(backend_class("telling")):
        def _forward(self, first, second, result):
            result.fill(1)
            return told

        _grad_input = _grad_weight = _forward

    plan, mended = Telling(GEOMETRY, "float32"), []
    plan._repair = lambda plan, operation, first, second, result: mended.append(operation)
    return plan, mended


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("told", [True, False, None])
def test_the_host_looks_where_the_backend_does_not_say(looks, told, operation):
    plan, mended = telling(told)
    pair = [np.ones(shape, "float32") for shape in GEOMETRY.operand_shapes(operation)]
    getattr(plan, operation)(*pair)
    assert looks == ([GEOMETRY.result_shape(operation)] if told is None else [])
    assert mended == ([operation] if told is False else [])


def test_nobody_looks_at_what_is_not_mended(looks):
    plan, mended = telling(False)
    plan._repair = None
    plan.forward(*(np.ones(shape, "float32") for shape in GEOMETRY.operand_shapes("forward")))
    assert looks == mended == []


@pytest.mark.parametrize(
    ("name", "shapes"),
    [("winograd", ((2, 8, 30, 30), (8, 8, 3, 3))), ("tilefft", ((1, 2, 90, 90), (2, 2, 15, 15)))],
)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_native_backends_look_themselves(looks, name, shapes, operation):
    record = {record.name: record for record in convcore.backends()}[name]
    if record.state != "available":
        pytest.skip(str(record.error))

    class Chosen(convcore.get_backend(name)):
        name = "chosen"

        @classmethod
        def estimate(cls, geometry, dtype, operation, *, threads):
            return 0.0

    convcore.register_backend(Chosen)
    plan = convcore.plan(*shapes)
    assert plan.name == "chosen"
    first, second = (np.ones(shape, "float32") for shape in plan.geometry.operand_shapes(operation))
    finite = getattr(plan, operation)(first, second)
    if operation != "grad_weight":
        again = getattr(plan, operation)(first, plan.prepare(second, operation=operation))
        assert (again == finite).all()
    assert looks == []
    first[(0,) * first.ndim] = np.nan
    touched = getattr(plan, operation)(first, second)
    assert 0 < np.isnan(touched).sum() < touched.size
