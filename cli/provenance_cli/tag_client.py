"""The registry's API for the life of tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from provenance.certificate import parse_time
from provenance.errors import MalformedError
from provenance.serial import Serial
from provenance.signed_orders import SignedOrder
from provenance.voids import TagVoid
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
        told = self._object("POST", "/api/v1/tags:void", data)
        return self._voided(told, SignedOrder.from_bytes(TagVoid, data).order.serial)

    def voided_tags(self, serial: Serial) -> list[Voided]:
        """Return the tags of a piece that count no more; raises `NotFoundError`."""
        items = self._object("GET", f"/api/v1/pieces/{serial.compact}/tags").get("voided")
        if not isinstance(items, list):
            raise self.nonsense()
        return [self._voided(item, serial) for item in items]

    def voided_among(self, serials: Sequence[Serial]) -> dict[Serial, list[Voided]]:
        """Return the tags of up to `MAX_ASKED` pieces that count no more, where there are any."""
        body = msgspec.json.encode({"serials": [serial.compact for serial in serials]})
        found = self._object("POST", "/api/v1/tags:voided", body).get("voided")
        asked = {serial.compact: serial for serial in serials}
        if not isinstance(found, dict) or not found.keys() <= asked.keys():
            raise self.nonsense()
        told = {asked[compact]: items for compact, items in found.items()}
        if not all(isinstance(items, list) for items in told.values()):
            raise self.nonsense()
        return {serial: [self._voided(item, serial) for item in items] for serial, items in told.items()}

    def _voided(self, item: Any, serial: Serial) -> Voided:
        """Return what the registry says, where a studio could have signed it; raises `UnreachableError` otherwise."""
        if not isinstance(item, dict):
            raise self.nonsense()
        number, by, replacement = item.get("number"), item.get("by"), item.get("replacement")
        if type(number) is not int or not isinstance(by, str) or type(replacement) not in (int, type(None)):
            raise self.nonsense()
        try:
            void = TagVoid(self.base_url, serial, number, parse_time(item.get("time"), "time"), by, replacement)
        except MalformedError:
            raise self.nonsense() from None
        return Voided(void.number, void.time, void.by, void.replacement)
