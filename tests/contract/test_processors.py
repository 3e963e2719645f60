"""The number of processors: what the scheduler allows, unless a container has less."""

import os
import sys

import pytest

from convcore import settings
from convcore.contract import usable_processors

module = sys.modules["convcore.contract.processors"]


def quota(tmp_path, lines, files):
    """What `cpu_quota` says of a machine with these control groups."""
    (tmp_path / "groups").write_text(lines)
    for name, text in files.items():
        path = tmp_path / "mount" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return module.cpu_quota.__wrapped__(tmp_path / "groups", tmp_path / "mount")


V2 = "0::/system.slice/job.scope\n"
V1 = "4:memory:/job\n3:cpu,cpuacct:/job\n0::/\n"
CASES = {
    "its own group": (V2, {"system.slice/job.scope/cpu.max": "150000 100000\n"}, 1.5),
    "a group above": (V2, {"system.slice/cpu.max": "200000 100000\n"}, 2.0),
    "the least of all": (
        V2,
        {"cpu.max": "400000 100000", "system.slice/job.scope/cpu.max": "300000 100000"},
        3.0,
    ),
    "no limit": (V2, {"system.slice/job.scope/cpu.max": "max 100000\n"}, None),
    "inside a container": ("0::/\n", {"cpu.max": "200000 100000\n"}, 2.0),
    "its path is not mounted": (V2, {"cpu.max": "250000 100000\n"}, 2.5),
    "version 1": (
        V1,
        {"cpu/job/cpu.cfs_quota_us": "50000\n", "cpu/job/cpu.cfs_period_us": "100000\n"},
        0.5,
    ),
    "version 1 without a limit": (
        V1,
        {"cpu/job/cpu.cfs_quota_us": "-1\n", "cpu/job/cpu.cfs_period_us": "100000\n"},
        None,
    ),
    "another controller's": (V1, {"memory/job/cpu.max": "100000 100000"}, None),
    "nonsense": (V2, {"cpu.max": "a lot", "system.slice/cpu.max": "1 0"}, None),
    "nothing at all": ("", {}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_quota_of_control_groups(tmp_path, case):
    lines, files, want = CASES[case]
    assert quota(tmp_path, lines, files) == want


def test_without_control_groups_there_is_no_quota(tmp_path):
    assert module.cpu_quota.__wrapped__(tmp_path / "missing", tmp_path) is None


@pytest.mark.usefixtures("isolated")
@pytest.mark.parametrize(
    ("allowed", "share", "want"),
    [
        (64, 2.0, (2, "cgroup quota")),
        (64, 1.5, (2, "cgroup quota")),
        (64, 0.1, (1, "cgroup quota")),
        (4, 8.0, (4, "affinity")),
        (4, None, (4, "affinity")),
    ],
)
def test_a_quota_counts_where_it_is_less(monkeypatch, allowed, share, want):
    monkeypatch.setattr(module, "_scheduled", lambda: (allowed, "affinity"))
    monkeypatch.setattr(module, "cpu_quota", lambda: share)
    assert usable_processors() == want
    threads = next(entry for entry in settings.provenance() if entry.option == "threads")
    assert (threads.value, threads.source) == want


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity cannot be set")
def test_affinity_counts(python):
    code = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import convcore
print(convcore.plan((1, 1, 8), (1, 1, 3)).threads)
"""
    assert python(code).strip() == "1"
