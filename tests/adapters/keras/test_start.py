"""Keras on NumPy: there without JAX, ours on request, and its own again afterwards."""

import sys

import pytest

pytest.importorskip("convcore.adapters.keras", exc_type=ImportError)

import convcore

USE = (
    "import sys, numpy as np\n"
    "sys.modules['jax'] = None\n"
    "from convcore.adapters import keras as door\n"
    "import keras\n"
)


@pytest.fixture
def without_jax(python):
    """A function that runs code after the door was opened where JAX cannot be imported."""
    return lambda code: python(USE + code, options=("-W", "ignore"), timeout=120).splitlines()


def test_keras_is_there_and_nothing_stands_for_jax(without_jax):
    said = without_jax(
        "print(keras.backend.backend(), door.installed())\n"
        "print([name for name in sys.modules if name.startswith('jax')\n"
        "       or name.startswith('keras.src.backend.jax')])\n"
        "print(keras.ops.relu(np.array([-1.0, 2.0])).tolist())\n"
    )
    assert said[0] == "numpy False"
    assert said[1] == "['jax']"  # which is None
    assert said[2] == "[0.0, 2.0]"


def test_a_network_runs_once_we_are_installed(without_jax):
    said = without_jax(
        "door.install(); door.install()\n"
        "net = keras.Sequential([keras.layers.Conv2D(4, 3, padding='same'),\n"
        "    keras.layers.MaxPooling2D(), keras.layers.DepthwiseConv2D(3),\n"
        "    keras.layers.Conv2DTranspose(2, 3, strides=2), keras.layers.AveragePooling2D(2)])\n"
        "print(net.predict(np.ones((1, 12, 12, 3)), verbose=0).shape, door.installed())\n"
        "door.uninstall(); print(door.installed())\n"
        "try: keras.ops.conv(np.ones((1, 3, 1)), np.ones((2, 1, 1)))\n"
        "except ImportError as error: print(error)\n"
    )
    assert said[:2] == ["(1, 4, 4, 2) True", "False"]
    assert "needs JAX, and there is none; convcore.adapters.keras.install()" in said[2]


def test_transforms_that_keras_takes_from_jax_are_numpys(without_jax):
    said = without_jax(
        "x = np.arange(8, dtype='float32').reshape(2, 4)\n"
        "for mine, theirs in ((keras.ops.fft, np.fft.fft), (keras.ops.fft2, np.fft.fft2)):\n"
        "    real, imaginary = mine((x, 2 * x)); wanted = theirs(x + 2j * x)\n"
        "    print(real.dtype, np.abs(real + 1j * imaginary - wanted).max() < 1e-4)\n"
    )
    assert said == ["float32 True"] * 2


@pytest.fixture
def door():
    from convcore.adapters import keras

    yield keras
    keras.uninstall()


def test_what_was_there_comes_back(door):
    module = sys.modules["keras.src.backend.numpy.nn"]
    before = {name: getattr(module, name) for name in door.REPLACED}
    door.install()
    assert all(getattr(module, name) is door.REPLACED[name] for name in before)
    door.uninstall()
    door.uninstall()
    assert all(getattr(module, name) is function for name, function in before.items())


def test_another_backend_is_refused(door, monkeypatch):
    monkeypatch.setattr(door.keras.backend, "backend", lambda: "torch")
    with pytest.raises(convcore.UnsupportedError, match="NumPy backend; got 'torch'; set KERAS_"):
        door.install()
    assert not door.installed()


def test_a_release_that_was_not_tried_is_refused(door, monkeypatch):
    monkeypatch.setattr(door.keras, "__version__", "3.1.5")
    with pytest.raises(convcore.UnsupportedError, match=r"^keras: must be 3.15; got 3.1.5$"):
        door.install()


def test_a_stand_in_has_no_protocol_names():
    from convcore.adapters.keras.start import Missing

    assert not hasattr(Missing("jax"), "__path__")
    with pytest.raises(ImportError, match=r"^jax.numpy: needs JAX"):
        Missing("jax").numpy  # noqa: B018
