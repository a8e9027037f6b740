"""The tag's URL: ``https://host/P/SERIAL``, and ``/2``, ``/3`` for replacement tags.

The scheme is lower-case (capital ``HTTPS://`` is not opened by several phone cameras) and the path upper-case, which
QR codes store compactly in alphanumeric mode.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from provenance.errors import ConfigurationError, MalformedError
from provenance.serial import Serial

MAX_URL = 300
"""Longest URL read from a code; a tag's own has about 50 characters."""
MAX_TAG_NUMBER = 99

_HOST = re.compile(
    r"(?=.{1,253}(?::|\Z))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*(?::[0-9]{1,5})?\Z"
)
_PATH = re.compile(r"/[Pp]/([0-9A-Za-z-]{13,20})(?:/([1-9][0-9]?))?/?\Z")


@dataclass(frozen=True, slots=True)
class TagAddress:
    """What a tag's URL says: the registry, the piece, and the number of the tag, 1 being the first."""

    base_url: str
    serial: Serial
    number: int = 1

    def __str__(self) -> str:
        return tag_url(self.base_url, self.serial, self.number)


@lru_cache(maxsize=64)  # Every certificate says it again, and few registries are met.
def check_base_url(text: str) -> str:
    """Return a registry's address in its one form, ``https://host[:port]``; raises `ConfigurationError`.

    ``http`` is accepted as well: whether a host may appear on a tag is `is_public_host`'s answer.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise _bad_address(text) from None
    host = (parts.hostname or "").lower()
    if (
        parts.scheme not in ("https", "http")
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or parts.username is not None
        or port == 0
        or not _HOST.match(host)
    ):
        raise _bad_address(text)
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, default) else "")


def _bad_address(text: str) -> ConfigurationError:
    return ConfigurationError(
        "bad-registry-address",
        "“{text}” is not the address of a registry.",
        hint="Write it like https://registry.example, without a path.",
        text=re.sub(r"//[^/@]*@", "//…@", text)[:80],  # A password in an address is nobody's to read.
    )


def host_of(base_url: str) -> str:
    """Return ``host[:port]`` of a registry's address."""
    return base_url.partition("://")[2]


def is_public_host(base_url: str) -> bool:
    """Tell whether a buyer's phone anywhere could reach this address by https, as far as its form says."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        pass
    labels = host.split(".")
    reserved = {"localhost", "local", "internal", "lan", "home", "test", "invalid", "example", "onion", "arpa"}
    return len(labels) > 1 and labels[-1] not in reserved and not labels[-1].isdigit()


def tag_url(base_url: str, serial: Serial, number: int = 1) -> str:
    """Return the URL printed on tag `number` of a piece."""
    return f"{base_url}/P/{serial.compact}" + (f"/{number}" if number > 1 else "")


def parse_tag_url(text: str) -> TagAddress:
    """Read the URL of a tag; raises `MalformedError` for anything that is not one."""
    if len(text) > MAX_URL:
        raise MalformedError("not-a-tag", "The code is too long to be a tag of ours.")
    try:
        parts = urlsplit(text.strip())
        base_url = check_base_url(f"{parts.scheme.lower()}://{parts.netloc}")
    except (ValueError, ConfigurationError):
        raise MalformedError("not-a-tag", "The code does not hold the address of a piece.") from None
    match = _PATH.match(parts.path)
    if match is None or parts.query or parts.fragment:
        raise MalformedError("not-a-tag", "The code does not hold the address of a piece.")
    return TagAddress(base_url, Serial.parse(match.group(1)), int(match.group(2) or 1))
