"""Which server a node's address names: one that is spelled twice is one node all the same."""

from __future__ import annotations

import posixpath
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import unquote, urlsplit

PORTS = {"http": 80, "https": 443}
LOCAL = "localhost"
"""This machine, under whatever name or loopback address (RFC 6761 section 6.3)."""


def server_of(url: str) -> tuple[str, str, int, str]:
    """Return what two spellings of one server's address have in common: scheme, host, port and path.

    The host's case, a dot at its end, other spellings of IPv4 addresses, IPv4 inside IPv6 and the names of this machine
    are spellings; user names, queries and fragments are whatever one likes.  That two host names are of one machine,
    nobody can tell from here.  What is no address is itself.
    """
    try:
        parts = urlsplit(url)
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        return "", url, 0, ""
    path = posixpath.normpath("/" + unquote(parts.path).lstrip("/"))
    return parts.scheme, _host(unquote(parts.hostname or "").lower().removesuffix(".")), port, path


def shown_server(url: str) -> str:
    """Return host and port of a node's address as messages may name them: what follows may hold a key."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _host(name: str) -> str:
    if name == LOCAL or name.endswith(f".{LOCAL}"):
        return LOCAL
    address: IPv4Address | IPv6Address
    try:
        address = ip_address(name)
    except ValueError:
        try:
            # Names such as 127.1, 0x7f000001 and 017700000001 are addresses to whatever connects (inet_aton(3)).
            address = IPv4Address(socket.inet_aton(name))
        except (OSError, UnicodeEncodeError):
            return name
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return LOCAL if address.is_loopback else str(address)
