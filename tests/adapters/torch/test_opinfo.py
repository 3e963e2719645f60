"""PyTorch's own samples for its six convolutions, on ours: values and derivatives."""

from itertools import product

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("convcore.adapters.torch")
pytest.importorskip("expecttest")  # for PyTorch's own testing modules
from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

# PyTorch itself still uses what it tells others not to, and warns of copies that it makes.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Using padding='same'"),
]

PREFIX = "nn.functional.conv"
OPS = {op.name.removeprefix(PREFIX): op for op in op_db if op.name.startswith(PREFIX)}
NAMES = ["1d", "2d", "3d", "_transpose1d", "_transpose2d", "_transpose3d"]
DTYPES = [
    (name, dtype) for name in NAMES for dtype in sorted(OPS[name].supported_dtypes("cpu"), key=str)
]
# What a dtype is compared with, and how closely relative to a sample's largest value.
EXACT = dict.fromkeys((torch.bfloat16, torch.float16, torch.float32), torch.float64)
EXACT[torch.complex64] = torch.complex128
CLOSE = {torch.bfloat16: 8e-3, torch.float16: 1e-3, torch.float32: 2e-6, torch.complex64: 2e-6}


def samples(name, dtype, **options):
    return list(OPS[name].sample_inputs("cpu", dtype, **options))


def converted(value, dtype):
    return value.to(dtype) if isinstance(value, torch.Tensor) else value


def test_there_are_samples_of_all_six():
    assert all(len(samples(name, torch.float32)) >= 4 for name in NAMES)


@pytest.mark.parametrize(("name", "dtype"), DTYPES, ids=str)
def test_values(installed, name, dtype):
    found = [OPS[name](s.input, *s.args, **s.kwargs) for s in samples(name, dtype)]
    given = samples(name, dtype)
    installed.uninstall()
    exact, close = EXACT.get(dtype, dtype), CLOSE.get(dtype, 1e-14)
    for output, s in zip(found, given, strict=True):
        expected = OPS[name](s.input.to(exact), *(converted(a, exact) for a in s.args), **s.kwargs)
        assert output.shape == expected.shape
        error = (output.to(exact) - expected).abs()
        assert (error <= close * expected.abs().max()).all()


CHECKED = list(product(NAMES, [torch.float64, torch.complex128]))


@pytest.mark.parametrize(("name", "dtype"), CHECKED, ids=str)
def test_gradients_and_their_gradients(installed, name, dtype):
    for sample in samples(name, dtype, requires_grad=True):
        tensors = [t for t in (sample.input, *sample.args) if isinstance(t, torch.Tensor)]

        def run(*tensors, sample=sample):
            rest = sample.args[len(tensors) - 1 :]
            return OPS[name](*tensors, *rest, **sample.kwargs)

        assert torch.autograd.gradcheck(run, tensors, fast_mode=True)
        assert torch.autograd.gradgradcheck(run, tensors, fast_mode=True)
