"""Time to plan: of each backend by name, of the automatic choice, and of its explanation."""

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
