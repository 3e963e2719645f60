"""Time to plan: of each backend by name, of the automatic choice, and of its explanation.

What a first call of `conv` adds is seen where every call meets a geometry that is new to the
process: to the host, which keeps calls by their shapes, and to backends that keep their own plans.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import count, cycle, islice, product

import numpy as np

import convcore

from .common import BACKENDS, BRIEF, REPEAT, TIMER, bind, geometry_of


def arguments(problem):
    """What `convcore.plan` takes for a problem."""
    geometry = geometry_of(problem)
    names = ("stride", "padding", "dilation", "groups")
    options = {name: getattr(geometry, name) for name in names}
    return (geometry.input_shape, geometry.weight_shape), options


class Named:
    params = (BACKENDS, BRIEF)
    param_names = ("backend", "problem")
    version = "1"
    timer, repeat = TIMER, REPEAT

    def setup(self, backend, problem):
        bind(backend, problem, None)
        self.shapes, self.options = arguments(problem)

    def time_plan(self, backend, problem):
        convcore.plan(*self.shapes, **self.options, backend=backend)


class Automatic:
    params = (BRIEF,)
    param_names = ("problem",)
    version = "1"
    timer, repeat = TIMER, REPEAT

    def setup(self, problem):
        self.shapes, self.options = arguments(problem)
        convcore.backends()

    def time_plan(self, problem):
        convcore.plan(*self.shapes, **self.options)

    def time_explain(self, problem):
        convcore.explain(*self.shapes, **self.options)


# 16 channels in and out: 300 lengths with 5 taps, 100 sizes of images with 3 x 3, in one round.
CHANNELS = 16
LENGTHS, IMAGES = 300, 100


def lengths() -> Iterator[tuple[int, ...]]:
    """Shapes of signals of 100 elements and more, no two alike."""
    return ((1, CHANNELS, length) for length in count(100))


def images() -> Iterator[tuple[int, ...]]:
    """Shapes of images from 20 x 20 on, no two alike, ten widths for each height."""
    return ((1, CHANNELS, *sizes) for sizes in product(range(20, 10_000), range(20, 30)))


@lru_cache(maxsize=1)
def everything_is_loaded():
    """Have all backends imported what they import at their first call, with fewer channels."""
    convcore.refresh_backends()
    input, weight = np.ones((1, 4, 8, 8), np.float32), np.ones((4, 4, 3, 3), np.float32)
    for record in convcore.backends():
        if record.state == "available":
            convcore.conv(input, weight, backend=[record.name, "naive"])
    convcore.conv(input, weight)


class FirstCall:
    """`conv` of a geometry that nobody has seen, by the automatic choice: planned, and run."""

    version = "1"
    timer, number, warmup_time = TIMER, 1, 0
    shapes_1d, shapes_2d = lengths(), images()
    weight_1d = np.ones((CHANNELS, CHANNELS, 5), np.float32)
    weight_2d = np.ones((CHANNELS, CHANNELS, 3, 3), np.float32)

    def setup(self):
        """Before every sample: operands whose extents are new."""
        everything_is_loaded()
        self.signal = np.ones(next(self.shapes_1d), np.float32)
        self.image = np.ones(next(self.shapes_2d), np.float32)

    def time_length(self):
        convcore.conv(self.signal, self.weight_1d)

    def time_image(self):
        convcore.conv(self.image, self.weight_2d)

    time_length.repeat = (LENGTHS, LENGTHS, 60.0)
    time_image.repeat = (IMAGES, IMAGES, 60.0)


@lru_cache(maxsize=1)
def round_of_signals():
    """Signals of 300 lengths, once each of them has been met."""
    everything_is_loaded()
    signals = [np.ones(shape, np.float32) for shape in islice(lengths(), LENGTHS)]
    for signal in signals:
        convcore.conv(signal, FirstCall.weight_1d)
    return cycle(signals)


class GoingRound:
    """`conv` of 300 lengths in turn, each of which was met before."""

    version = "1"
    timer, number, warmup_time = TIMER, 1, 0
    repeat = (LENGTHS, LENGTHS, 60.0)

    def setup(self):
        self.signal = next(round_of_signals())

    def time_length(self):
        convcore.conv(self.signal, FirstCall.weight_1d)
