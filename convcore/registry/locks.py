"""The two locks of the registry, and what happens to them in a fork.

Whoever holds both takes `loading` first. A fork waits until no other thread holds one of them: the
child would inherit it taken for ever, and with it a module that is half imported.
"""

from __future__ import annotations

import os
import threading

# While a backend is imported. One for all, since plugins that use each other while they are
# imported would wait in a circle for two.
loading = threading.RLock()
# While the table of backends is read or changed.
table = threading.Lock()


def _acquire() -> None:
    loading.acquire()
    table.acquire()


def _release() -> None:
    table.release()
    loading.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_acquire, after_in_parent=_release, after_in_child=_release)
