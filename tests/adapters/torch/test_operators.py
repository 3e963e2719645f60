"""The operators as PyTorch asks for them, and compiled."""

import pytest

torch = pytest.importorskip("torch")
door = pytest.importorskip("convcore.adapters.torch")

from torch_cases import tensor  # noqa: E402

# PyTorch itself still uses what it tells others not to.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")


@pytest.mark.parametrize("dynamic", [False, True])
def test_compiled_without_a_break(dynamic):
    def step(x, w, v):
        return door.conv_transpose(door.conv(x, w, padding="same").relu(), v).square().sum()

    tensors = [t.requires_grad_() for t in (tensor(2, 3, 8), tensor(4, 3, 3), tensor(4, 2, 3))]
    compiled = torch.compile(step, fullgraph=True, dynamic=dynamic, backend="aot_eager")
    found = torch.autograd.grad(compiled(*tensors), tensors)
    for gradient, expected in zip(found, torch.autograd.grad(step(*tensors), tensors), strict=True):
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("name", ["forward", "grad_input", "grad_weight"])
def test_the_operators_are_registered_as_pytorch_asks(name):
    x, w, g = (t.requires_grad_() for t in (tensor(1, 2, 5), tensor(3, 2, 3), tensor(1, 3, 3)))
    first, second, made = {"forward": (x, w, g), "grad_input": (g, w, x), "grad_weight": (g, x, w)}[
        name
    ]
    steps = [1], [0, 0], [1], 1, "zeros", ""
    operator = getattr(torch.ops.convcore, name).default
    found = torch.library.opcheck(operator, (first, second, list(made.shape), *steps))
    assert set(found.values()) == {"SUCCESS"}
