"""The face that backends import is enough to write one."""

import numpy as np
import pytest

import convcore
from convcore import plugin
from convcore.testing import check_backend


def test_its_names_are_those_of_the_rooms_below():
    rooms = (convcore.contract, convcore.errors, convcore.problem)
    for name in plugin.__all__:
        assert any(getattr(room, name, None) is getattr(plugin, name) for room in rooms)


class Sliding(plugin.Convolution):
    """Slices of the padded input times the taps, for the forward pass of one dimension."""

    name = "sliding"
    declaration = plugin.Declaration(dtypes=("float64",), ranks=range(1, 2))

    @classmethod
    def refusal(cls, geometry, dtype, operation=None):
        plain = geometry.groups == geometry.stride[0] == geometry.dilation[0] == 1
        if operation in ("grad_input", "grad_weight"):
            return plugin.Refusal("OPERATION", f"{operation} is not written")
        steps = plugin.Refusal("STEPS", "only one group and steps of 1")
        return super().refusal(geometry, dtype, operation) or (None if plain else steps)

    def _forward(self, input, weight, output):
        (before, after), extent = self.geometry.padding[0], output.shape[2]
        padded = np.pad(input, ((0, 0), (0, 0), (max(before, 0), max(after, 0))))
        padded = padded[:, :, max(-before, 0) :]
        output[...] = sum(
            np.einsum("ncs,kc->nks", padded[:, :, r : r + extent], weight[:, :, r])
            for r in range(weight.shape[2])
        )

    def _grad_input(self, grad_output, weight, grad_input):
        raise plugin.UnsupportedError("refused before")

    _grad_weight = _grad_input


def test_a_backend_can_be_written_with_nothing_else():
    checks = ["declaration", "refusal", "undeclared_is_refused", "exact_integers", "error_bound"]
    report = check_backend(Sliding, checks=checks)
    assert report.ok, str(report)
    x, w = np.arange(5.0)[None, None], np.array([[[1.0, 10.0]]])
    assert convcore.conv(x, w, backend=Sliding).tolist() == [[[10, 21, 32, 43]]]


@pytest.mark.parametrize("heavy", ["scipy.fft", "scipy.signal", "convcore.testing", "convcore_"])
def test_importing_it_loads_no_backend_and_nothing_heavy(heavy, python):
    code = "import sys, convcore.plugin\n"
    code += f"print([name for name in sys.modules if name.startswith({heavy!r})])"
    assert python(code) == "[]\n"
