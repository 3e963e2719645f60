"""The backend `torch`: what the conformance kit cannot know about PyTorch.

The kit itself runs on it in test_conformance.py, as on every backend that is available.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import util

import numpy as np
import pytest

import convcore
from convcore.plugin import Geometry
from convcore.testing import check_backend, operands

ABSENT = util.find_spec("torch") is None

LATE = """
import sys, time
import convcore.plugin
began = time.perf_counter()
import convcore_torch
seconds = time.perf_counter() - began
print("torch" in sys.modules, seconds < 0.02 or seconds)
plan = convcore_torch.TorchConvolution(convcore.plugin.Geometry.of((1, 1, 5), (1, 1, 3)), "float32")
plan.workspace_bytes("forward")
print("torch" in sys.modules)
"""


@pytest.mark.skipif(not ABSENT, reason="PyTorch is installed")
def test_without_pytorch_it_is_unavailable_and_says_what_to_do(isolated):
    convcore.register_backend("convcore_torch:TorchConvolution", "by hand")
    found = {record.name: record.state for record in convcore.backends()}
    assert found["by hand"] == "unavailable"
    with pytest.raises(convcore.BackendLoadError, match="pip install torch"):
        convcore.get_backend("by hand")


needs_torch = pytest.mark.skipif(ABSENT, reason="PyTorch is not installed (the extra 'torch')")
SHAPES = (2, 4, 9, 8), (6, 2, 3, 3)
OPTIONS = {"groups": 2, "padding": ((1, 0), (-1, 2)), "stride": (2, 1), "dilation": (1, 2)}


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed (the extra 'torch')")


@pytest.fixture
def backend(torch):
    return pytest.importorskip("convcore_torch").TorchConvolution


@needs_torch
def test_the_import_is_quick_because_pytorch_comes_later(python):
    assert python(LATE) == "False True\nFalse\n"


def test_a_sample_of_the_kit(backend):
    report = check_backend(backend, profile="quick", checks=["declaration", "error_bound"])
    assert report.ok, report


@pytest.mark.parametrize(
    ("geometry", "dtype", "code"),
    [
        (Geometry.of((1, 1, 2, 2, 2, 2), (1, 1, 1, 1, 1, 1)), "float32", "RANK"),
        (Geometry.of((1, 1, 5), (1, 1, 3)), "int32", "DTYPE"),
        (Geometry.of((1, 1, 5), (1, 1, 3), stride=2**31), "float32", "SIZE"),
        (Geometry.of((2, 1, 2**30), (1, 1, 3)), "float32", "SIZE"),
    ],
)
def test_what_pytorch_cannot_do_is_refused_with_a_code(backend, geometry, dtype, code):
    for operation in (None, "forward", "grad_input", "grad_weight"):
        assert backend.refusal(geometry, np.dtype(dtype), operation).code == code


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_it_agrees_with_what_pytorch_differentiates(torch, backend, dtype):
    """PyTorch's own autograd, of padding and convolution, is the reference here."""
    geometry = Geometry.of(*SHAPES, **OPTIONS)
    plan = backend(geometry, dtype)
    x, w = operands("random", geometry, dtype, "forward")
    g = operands("random", geometry, dtype, "grad_input")[0]
    tx, tw = (torch.from_numpy(array).requires_grad_() for array in (x, w))
    padded = torch.nn.functional.pad(tx, [-1, 2, 1, 0])
    ty = torch.nn.functional.conv2d(padded, tw, None, (2, 1), 0, (1, 2), 2)
    ty.backward(torch.from_numpy(g))
    # PyTorch conjugates the other operand, the plain bilinear maps do not.
    for ours, theirs in (
        (plan.forward(x, w), ty.detach()),
        (plan.grad_input(g, w.conj()), tx.grad),
        (plan.grad_weight(g, x.conj()), tw.grad),
    ):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-12)


def test_settings_of_pytorch_neither_change_nor_matter(torch, backend):
    x, w = (np.random.default_rng(7).standard_normal(shape, "float32") for shape in SHAPES)
    plan = convcore.plan(*SHAPES, backend=backend, **OPTIONS)
    want = plan.forward(x, w)

    def state():
        return (
            torch.get_num_threads(),
            torch.get_num_interop_threads(),
            torch.is_grad_enabled(),
            torch.is_autocast_enabled("cpu"),
            torch.get_default_dtype(),
            torch.get_rng_state().tolist(),
        )

    try:
        torch.set_default_dtype(torch.float64)
        with torch.autocast("cpu", dtype=torch.bfloat16), torch.device("meta"):
            before = state()
            got = plan.forward(x, w)
            assert state() == before
        with torch.inference_mode():
            assert np.array_equal(plan.forward(x, w), want)
    finally:
        torch.set_default_dtype(torch.float32)
    assert np.array_equal(got, want)


def test_read_only_operands_and_threads(torch, backend):
    geometry = Geometry.of(*SHAPES, **OPTIONS)
    x, w = operands("integers", geometry, "float32", "forward")
    for array in (x, w):
        array.setflags(write=False)
    plan = backend(geometry, "float32")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: plan.forward(x, w), range(16)))
    want = convcore.conv(x, w, backend="naive", **OPTIONS)
    assert all(np.array_equal(result, want) for result in results)


def test_a_limit_on_the_workspace_is_kept_or_refused(backend):
    rule = r"max_workspace: must be at least the \d+ bytes that backend 'torch' may need; got 10$"
    with pytest.raises(convcore.UnsupportedError, match=rule):
        backend(Geometry.of(*SHAPES, **OPTIONS), "float32", max_workspace=10)
    plan = backend(Geometry.of(*SHAPES, **OPTIONS), "float32", max_workspace=1 << 20)
    assert plan.workspace_bytes("forward") <= 1 << 20
