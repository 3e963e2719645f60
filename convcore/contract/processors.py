"""How many processors this process may really use: affinity, Python's own count, and quotas."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from math import ceil
from pathlib import Path, PurePosixPath


def available_cpus() -> int:
    """Number of processors that this process may use."""
    return usable_processors()[0]


def usable_processors() -> tuple[int, str]:
    """Number of processors that this process may use, and what says so.

    A container with a CPU quota sees all processors of its machine. Threads beyond the quota are
    stopped together until the next period, and whoever waits for them waits as long.
    """
    count, source = _scheduled()
    quota = cpu_quota()
    if quota is not None and quota < count:
        return max(1, ceil(quota)), "cgroup quota"
    return count, source


def _scheduled() -> tuple[int, str]:
    """What the scheduler, or PYTHON_CPU_COUNT, allows."""
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1, "os.process_cpu_count"
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)), "affinity"
    return os.cpu_count() or 1, "os.cpu_count"


@lru_cache(maxsize=1)
def cpu_quota(
    groups: Path = Path("/proc/self/cgroup"), mount: Path = Path("/sys/fs/cgroup")
) -> float | None:
    """Processors' worth of time that control groups leave this process; None without a limit.

    Every group above counts too. Where a container does not see its own path, the top of what is
    mounted is its own group.
    """
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    quotas = [quota for line in lines for quota in _quotas(line, mount)]
    return min(quotas, default=None)


def _quotas(line: str, mount: Path) -> Iterator[float]:
    """Quotas of one line of /proc/self/cgroup, ``hierarchy:controllers:path``."""
    hierarchy, _, rest = line.partition(":")
    controllers, _, path = rest.partition(":")
    relative = PurePosixPath(path.lstrip("/"))
    for group in (relative, *relative.parents):
        if hierarchy == "0":  # version 2 has one hierarchy for all controllers
            yield from _quota(mount / group, "cpu.max")
        elif "cpu" in controllers.split(","):
            yield from _quota(mount / "cpu" / group, "cpu.cfs_quota_us", "cpu.cfs_period_us")


def _quota(folder: Path, *names: str) -> Iterator[float]:
    """Quota by period, from one file with both or two with one each; "max" or -1 is none."""
    try:
        words = [word for name in names for word in (folder / name).read_text().split()]
        quota, period = map(int, words)
    except (OSError, ValueError):
        return
    if quota > 0 and period > 0:
        yield quota / period
