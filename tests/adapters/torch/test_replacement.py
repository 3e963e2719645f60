"""PyTorch's own modules on ours: the same results in the same order of memory, and back again."""

import pytest

import convcore

torch = pytest.importorskip("torch")
door = pytest.importorskip("convcore.adapters.torch")
from convcore.adapters.torch import replacement  # noqa: E402

# PyTorch itself still uses what it tells others not to.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")

functional = torch.nn.functional
LAST = torch.channels_last
FIRST = torch.contiguous_format
LAYERS = [
    torch.nn.Conv2d(8, 12, 3, padding=1, stride=2),
    torch.nn.Conv2d(8, 8, 3, groups=8, bias=False),
    torch.nn.Conv2d(8, 12, 1),
    torch.nn.Conv2d(8, 12, (3, 2), dilation=2, groups=4, padding="same", padding_mode="reflect"),
    torch.nn.ConvTranspose2d(8, 12, 3, stride=2, padding=1, output_padding=1, groups=2),
]


def results(layer, x):
    """Output, and the gradients of input and parameters."""
    x = x.clone().requires_grad_()
    y = layer(x)
    return y, *torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("order", [FIRST, LAST], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_layers_give_the_same_in_the_same_order(installed, layer, order, dtype):
    layer = layer.to(dtype).to(memory_format=order)
    x = torch.randn(2, 8, 9, 11).to(dtype).to(memory_format=order)
    ours = results(layer, x)
    assert len(kernels()) >= 3
    installed.uninstall()
    loose = {"rtol": 0.05, "atol": 0.1 * x.numel() ** 0.5} if dtype is torch.bfloat16 else {}
    for mine, theirs in zip(ours, results(layer, x), strict=True):
        loose_here = loose or {"rtol": 1e-4, "atol": 1e-3}
        torch.testing.assert_close(mine, theirs, check_stride=True, **loose_here)


def kernels():
    """What has been found to run by ours."""
    return [kernel for kernel in replacement._kernels.values() if kernel is not None]


@pytest.mark.parametrize("rank", [1, 3])
def test_other_ranks(installed, rank):
    convolve = (functional.conv1d, None, functional.conv3d)[rank - 1]
    x, w = torch.randn(2, 4, *[6] * rank), torch.randn(6, 2, *[3] * rank)
    ours = convolve(x, w, torch.ones(6), groups=2)
    assert len(kernels()) == 1
    installed.uninstall()
    torch.testing.assert_close(ours, convolve(x, w, torch.ones(6), groups=2))


@pytest.mark.parametrize("frozen", ["weight", "input"])
def test_only_the_gradients_that_are_wanted(installed, frozen):
    layer = torch.nn.Conv1d(2, 3, 3)
    x = torch.randn(1, 2, 9, requires_grad=frozen == "weight")
    layer.weight.requires_grad_(frozen == "input")
    layer(x).sum().backward()
    assert {key[0] for key in replacement._kernels} == {
        "forward",
        "grad_input" if frozen == "weight" else "grad_weight",
    }
    assert (x.grad is None) == (frozen == "input")
    torch.testing.assert_close(layer.bias.grad, torch.full((3,), 7.0))


def test_uninstalled_is_as_before(installed):
    x, w = torch.randn(1, 2, 9), torch.randn(3, 2, 3)
    assert installed.installed()
    functional.conv1d(x, w)
    assert replacement._kernels
    installed.uninstall()
    assert not installed.installed()
    replacement._kernels.clear()
    functional.conv1d(x, w)
    assert not replacement._kernels
    installed.uninstall()  # once more is nothing


def test_what_cannot_run_by_ours_runs_by_pytorch(installed):
    empty = functional.conv1d(torch.randn(0, 2, 9), torch.randn(3, 2, 3))
    assert empty.shape == (0, 3, 7)
    assert not kernels()
    with pytest.raises(RuntimeError, match="expected input"):
        functional.conv1d(torch.randn(1, 4, 9), torch.randn(3, 2, 3))


def test_the_faster_one_is_kept(monkeypatch):
    x, w = torch.randn(1, 2, 9), torch.randn(3, 2, 3)
    for verdict in (0, 1, 2):
        replacement._kernels.clear()
        monkeypatch.setattr(replacement, "fastest", lambda *runs, v=verdict, **_: v)
        door.install()
        try:
            functional.conv1d(x, w)
            threads = [kernel and kernel.threads for kernel in replacement._kernels.values()]
            assert threads == [(None, torch.get_num_threads(), 1)[verdict]]
        finally:
            door.uninstall()


def test_no_clock_decides_where_determinism_is_asked_for():
    replacement._kernels.clear()
    door.install()
    torch.use_deterministic_algorithms(True)
    try:
        functional.conv1d(torch.randn(1, 2, 9), torch.randn(3, 2, 3))
        assert not replacement._kernels
    finally:
        torch.use_deterministic_algorithms(False)
        door.uninstall()


def test_threads_are_those_of_pytorch_unless_options_say(installed):
    before = torch.get_num_threads()
    x, w = torch.randn(1, 2, 9), torch.randn(3, 2, 3)
    torch.set_num_threads(1)
    try:
        functional.conv1d(x, w)
        with convcore.options(threads=2):
            functional.conv1d(x, w)
    finally:
        torch.set_num_threads(before)
    assert [kernel.threads for kernel in kernels()] == [1, 2]


def test_compiled_modules_run(installed):
    model = torch.nn.Sequential(LAYERS[0].to(torch.float32), torch.nn.ReLU()).to(memory_format=LAST)
    x = torch.randn(1, 8, 9, 11).to(memory_format=LAST)
    with torch.no_grad():
        found = torch.compile(model, backend="aot_eager")(x)
    torch.testing.assert_close(found, model(x))


def test_an_unknown_choice_is_an_error():
    with pytest.raises(convcore.OptionError, match=r"^choice: must be one of faster, always; got"):
        door.install("sometimes")
    assert not door.installed()
