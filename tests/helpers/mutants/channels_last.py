"""Mutants that run, or do not run, what their channels stand last of."""

from .base import TapConvolution, caught_by


class Last(TapConvolution):
    """Runs all by the base, whose arrays may have any strides."""

    @classmethod
    def run_channels_last(cls, geometry, operation, first, second, out, *, threads=1):
        getattr(cls(geometry, first.dtype), f"_{operation}")(first, second, out)
        return True


@caught_by("channels_last")
class SaysItRan(TapConvolution):
    @classmethod
    def run_channels_last(cls, geometry, operation, first, second, out, *, threads=1):
        return True


@caught_by("channels_last")
class RunsAndDeniesIt(Last):
    @classmethod
    def run_channels_last(cls, geometry, operation, first, second, out, *, threads=1):
        super().run_channels_last(geometry, operation, first, second, out)
        return False


@caught_by("channels_last")
class ReturnsNothing(TapConvolution):
    @classmethod
    def run_channels_last(cls, geometry, operation, first, second, out, *, threads=1):
        pass


@caught_by("channels_last")
class AddsToWhatIsThere(Last):
    @classmethod
    def run_channels_last(cls, geometry, operation, first, second, out, *, threads=1):
        before = out.copy()
        super().run_channels_last(geometry, operation, first, second, out)
        out += before
        return True


@caught_by("channels_last")
class ScalesTheImage(Last):
    @classmethod
    def run_channels_last(cls, geometry, operation, first, second, out, *, threads=1):
        super().run_channels_last(geometry, operation, first, second, out)
        first *= 2
        return True
