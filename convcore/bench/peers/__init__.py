"""Other libraries to compare with: an adapter each, all with the interface of `Peer`."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import UnknownBackendError
from .interface import Call, Peer
from .jax import Jax
from .ncnn import Ncnn
from .onnxruntime import OnnxRuntime
from .openvino import OpenVino
from .scipy import SciPy
from .torch import Torch, TorchChannelsLast

__all__ = ["PEERS", "Call", "Peer", "connect"]

PEERS: dict[str, type[Peer]] = {
    peer.name: peer for peer in (Torch, TorchChannelsLast, SciPy, OnnxRuntime, OpenVino, Ncnn, Jax)
}


def connect(names: Sequence[str], threads: int) -> tuple[list[Peer], dict[str, str]]:
    """The peers of these names, and for those that are absent the reason.

    Raises
    ------
    UnknownBackendError
        If there is no adapter for a name.
    """
    present, absent = [], {}
    for name in names:
        if name not in PEERS:
            known = ", ".join(PEERS)
            raise UnknownBackendError(f"against: must be one of {known}; got {name!r}")
        try:
            present.append(PEERS[name](threads))
        except ImportError as error:
            absent[name] = str(error)
    return present, absent
