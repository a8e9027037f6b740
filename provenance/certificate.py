"""The certificate of a piece: a W3C Verifiable Credential 2.0 in one exact spelling.

A `Certificate` holds the canonical bytes that were signed and the values read from them.  Reading is strict: the
values are rendered again and must give the same document, so that nothing unread can hide in a certificate.  Whether
the signature fits is `Certificate.check_signature`'s answer, whether the signer may be believed the ledger's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import cast
from urllib.parse import quote, unquote

from provenance.canonical import JSONObject, JSONValue, join, load, parse_canonical
from provenance.encoding import Digest
from provenance.errors import ConfigurationError, MalformedError
from provenance.keys import PublicKey
from provenance.members import digest
from provenance.piece import Photo, Piece, Scan, WorkFile
from provenance.proof import Proof
from provenance.tag import check_base_url, host_of, tag_url

MAX_CERTIFICATE_BYTES = 65_536
"""Largest certificate: all texts in a dozen languages and 24 photos fit in; a phone reads it at once."""
MAX_ISSUER_NAME = 200
STATUS_LIST_BITS = 131_072
"""Entries of one status list (Bitstring Status List 1.0 section 3: herd privacy)."""

CREDENTIALS_CONTEXT = "https://www.w3.org/ns/credentials/v2"
CONTEXT_PATH = "/contexts/piece/v1"
SCHEMA_PATH = "/schemas/piece/v1"

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
_NOT_PRINTABLE = re.compile(
    "["
    "\0-\x1f\x7f-\x9f"  # Controls (Cc), then separators (Z) but the space, surrogates and private use.
    "\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\uf8ff\U000f0000-\U0010ffff"
    # Format characters (Cf) of Unicode 16, written out: later versions add some, and Pythons know different ones.
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
    "\ufdd0-\ufdef" + "".join(chr(plane << 16 | last) for plane in range(15) for last in (0xFFFE, 0xFFFF)) + "]"
)
"""What a studio's name cannot hold; a symbol that Unicode assigns later is none of these."""
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z\Z").match
"""The one spelling; what is no day or no hour, the reader of dates refuses."""
_LIST_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{12}\Z")


def format_time(moment: datetime) -> str:
    """Return an aware time as ``2026-11-24T10:17:34Z``, in whole seconds."""
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


