"""The checks of the kit, a module for each subject; each is registered under its own name."""

from . import (
    algebra,
    arrays,
    automatic,
    bad_arguments,
    channels_last,
    contract,
    copies,
    extremes,
    large,
    magnitude,
    memory,
    numbers,
    plans,
    prepared_weights,
    resident,
    side_effects,
    threads,
    variants,
)

# In the order in which they run: what others rest on first, what takes long last.
IN_ORDER = (
    contract,
    plans,
    arrays,
    bad_arguments,
    numbers,
    magnitude,
    automatic,
    extremes,
    large,
    algebra,
    side_effects,
    threads,
    memory,
    resident,
    prepared_weights,
    variants,
    copies,
    channels_last,
)
