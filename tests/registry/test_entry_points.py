"""Scanning what is installed: once, lazily, and whatever lies on the path."""

from __future__ import annotations

import json
import os
import warnings

import numpy as np
import pytest
from fakes import backend_source

import convcore
from convcore import registry

pytestmark = pytest.mark.usefixtures("isolated")


COUNTED = """
import json, sys
from importlib import metadata

scans = 0
original = metadata.distributions

def counted(**arguments):
    global scans
    scans += not arguments
    return original(**arguments)

metadata.distributions = counted
metadata.entry_points = None  # would be a scan of its own
import convcore

after_import, loaded = scans, sorted(sys.modules)
import numpy as np

for extent in range(3, 103):
    convcore.conv(np.ones((1, 1, extent)), np.ones((1, 1, 3)))
print(json.dumps([after_import, scans, loaded]))
"""


def names():
    return {record.name for record in registry.records()}


def ran(backend, extent=5, **options):
    """The value that fills the results of the fake backend that runs."""
    result = convcore.conv(np.ones((1, 1, extent)), np.ones((1, 1, 3)), backend=backend, **options)
    return result.flat[0]


BACKEND = backend_source("fake")


POINTS = {"fake": "fake_plugin:Fake"}


def test_import_scans_nothing_and_a_hundred_dispatches_scan_once(python):
    after_import, scans, loaded = json.loads(python(COUNTED))
    assert after_import == 0
    assert scans == 1
    heavy = ("scipy.fft", "scipy.signal", "convcore_", "convcore.testing", "convcore.network")
    assert [name for name in loaded if name.startswith(heavy)] == []


def test_the_same_distribution_twice_on_the_path_is_one(fake_distribution):
    for folder in ("first", "second"):
        fake_distribution("plugin", POINTS, {"fake_plugin": BACKEND}, folder=folder)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [found.name for found in convcore.backends()].count("fake") == 1
        assert ran("fake") == 7


def test_the_same_entry_point_of_two_distributions_is_one(fake_distribution):
    fake_distribution("plugin", POINTS, {"fake_plugin": BACKEND})
    fake_distribution("plugin-gpu", POINTS)
    assert [name for name in names() if "fake" in name] == ["fake"]
    assert ran("fake") == 7


@pytest.mark.parametrize("folder", ["site", "checkout"])
def test_a_stale_egg_info_gives_way_to_the_installation(fake_distribution, folder):
    fake_distribution("plugin", POINTS, {"fake_plugin": BACKEND})
    stale = {"fake": "fake_plugin:OldName", "gone": "fake_plugin:Gone"}
    fake_distribution("plugin", stale, kind="egg-info", folder=folder, version="0.1")
    assert ran("fake") == 7
    assert "gone" not in names()


def test_a_stale_egg_info_in_the_working_directory(python, tmp_path):
    stale = tmp_path / "convcore.egg-info"
    stale.mkdir()
    (stale / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: convcore\nVersion: 0.0.1\n")
    (stale / "entry_points.txt").write_text("[convcore.backends]\nnaive = convcore.nothing:Old\n")
    code = "import convcore; print(convcore.get_backend('naive').__module__)"
    with_warnings_as_errors = ("-W", "error::RuntimeWarning")
    assert python(code, options=with_warnings_as_errors) == "convcore_naive\n"


def test_a_damaged_distribution_hurts_nobody(fake_distribution, tmp_path):
    fake_distribution("plugin", POINTS, {"fake_plugin": BACKEND})
    empty = tmp_path / "site" / "empty-1.0.dist-info"
    empty.mkdir()
    (empty / "entry_points.txt").write_text("[convcore.backends]\nlost = lost:Lost\n")
    garbled = fake_distribution("garbled", {}).metadata
    (garbled / "entry_points.txt").write_bytes(b"\xff\xfe no = ] ini [ file")
    convcore.refresh_backends()
    assert ran("fake") == 7
    assert "lost" not in names()


def test_extras_of_an_entry_point_are_ignored(fake_distribution):
    fake_distribution("plugin", {"fake": "fake_plugin:Fake [gpu]"}, {"fake_plugin": BACKEND})
    assert ran("fake") == 7


def test_what_is_installed_in_a_session_is_seen_after_refresh(fake_distribution, tmp_path):
    fake_distribution("first", {}, {"fake_plugin": BACKEND})
    before = names()
    site = tmp_path / "site"
    stamp = site.stat()
    installed = fake_distribution("plugin", POINTS)
    # A cache that trusts the folder's time would miss this.
    os.utime(site, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    convcore.refresh_backends()
    assert names() == before | {"fake"}
    assert ran("fake") == 7
    installed.uninstall()
    assert names() == before
    with pytest.raises(convcore.UnknownBackendError):
        ran("fake")


def test_nothing_is_written_beside_what_is_scanned(fake_distribution, tmp_path):
    fake_distribution("plugin", POINTS, {"fake_plugin": BACKEND})
    convcore.backends()
    written = {path.name for path in (tmp_path / "site").iterdir()} - {"__pycache__"}
    assert written == {"plugin-1.0.dist-info", "fake_plugin.py"}
