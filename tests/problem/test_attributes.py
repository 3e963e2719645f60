"""Attributes computed when first asked for: once, without a lock, and with their docstring."""

from convcore.problem.attributes import derived


class Square:
    def __init__(self, side):
        self.side = side
        self.computed = 0

    @derived
    def area(self):
        """The side times itself."""
        self.computed += 1
        return self.side**2


def test_it_is_computed_once_for_each_object():
    small, large = Square(2), Square(5)
    assert (small.computed, small.area, small.area, large.area) == (0, 4, 4, 25)
    assert (small.computed, large.computed) == (1, 1)
    assert vars(small)["area"] == 4


def test_it_keeps_its_docstring():
    assert Square.area.__doc__ == "The side times itself."
