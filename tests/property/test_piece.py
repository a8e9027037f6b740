"""Whatever a studio may say comes back from the certificate's bytes, as it was said."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from provenance.certificate import Certificate, Issuer, StatusEntry
from provenance.documents import schema
from provenance.encoding import Digest
from provenance.errors import MalformedError, ProvenanceError
from provenance.issue import issue
from provenance.keys import Ed25519Signer, P256Signer
from provenance.limits import LIMITS
from provenance.piece import (
    FILE_TYPES,
    MEASURES,
    PHOTO_ROLES,
    PHOTO_TYPES,
    PLAIN_FIELDS,
    ROLES,
    SCAN_TYPES,
    TEXT_FIELDS,
    Consent,
    Edition,
    Firing,
    Maker,
    Part,
    Photo,
    Piece,
    PieceSet,
    Scan,
    Whole,
    WorkFile,
    entered_text,
)
from provenance.serial import ALPHABET, Serial
from tests.support.scene import ISSUER, NOW

SIGNER = P256Signer.generate()
ENTRY = StatusEntry("0123456789ab", 0)
VALIDATOR = Draft202012Validator(schema(ISSUER.base_url))

bodies = st.text(ALPHABET, min_size=12, max_size=12)
serials = bodies.map(lambda body: Serial(body + Serial.check_symbol(body)))
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs"]), min_size=1, max_size=60).filter(
    lambda text: text[-1] not in "\ufffe\uffff" and not set(text) & set("\ufffe\uffff")
)
languages = st.sampled_from(["en", "zh-Hans", "zh-Hant-TW", "ja", "ko", "fr", "pt-BR", "yue", "mn-Mong-CN"])
texts = st.dictionaries(languages, words, min_size=1, max_size=4)
maybe_texts: st.SearchStrategy[dict[str, str]] = st.just({}) | texts
days = st.dates().map(lambda day: day.isoformat())
digests = st.binary(min_size=32, max_size=32).map(Digest)
consents = st.builds(Consent, days, st.none() | digests)
makers = (
    st.builds(
        Maker, texts, st.sampled_from([role for role in ROLES if role != "visitor"]), maybe_texts, maybe_texts,
        st.none() | consents,
    )
    | st.builds(Maker, texts, st.just("visitor"), consent=consents)
    | st.builds(Maker, role=st.just("visitor"), teacher=maybe_texts)
)  # fmt: skip
editions = st.integers(1, LIMITS.edition).flatmap(
    lambda of: st.builds(Edition, st.integers(1, of), st.just(of), maybe_texts, st.booleans())
)
firings = st.builds(
    Firing, maybe_texts, maybe_texts, maybe_texts, st.none() | days, st.none() | st.integers(1, LIMITS.celsius)
)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    others = draw(st.lists(serials, min_size=5, max_size=9, unique=True))
    own, whole, part, *rest = others
    digital = draw(st.booleans())
    named = iter(draw(st.lists(digests, min_size=9, max_size=9, unique=True)))
    body = {"clay_body"} if digital else set[str]()
    facts: dict[str, object] = {
        name: draw(texts if name == "title" else maybe_texts) for name in TEXT_FIELDS.keys() - body
    }
    facts |= {name: draw(st.none() | words) for name in PLAIN_FIELDS}
    if not digital:
        facts |= {name: draw(st.none() | st.integers(1, most)) for name, (_, _, most) in MEASURES.items()}
        facts["firing"] = draw(st.none() | firings)
        facts["scans"] = tuple(
            Scan(next(named), kind) for kind in draw(st.lists(st.sampled_from(SCAN_TYPES), max_size=3))
        )
    else:
        kinds = draw(st.lists(st.sampled_from(FILE_TYPES), min_size=1, max_size=3))
        facts["files"] = tuple(WorkFile(next(named), kind) for kind in kinds)
    looks = draw(st.lists(st.tuples(st.sampled_from(PHOTO_TYPES), st.sampled_from(PHOTO_ROLES)), max_size=3))
    facts["photos"] = tuple(Photo(next(named), *look) for look in looks)
    if draw(st.booleans()):
        of_set = draw(st.permutations([own, *rest]))
        kind = draw(st.sampled_from(["set", "pair"])) if len(of_set) == 2 else "set"
        size = len(of_set) + (0 if kind == "pair" else draw(st.integers(0, 3)))
        facts["set"] = PieceSet(tuple(of_set), size, kind, draw(maybe_texts))
    if draw(st.booleans()):
        facts["part_of"] = Whole(whole, draw(maybe_texts))
    facts["parts"] = tuple(draw(st.lists(st.builds(Part, texts), max_size=2))) + draw(
        st.sampled_from([(), (Part({"en": "lid"}, part),)])
    )
    facts["makers"] = tuple(draw(st.lists(makers, max_size=3)))
    facts["edition"] = draw(st.none() | editions)
    facts["country"] = draw(st.none() | st.from_regex(r"[A-Z]{2}", fullmatch=True))
    return Piece(own, **facts)  # type: ignore[arg-type]


@given(pieces())
@settings(max_examples=150, deadline=None)
def test_a_piece_comes_back_from_its_certificate(piece: Piece) -> None:
    made = issue(piece, ISSUER, SIGNER, status_entry=ENTRY, now=NOW)
    assert Certificate.from_bytes(made.data) == made
    document = json.loads(made.data)
    assert made.data == rfc8785.dumps(document)
    VALIDATOR.validate(document)
    assert Piece.from_json(piece.to_json(), piece.photos, piece.scans, piece.files) == piece


@given(st.text(min_size=1, max_size=201))
def test_the_schema_accepts_every_name_that_an_issuer_may_have(name: str) -> None:
    try:
        issuer = Issuer(ISSUER.base_url, ISSUER.slug, name)
    except MalformedError:
        return
    document = schema(ISSUER.base_url)
    form = document["properties"]["issuer"]["properties"]["name"]
    Draft202012Validator({**form, "$defs": document["$defs"]}).validate(issuer.name)


@given(st.integers(0, 253_402_300_799), st.integers(0, 131_071), st.booleans(), st.binary(min_size=1))
@settings(max_examples=100, deadline=None)
def test_the_schema_accepts_what_is_issued(second: int, place: int, edwards: bool, replaced: bytes) -> None:
    signer = Ed25519Signer.generate() if edwards else P256Signer.generate()
    now = datetime.fromtimestamp(second, UTC)
    entry, piece = StatusEntry("0123456789ab", place), Piece(Serial.random(), {"en": "x"})
    made = issue(piece, ISSUER, signer, status_entry=entry, now=now, replaces=Digest.of(replaced))
    VALIDATOR.validate(json.loads(made.data))


json_values = st.recursive(
    st.text(max_size=5) | st.booleans() | st.integers(-5, 5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["en", "name", "value"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(pieces(), st.data())
@settings(max_examples=150, deadline=None)
def test_another_value_anywhere_is_refused_in_our_words_or_read_as_it_is(piece: Piece, data: st.DataObject) -> None:
    document = json.loads(issue(piece, ISSUER, SIGNER, status_entry=ENTRY, now=NOW).data)
    holder = document["credentialSubject"]
    while True:
        name = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
        inner = holder[name]
        if not inner or not isinstance(inner, (dict, list)) or data.draw(st.booleans()):
            holder[name] = data.draw(json_values)
            break
        holder = inner
    refused: ProvenanceError | None = None
    try:
        read = Certificate.from_document(document)
    except ProvenanceError as error:
        refused = error
    if refused is None:
        assert json.loads(read.data) == document
        VALIDATOR.validate(document)
    else:
        assert isinstance(refused, MalformedError)
        assert refused.field


@given(st.text(max_size=80))
def test_what_is_entered_is_signed_as_it_is_shown(text: str) -> None:
    try:
        entered = entered_text(text, field="title", limit=60)
    except MalformedError:
        return
    assert entered_text(entered, field="title", limit=60) == entered
    with pytest.raises(MalformedError):
        Piece(Serial.random(), {"en": entered + "\u202e"})
