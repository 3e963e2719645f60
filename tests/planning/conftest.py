"""What the tests of the choice share."""

import pytest


@pytest.fixture
def four(register):
    """Backends 1 to 4, which run only by name and fill results with their number."""
    for number in range(1, 5):
        register(f"b{number}", value=number, automatic=False)