def parse_time(text: object, field: str) -> datetime:
    """Read what `format_time` writes; raises `MalformedError`."""
    try:
        if isinstance(text, str) and _TIME(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise MalformedError("bad-time", "Expected a time like 2026-11-24T10:17:34Z.", field=field)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A studio as the issuer of certificates at one registry."""

    base_url: str
    slug: str
    name: str
    did: str = field(init=False)
    """The DID, ``did:web:<host>:studios:<slug>`` (a port's colon is percent-encoded, did:web section 3.1)."""

    def __post_init__(self) -> None:
        if check_base_url(self.base_url) != self.base_url:
            raise MalformedError(
                "bad-registry-address", "The registry's address is not in its one form.", field="issuer"
            )
        if not _SLUG.match(self.slug):
            raise MalformedError(
                "bad-slug", "A studio's short name has lower-case letters, digits and hyphens.", field="issuer.id"
            )
        if not self.name.strip(" ") or len(self.name) > MAX_ISSUER_NAME or _NOT_PRINTABLE.search(self.name):
            raise MalformedError("bad-studio-name", "A studio's name is one line of text.", field="issuer.name")
        did = f"did:web:{quote(host_of(self.base_url), safe='.-')}:studios:{self.slug}"
        object.__setattr__(self, "did", did)


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A place in a status list: `list_id` was drawn by the workshop folder, `index` counts from 0."""

    list_id: str
    index: int

    def __post_init__(self) -> None:
        if not _LIST_ID.match(self.list_id) or not 0 <= self.index < STATUS_LIST_BITS:
            raise MalformedError(
                "bad-status-entry", "The place in the status list is malformed.", field="credentialStatus"
            )


@dataclass(frozen=True, slots=True)
class Certificate:
    """A secured certificate: its exact bytes, and what they say.

    `valid_from` is the issuer's own word: it proves nothing.  `replaces` is the digest of the certificate that this
    one amends.
    """

    data: bytes
    digest: Digest
    issuer: Issuer
    piece: Piece
    proof: Proof
    status_entry: StatusEntry
    valid_from: datetime
    replaces: Digest | None

    @property
    def public_key(self) -> PublicKey:
        """The key that the certificate is signed with."""
        return self.proof.key

    @classmethod
    def from_bytes(cls, data: bytes) -> Certificate:
        """Read a certificate in its canonical bytes; raises `MalformedError` for anything else.

        The signature is not checked.
        """
        return cls._read(parse_canonical(data, limit=MAX_CERTIFICATE_BYTES), data)

    @classmethod
    def from_document(cls, document: JSONObject) -> Certificate:
        """Read a certificate that stands in a larger canonical document, as `from_bytes` does."""
        return cls._read(document, secured_bytes(document))

    @classmethod
    def _read(cls, document: JSONObject, data: bytes) -> Certificate:
        proof = Proof.of(document)
        try:
            issuer, piece, entry = _read_issuer(document), _read_piece(document), _read_status(document)
        except ConfigurationError as error:  # An address inside the certificate: malformed, not misconfigured.
            raise MalformedError.like(error, field="credentialSubject.id") from None
        valid_from = parse_time(document.get("validFrom"), "validFrom")
        replaces = digest(document["replaces"], "replaces") if "replaces" in document else None
        expected = render(piece, issuer, entry, valid_from, replaces)
        expected["proof"] = document["proof"]
        if expected != document:
            where = _difference(expected, document)
            raise MalformedError("not-a-certificate", "A member is unknown or has another form.", field=where)
        if proof.options["verificationMethod"] != f"{issuer.did}#{proof.key.multikey}":
            raise MalformedError(
                "not-a-certificate", "The proof names another issuer.", field="proof.verificationMethod"
            )
        parse_time(proof.options.get("created"), "proof.created")
        return cls(data, Digest.of(data), issuer, piece, proof, entry, valid_from, replaces)

    def document(self) -> JSONObject:
        """Return the certificate as a JSON object, read afresh from its bytes."""
        return cast(JSONObject, load(self.data))  # Canonical by construction.

    def check_signature(self) -> None:
        """Return if the proof fits the content; raise `VerificationError` otherwise."""
        self.proof.verify()


def render(
    piece: Piece, issuer: Issuer, entry: StatusEntry, valid_from: datetime, replaces: Digest | None
) -> JSONObject:
    """Return the credential without a proof."""
    base = issuer.base_url
    subject = piece.to_json()
    subject["id"] = tag_url(base, piece.serial)
    subject["type"] = "DigitalPiece" if piece.files else "Piece"
    document: JSONObject = {
        "@context": [CREDENTIALS_CONTEXT, base + CONTEXT_PATH],
        "type": ["VerifiableCredential", "PieceCertificate"],
        "issuer": {"id": issuer.did, "name": issuer.name},
        "validFrom": format_time(valid_from),
        "credentialSchema": {"id": base + SCHEMA_PATH, "type": "JsonSchema"},
        "credentialStatus": {
            "id": f"{base}/status/{entry.list_id}#{entry.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(entry.index),
            "statusListCredential": f"{base}/status/{entry.list_id}",
        },
        "credentialSubject": subject,
    }
    if piece.photos or piece.scans or piece.files:
        document["relatedResource"] = _add_resources(subject, piece, base)
    if replaces is not None:
        document["replaces"] = replaces.multibase()
    return document


def _add_resources(subject: JSONObject, piece: Piece, base: str) -> list[JSONValue]:
    """Name the photos, scans and files in the subject; return their digests, in the same order."""
    resources: list[JSONValue] = []
    for name, kind, items in (
        ("image", "ImageObject", piece.photos),
        ("scan", "3DModel", piece.scans),
        ("file", "MediaObject", piece.files),
    ):
        named: list[JSONValue] = []
        for item in items:
            url = f"{base}/media/{item.digest.hex()}"
            named.append(
                {"id": url, "type": kind, "role": item.role} if isinstance(item, Photo) else {"id": url, "type": kind}
            )
            resources.append({"id": url, "mediaType": item.media_type, "digestMultibase": item.digest.multibase()})
        if named:
            subject[name] = named
    return resources


def secured_bytes(secured: JSONObject) -> bytes:
    """Return the canonical bytes of a secured document; raises `MalformedError` for too many."""
    data = join(secured)
    if len(data) > MAX_CERTIFICATE_BYTES:
        raise MalformedError(
            "certificate-too-large",
            "The certificate has {size} bytes, the limit is {limit}.",
            hint="Shorten the descriptions or leave some photos out.",
            size=len(data),
            limit=MAX_CERTIFICATE_BYTES,
        )
    return data


def _member(document: JSONObject, name: str) -> JSONObject:
    value = document.get(name)
    if not isinstance(value, dict):
        raise MalformedError("not-a-certificate", "Expected an object.", field=name)
    return value


def _string(members: JSONObject, name: str, path: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise MalformedError("not-a-certificate", "Expected a text.", field=f"{path}.{name}")
    return value


def _read_issuer(document: JSONObject) -> Issuer:
    issuer = _member(document, "issuer")
    parts = _string(issuer, "id", "issuer").split(":")
    if len(parts) != 5 or parts[:2] != ["did", "web"] or parts[3] != "studios":
        raise MalformedError("not-a-certificate", "The issuer is not a studio's did:web.", field="issuer.id")
    subject_id = _string(_member(document, "credentialSubject"), "id", "credentialSubject")
    base_url = subject_id.rpartition("/P/")[0]
    if host_of(base_url) != unquote(parts[2]):
        raise MalformedError("not-a-certificate", "Issuer and piece name different registries.", field="issuer.id")
    return _issuer(base_url, parts[4], _string(issuer, "name", "issuer"))


_issuer = lru_cache(maxsize=256)(Issuer)  # A studio's certificates all name the same.


def _read_piece(document: JSONObject) -> Piece:
    subject = _member(document, "credentialSubject")
    images, scans, files = _objects(subject, "image"), _objects(subject, "scan"), _objects(subject, "file")
    resources = _objects(document, "relatedResource")
    if not (images or scans or files or resources):
        return Piece.from_json(subject)
    if len(images) + len(scans) + len(files) != len(resources):
        raise MalformedError("not-a-certificate", "Every file needs its digest.", field="relatedResource")
    digests = [
        (digest(resource.get("digestMultibase"), "relatedResource.digestMultibase"),
         _string(resource, "mediaType", "relatedResource"))
        for resource in resources
    ]  # fmt: skip
    first_scan, first_file = len(images), len(images) + len(scans)
    return Piece.from_json(
        subject,
        tuple(
            Photo(name, kind, _string(image, "role", "image"))
            for image, (name, kind) in zip(images, digests, strict=False)
        ),
        tuple(Scan(name, kind) for name, kind in digests[first_scan:first_file]),
        tuple(WorkFile(name, kind) for name, kind in digests[first_file:]),
    )


def _objects(members: JSONObject, name: str) -> list[JSONObject]:
    if name not in members:
        return []
    value = members[name]
    if not isinstance(value, list):
        raise MalformedError("not-a-certificate", "Expected a list of objects.", field=name)
    objects = [item for item in value if isinstance(item, dict)]
    if len(objects) != len(value):
        raise MalformedError("not-a-certificate", "Expected a list of objects.", field=name)
    return objects


def _read_status(document: JSONObject) -> StatusEntry:
    status = _member(document, "credentialStatus")
    index = _string(status, "statusListIndex", "credentialStatus")
    if not index.isascii() or not index.isdigit() or len(index) > 6:
        raise MalformedError("bad-status-entry", "The place in the status list is malformed.", field="credentialStatus")
    list_url = _string(status, "statusListCredential", "credentialStatus")
    return StatusEntry(list_url.rpartition("/")[2], int(index))


def _difference(expected: JSONValue, found: JSONValue, path: str = "") -> str:
    """Return the path of the first member in which two documents that are not equal differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            if name not in expected or name not in found:
                return f"{path}.{name}".lstrip(".")
            if expected[name] != found[name]:
                return _difference(expected[name], found[name], f"{path}.{name}")
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            if one != other:
                return _difference(one, other, f"{path}[{place}]")
    return path.lstrip(".")
