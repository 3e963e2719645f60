"""`conv` and `conv_transpose` of tensors: values, derivatives of any order, vmap, compile."""

import numpy as np
import pytest

import convcore

torch = pytest.importorskip("torch")
door = pytest.importorskip("convcore.adapters.torch")

# PyTorch itself still uses what it tells others not to.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")

STEPS = [
    {},
    {"stride": (2, 1), "padding": 1},
    {"padding": "same", "dilation": (1, 2), "groups": 2},
    {"padding": ((1, 0), (2, -1)), "padding_mode": ("reflect", "circular"), "flip": True},
]
TRANSPOSED = [
    {},
    {"stride": (2, 1), "padding": 1, "output_padding": (1, 0), "groups": 2},
    {"stride": 2, "dilation": 3, "output_padding": 2, "flip": True},
    {"stride": 2, "padding": "same"},
]


def tensor(*shape, dtype="float64", seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=getattr(torch, dtype), generator=generator)


def operands(steps, dtype="float64"):
    x, b = tensor(2, 4, 6, 5, dtype=dtype), tensor(6, dtype=dtype, seed=2)
    return x, tensor(6, 4 // steps.get("groups", 1), 3, 2, dtype=dtype, seed=1), b


def transposed_operands(steps, dtype="float64"):
    x, b = tensor(2, 4, 4, 3, dtype=dtype), tensor(6, dtype=dtype, seed=2)
    return x, tensor(4, 6 // steps.get("groups", 1), 3, 2, dtype=dtype, seed=1), b


CASES = [(door.conv, convcore.conv, operands, steps) for steps in STEPS] + [
    (door.conv_transpose, convcore.conv_transpose, transposed_operands, steps)
    for steps in TRANSPOSED
]
PAIRS = [(function, make, steps) for function, _, make, steps in CASES]


@pytest.mark.parametrize(("function", "ours", "make", "steps"), CASES)
@pytest.mark.parametrize("dtype", ["float32", "complex64", "float16"])
def test_values_are_those_of_the_function_on_arrays(function, ours, make, steps, dtype):
    tensors = make(steps, dtype)
    expected = ours(*(t.numpy() for t in tensors), **steps)
    np.testing.assert_allclose(function(*tensors, **steps).numpy(), expected, rtol=2e-3, atol=2e-3)


def test_bfloat16_is_rounded_once():
    x, w = tensor(1, 8, 20, dtype="bfloat16"), tensor(3, 8, 5, dtype="bfloat16", seed=1)
    expected = door.conv(x.double(), w.double()).to(torch.bfloat16)
    assert (door.conv(x, w) == expected).float().mean() > 0.9
    torch.testing.assert_close(door.conv(x, w), expected)


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


def test_a_backend_by_name_runs_or_says_why_not():
    x, w = tensor(1, 1, 5), tensor(1, 1, 3, seed=1)
    torch.testing.assert_close(door.conv(x, w, backend="naive"), door.conv(x, w, backend="im2col"))
    with pytest.raises(convcore.UnsupportedError, match="winograd"):
        door.conv(x, w, stride=2, backend="winograd")


def test_what_does_not_fit_is_our_sentence():
    with pytest.raises(convcore.ShapeError, match="weight: "):
        door.conv(tensor(1, 2, 5), tensor(1, 3, 3))
