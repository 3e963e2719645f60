"""Doors to other libraries: none is opened unless it is asked for, and what is missing is told."""

import pytest

NAMES = ("autograd", "dask", "dask_image", "jax", "keras", "onnx", "torch")
LIBRARIES = {name: name for name in NAMES}
ADVICE = {name: f'pip install "convcore[{name}]"' for name in NAMES}
ADVICE["dask_image"] = "pip install dask-image"


@pytest.mark.parametrize("adapter", LIBRARIES)
def test_a_missing_library_is_one_sentence(python, adapter):
    said = python(
        f"import sys; sys.modules['{LIBRARIES[adapter]}'] = None\n"
        f"try: import convcore.adapters.{adapter}\n"
        "except ImportError as error: print(error)"
    )
    assert said.startswith(f"convcore.adapters.{adapter}: needs ")
    assert said.endswith(f"install it with: {ADVICE[adapter]}\n")
    assert said.count("\n") == 1


def test_no_library_is_imported_unless_it_is_asked_for(python):
    loaded = python(
        "import sys, convcore, convcore.adapters, convcore.network, convcore.demo\n"
        f"print([name for name in {list(LIBRARIES.values())} if name in sys.modules])"
    )
    assert loaded == "[]\n"
