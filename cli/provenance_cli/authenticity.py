"""The certificate of authenticity of a piece, put together from its bundle and its photos."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from provenance.bundle import Bundle
from provenance.certificate import Certificate
from provenance.credit import credited
from provenance.decoding import Decoder
from provenance.encoding import Digest
from provenance.errors import ProvenanceError
from provenance.multilingual import text_in
from provenance.printing.authenticity import MOST_PICTURES, AuthenticityPage, Picture, print_authenticity
from provenance.printing.readback import check_page
from provenance.tag import tag_url
from provenance.verdict import Verdict
from provenance_cli.files import write_file
from provenance_cli.i18n import _, later
from provenance_cli.mapping import LABELS
from provenance_cli.telling import facts_of

CAPTIONS = {
    "overview": later("The whole piece"),
    "detail": later("A detail: compare this"),
    "base-mark": later("The base mark: compare this"),
}
"""What a photo shows, by its role."""
_ELSEWHERE = ("serial", "title", "maker", "credit_line", "photos", "mark_photos")
"""Facts that stand elsewhere on the page."""


def authenticity_page(
    bundle: Bundle,
    data: bytes,
    verdict: Verdict,
    language: str,
    photo: Callable[[Digest], bytes],
    decoder: Decoder,
    *,
    number: int = 1,
    demo: bool = False,
) -> AuthenticityPage:
    """Return the page of the piece that `bundle`, of the bytes `data`, is genuine evidence for, as `verdict` says.

    The code is that of the piece's tag `number`.  `photo` gives a photo's bytes by digest; one that is not there or
    cannot be drawn is left out.
    """
    form, receipt = bundle.form(verdict.shown), bundle.receipts[0]
    piece = form.piece
    title = piece.title_in(language, "zh-Hans", "en")
    second = "en" if language.startswith("zh") else "zh-Hans"
    other = piece.title_in(second)
    made_by = [credited(piece.makers, language, language, "zh-Hans", "en"), form.issuer.name]
    record = (
        _("Recorded on the ledger on {day}, in block {block} of chain {chain}.").format(
            day=receipt.block.time.date().isoformat(), block=receipt.block.number, chain=receipt.chain_id
        ),
        f"{_('Ledger')} {receipt.contract}",
        f"{_('Certificate')} {form.digest.hex()}",
        _("This sheet proves nothing by itself: scan the code, and compare the piece with what is shown.")
        + " "
        + _("The file inside this PDF lets anybody check the record."),
    )
    hidden = {_(LABELS[field]) for field in _ELSEWHERE}
    return AuthenticityPage(
        heading=_("Certificate of authenticity"),
        title=title,
        subtitle=other if other != title else "",
        byline=" · ".join(dict.fromkeys(word for word in made_by if word)),
        facts=tuple(fact for fact in facts_of(piece, language) if fact[0] not in hidden),
        pictures=tuple(_pictures(form, photo, decoder)),
        credit=text_in(piece.credit_line, language, "zh-Hans", "en"),
        url=tag_url(form.issuer.base_url, piece.serial, number),
        serial=str(piece.serial),
        record=record,
        signature=_("Signature or seal"),
        bundle=data,
        bundle_name=f"{piece.serial}.kilnmark.json",
        language=language,
        demo=demo,
        piece_language=piece.title_language(language, "zh-Hans", "en"),
        second_language=piece.title_language(second),
    )


def write_page(page: AuthenticityPage, path: Path, created: datetime) -> tuple[str, ...]:
    """Write the page to `path` once its code was read back; return the names of characters that the face lacks."""
    drawn = io.BytesIO()
    missing = print_authenticity(page, drawn, created=created)
    check_page(drawn.getvalue(), page.url)
    write_file(path, drawn.getvalue(), public=True)
    return missing


def _pictures(form: Certificate, photo: Callable[[Digest], bytes], decoder: Decoder) -> Iterator[Picture]:
    """Yield the photos, the whole piece and the base mark before details."""
    order = ("overview", "base-mark", "detail")
    for item in sorted(form.piece.photos, key=lambda item: order.index(item.role))[:MOST_PICTURES]:
        try:
            drawn = decoder.render(photo(item.digest))
        except (ProvenanceError, OSError):
            continue
        largest = max((name for name in drawn if name.endswith(".jpg")), key=lambda name: int(name.partition(".")[0]))
        yield Picture.of(drawn[largest], _(CAPTIONS[item.role]))
