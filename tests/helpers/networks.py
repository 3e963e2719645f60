"""What the tests of networks share: layers of every kind, a small network, data for it."""

import os
from contextlib import suppress

import numpy as np

import convcore
from convcore import Geometry
from convcore.network import Convolutional, Dense, Flatten, MaxPooling, Network
from convcore.network.losses import softmax_cross_entropy
from convcore.problem import OPERATIONS

# What a backend has to take that a network runs on.
DENSE = Geometry.of((2, 2, 5, 5), (3, 2, 3, 3), padding=1)


def backends_for(dtype):
    """Names of the backends that are here and compute whole networks in `dtype`."""
    return [
        record.name
        for record in convcore.backends()
        if record.state == "available" and takes_networks(record.name, dtype)
    ]


def takes_networks(name, dtype):
    """Whether a backend has all three operations of a dense layer."""
    refusal = convcore.get_backend(name).refusal
    return all(refusal(DENSE, np.dtype(dtype), operation) is None for operation in OPERATIONS)


# Constructor arguments of a Convolutional layer, and the extents of an input for it.
PROBLEMS = {
    "1-D": (dict(in_channels=1, out_channels=1, kernel_extents=(3,)), (7,)),
    "1-D strided": (dict(in_channels=2, out_channels=3, kernel_extents=(3,), stride=2), (8,)),
    "1-D wide": (
        dict(in_channels=2, out_channels=2, kernel_extents=(3,), dilation=3, padding="same"),
        (9,),
    ),
    "1-D circular": (
        dict(
            in_channels=1, out_channels=2, kernel_extents=(4,), padding=2, padding_mode="circular"
        ),
        (6,),
    ),
    "2-D": (dict(in_channels=3, out_channels=2, kernel_extents=(2, 3)), (4, 5)),
    "2-D everything": (
        dict(
            in_channels=4,
            out_channels=6,
            kernel_extents=(3, 2),
            stride=(2, 1),
            dilation=(1, 2),
            padding=((1, 0), (0, 2)),
            groups=2,
        ),
        (6, 5),
    ),
    "2-D reflect": (
        dict(
            in_channels=2,
            out_channels=2,
            kernel_extents=(3, 3),
            padding=1,
            padding_mode="reflect",
            bias=False,
        ),
        (4, 4),
    ),
    "3-D": (dict(in_channels=2, out_channels=2, kernel_extents=(2, 1, 2), stride=2), (4, 3, 4)),
}


def convolutional(problem, activation="identity", **options):
    """A float64 layer of that problem, and an input for it."""
    arguments, extents = PROBLEMS[problem]
    layer = Convolutional(**arguments | options, activation=activation, dtype="float64", seed=1)
    if "bias" in layer.parameters:
        layer.parameters["bias"][:] = np.random.default_rng(2).standard_normal(
            layer.parameters["bias"].shape
        )
    x = np.random.default_rng(3).standard_normal((2, arguments["in_channels"], *extents))
    return layer, x


def small_network(dtype="float64", activation="tanh", seed=5):
    """Two convolutional layers, pooling and a dense layer, over images of 6 x 6."""
    rng = np.random.default_rng(seed)
    common = dict(padding="same", activation=activation, dtype=dtype, seed=rng)
    return Network(
        [
            Convolutional(1, 4, (3, 3), **common),
            Convolutional(4, 6, (3, 3), **common),
            MaxPooling((2, 2)),
            Flatten(),
            Dense(6 * 3 * 3, 3, dtype=dtype, seed=rng),
        ]
    )


def small_data(dtype="float64", count=48):
    """Images of noise with a bar in one of three directions, and which one it is."""
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 3, count)
    x = rng.standard_normal((count, 1, 6, 6)) * 0.3
    bars = np.stack([np.eye(6), np.fliplr(np.eye(6)), np.outer(np.arange(6) == 2, np.ones(6))])
    return (x + bars[labels][:, None]).astype(dtype), labels


def check_pictures(outcome, folder):
    """All pictures of a training are there, are PNG images, and are not one colour."""
    from matplotlib.image import imread

    assert sorted(folder.iterdir()) == sorted(outcome.pictures)
    assert len(outcome.pictures) == 4
    for path in outcome.pictures:
        image = imread(path)
        assert min(image.shape[:2]) >= 400
        assert image.std() > 0.05


class DiesOnce:
    """A loss whose process dies in the fifth call or soon after it, and no other with it.

    It stands here, where the processes of a cluster find it too.
    """

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, output, target):
        calls = len(list(self.folder.glob("call*")))
        (self.folder / f"call{calls}-{os.getpid()}").touch()
        if calls >= 4:
            with suppress(FileExistsError), (self.folder / "died").open("x") as file:
                file.write(str(os.getpid()))
                file.flush()
                os._exit(1)
        return softmax_cross_entropy(output, target)
