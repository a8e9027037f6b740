"""Photos on pages: the renditions that a browser may load in a photo's place."""

from __future__ import annotations

from provenance.encoding import Digest
from provenance.media import RENDITION_TYPES, RENDITION_WIDTHS
from provenance_registry.http.services import Services


def picture_of(services: Services, photo: Digest, caption: str) -> dict[str, object]:
    """Return what a template needs of a photo that is here."""
    url = f"/media/{photo.hex()}"
    names = services.renditions.names(photo)
    sources = []
    for ending, media_type in RENDITION_TYPES.items():
        drawn = [f"{width}.{ending}" for width in RENDITION_WIDTHS if f"{width}.{ending}" in names]
        if drawn:
            sizes = ", ".join(f"{url}/{name} {name.partition('.')[0]}w" for name in drawn)
            sources.append({"type": media_type, "srcset": sizes})
    return {"url": url, "caption": caption, "sources": sources}
