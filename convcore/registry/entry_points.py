"""Installed entry points of the group ``convcore.backends``; nothing is imported here."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib import metadata

GROUP = "convcore.backends"


class Entry(NamedTuple):
    """One entry point: what it is called, where it points, and who ships it."""

    name: str
    value: str
    distribution: str
    version: str


def scan() -> list[Entry]:
    """All entries, the same in every order of the path, identical ones merged."""
    from importlib import metadata  # a third of the time that `import convcore` would take

    projects = {_project(found) for found in metadata.distributions() if _points(found)}
    entries = {
        (point.name, _target(point)): Entry(point.name, _target(point), project, found.version)
        for project in sorted(projects - {""}, reverse=True)
        for found in _installed(metadata.distributions(name=project))
        for point in _points(found)
    }
    return sorted(entries.values())


def forget() -> None:
    """Drop what the import system remembers of the path, so that the next scan looks again."""
    from importlib import metadata

    importlib.invalidate_caches()
    metadata.MetadataPathFinder().invalidate_caches()  # Python 3.11 does not do it by itself


def _installed(found: Iterable[metadata.Distribution]) -> list[metadata.Distribution]:
    """Of all that bear one project's name, the one that is really installed, if there is any.

    A build leaves an egg-info in the source tree, which goes stale and comes first on the path
    whenever Python runs from there; the dist-info of an installation is the truth.
    """
    return sorted(found, key=lambda entry: entry.read_text("METADATA") is None)[:1]


def _points(distribution: metadata.Distribution) -> list[metadata.EntryPoint]:
    """Entry points of our group; a damaged distribution has none."""
    try:
        return [point for point in distribution.entry_points if point.group == GROUP]
    except Exception:
        return []


def _target(point: metadata.EntryPoint) -> str:
    """``module:Class`` without the extras, which the specification lets tools ignore."""
    return point.value.partition("[")[0].strip()


def _project(distribution: metadata.Distribution) -> str:
    """Normalised name of the distribution; empty where its metadata is damaged."""
    try:
        return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    except Exception:
        return ""
