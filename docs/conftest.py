"""The pages are tested one by one: what one registers is unknown to the others."""

from importlib.util import find_spec

import pytest

from convcore import registry

# `.ci/run` tests that page in an environment that has dask.
collect_ignore = [] if find_spec("dask") else ["dask.md"]


@pytest.fixture(autouse=True)
def isolated():
    """No registered class before a page, and none left by it."""
    with registry.isolated():
        yield
