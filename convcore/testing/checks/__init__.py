"""The checks of the kit, a module for each subject; each is registered under its own name."""

from . import (
    algebra,
    arrays,
    bad_arguments,
    contract,
    large,
    memory,
    numbers,
    plans,
    prepared_weights,
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
    large,
    algebra,
    side_effects,
    threads,
    memory,
    prepared_weights,
    variants,
)
