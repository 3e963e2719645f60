"""Installed entry points of the group ``convcore.backends``; nothing is imported here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata
from typing import NamedTuple

GROUP = "convcore.backends"


class Entry(NamedTuple):
    """One entry point: what it is called, where it points, and who ships it."""

    name: str
    value: str
    distribution: str
    version: str


def scan() -> list[Entry]:
    """All entries, the same in every order of the path, identical ones merged."""
    projects = {_project(found) for found in metadata.distributions() if _points(found)}
    entries = {
        (point.name, point.value): Entry(point.name, point.value, project, found.version)
        for project in sorted(projects - {""}, reverse=True)
        for found in _installed(project)
        for point in _points(found)
    }
    return sorted(entries.values())


def _installed(project: str) -> Iterable[metadata.Distribution]:
    """The distribution that is really installed under this name, or nothing.

    A build leaves an egg-info in the source tree, which goes stale and comes first on the path
    whenever Python runs from there; the dist-info of an installation is the truth.
    """
    found = list(metadata.distributions(name=project))
    return sorted(found, key=lambda entry: entry.read_text("METADATA") is None)[:1]


def _points(distribution: metadata.Distribution) -> list[metadata.EntryPoint]:
    """Entry points of our group; a damaged distribution has none."""
    try:
        return [point for point in distribution.entry_points if point.group == GROUP]
    except Exception:
        return []


def _project(distribution: metadata.Distribution) -> str:
    """Normalised name of the distribution; empty where its metadata is damaged."""
    try:
        return re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    except Exception:
        return ""
