"""The pages are tested one by one: what one registers is unknown to the others."""

from importlib.util import find_spec

import pytest

from convcore import registry

# The build runs the examples, and `.ci/run` tests the page of dask where dask is.
collect_ignore_glob = ["*.py"]
collect_ignore = [] if find_spec("dask") else ["dask.md"]


@pytest.fixture(autouse=True)
def isolated():
    """No registered class before a page, and none left by it."""
    with registry.isolated():
        yield
