"""ONNX's backend node tests of convolutions and pools, on our evaluator: all of them."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Sequence
from typing import Any

import onnx
import onnx.backend.base
import onnx.backend.test

from convcore.adapters.onnx import OPS, Evaluator

PATTERN = "conv|pool|col2im|deform|resize|batchnorm"
# Tests that pass on a CPU with the release of onnx that is pinned.
PASSED = 151


class Prepared(onnx.backend.base.BackendRep):
    """A model, ready to run."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.evaluator = Evaluator(model)

    def run(self, inputs: Sequence[Any], **_: Any) -> tuple[Any, ...]:
        """All outputs, from the inputs in their order."""
        feeds = dict(zip(self.evaluator.input_names, inputs, strict=False))
        return tuple(self.evaluator.run(None, feeds))


class Backend(onnx.backend.base.Backend):
    """The evaluator in ONNX's own words."""

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **_: Any) -> Prepared:
        """Take a model."""
        return Prepared(model)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """The CPU only."""
        return device == "CPU"


def main() -> int:
    """0 where as many tests have passed as there are, and none has failed."""
    runner = onnx.backend.test.BackendTest(Backend, __name__).include(PATTERN)
    result = unittest.TextTestRunner(verbosity=0).run(
        unittest.TestSuite(
            unittest.defaultTestLoader.loadTestsFromTestCase(case)
            for name, case in runner.test_cases.items()
            if "Node" in name
        )
    )
    passed = result.testsRun - len(result.skipped) - len(result.failures) - len(result.errors)
    print(f"{passed} passed on {len(OPS)} operators of ours; there should be {PASSED}")
    return int(not result.wasSuccessful() or passed != PASSED)


if __name__ == "__main__":
    sys.exit(main())
