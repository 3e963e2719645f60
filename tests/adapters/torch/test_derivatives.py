"""Derivatives of `conv` and `conv_transpose` of tensors, of any order, and vmap."""

import pytest

torch = pytest.importorskip("torch")
door = pytest.importorskip("convcore.adapters.torch")

from torch_cases import PAIRS, tensor  # noqa: E402

# PyTorch itself still uses what it tells others not to.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


@pytest.mark.parametrize(("function", "make", "steps"), PAIRS)
@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_first_and_second_derivatives(function, make, steps, dtype):
    tensors = [t[..., :3].clone().requires_grad_() for t in make(steps, dtype)[:2]]
    bias = make(steps, dtype)[2].requires_grad_()

    def run(*operands):
        return function(*operands, **steps)

    assert torch.autograd.gradcheck(run, (*tensors, bias), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(run, (*tensors, bias))


@pytest.mark.parametrize(("function", "make", "steps"), PAIRS)
@pytest.mark.parametrize("axes", [(0, None), (None, 1), (1, 0)])
def test_vmap_is_a_loop(function, make, steps, axes):
    x, w, _ = make(steps)
    batched = [
        t if axis is None else torch.stack([t, 2 * t, -t], axis)
        for t, axis in zip((x, w), axes, strict=True)
    ]

    def of(i):
        return [t if a is None else t.select(a, i) for t, a in zip(batched, axes, strict=True)]

    def loss(x, w):
        return function(x, w, **steps).square().sum()

    found = torch.vmap(torch.func.grad(loss, (0, 1)), axes)(*batched)
    for i in range(3):
        for gradient, expected in zip(found, torch.func.grad(loss, (0, 1))(*of(i)), strict=True):
            torch.testing.assert_close(gradient[i], expected)


def test_a_hessian_by_forward_over_reverse():
    x, w = tensor(1, 1, 5), tensor(1, 1, 3, seed=1)
    hessian = torch.func.hessian(lambda w: door.conv(x, w).square().sum())(w).reshape(3, 3)
    windows = x.reshape(5).unfold(0, 3, 1)
    torch.testing.assert_close(hessian, 2 * windows.T @ windows)
