"""Ports of the loopback for servers that tests start."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 10_000


def free_port() -> int:
    """Return a port that nobody listens on, and that the system gives to nobody of itself.

    A server that is killed and started again must find its port free: meanwhile others ask the system for any.
    """
    below = int(_RANGE.read_text("ascii").split()[0]) if _RANGE.exists() else 0
    while True:
        chosen = _LOWEST + secrets.randbelow(below - _LOWEST) if below > _LOWEST + 1_000 else 0
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", chosen))
            except OSError:
                continue  # Somebody has it.
            port: int = probe.getsockname()[1]
            return port
