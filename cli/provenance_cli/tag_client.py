"""The registry's API for the life of tags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provenance.certificate import parse_time
from provenance.errors import MalformedError
from provenance.serial import Serial
from provenance_cli.client import RegistryClient


@dataclass(frozen=True, slots=True)
class Voided:
    """What the registry says of a tag that counts no more; whoever voided it first is believed."""

    number: int
    time: datetime
    by: str
    replacement: int | None = None


class TagClient(RegistryClient):
    """One registry, and the tags of its pieces."""

    def void_tag(self, data: bytes) -> Voided:
        """Hand a signed void in; return what counts from now on."""
        return self._voided(self._object("POST", "/api/v1/tags:void", data))

    def voided_tags(self, serial: Serial) -> list[Voided]:
        """Return the tags of a piece that count no more; raises `NotFoundError`."""
        items = self._object("GET", f"/api/v1/pieces/{serial.compact}/tags").get("voided")
        if not isinstance(items, list):
            raise self.nonsense()
        return [self._voided(item) for item in items]

    def _voided(self, item: Any) -> Voided:
        if not isinstance(item, dict):
            raise self.nonsense()
        number, by, replacement = item.get("number"), item.get("by"), item.get("replacement")
        if type(number) is not int or not isinstance(by, str) or type(replacement) not in (int, type(None)):
            raise self.nonsense()
        try:
            return Voided(number, parse_time(item.get("time"), "time"), by, replacement)
        except MalformedError:
            raise self.nonsense() from None
