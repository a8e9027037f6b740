"""Reading a Bitstring Status List: what a registry tells third parties of the pieces of one list.

W3C Bitstring Status List 1.0.  The list is a credential that the registry signs with its own key.  No ledger vouches
for that key, so that a list decides nothing: it is read to notice where it says otherwise than the ledger.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from urllib.parse import quote

from provenance.canonical import JSONObject, parse
from provenance.certificate import CREDENTIALS_CONTEXT, STATUS_LIST_BITS, Certificate
from provenance.encoding import from_base64url
from provenance.errors import MalformedError, VerificationError
from provenance.proof import check_proof
from provenance.tag import host_of

MAX_STATUS_LIST_BYTES = 65_536
"""A list of 131,072 bits, were none of it compressed, in base64url, with its proof."""
_BYTES = STATUS_LIST_BITS // 8


@dataclass(frozen=True, slots=True)
class StatusList:
    """The bits of a list, place 0 the leftmost."""

    bits: bytes

    def is_set(self, index: int) -> bool:
        """Tell whether the piece at `index` is revoked, as the list says."""
        return bool(self.bits[index >> 3] & 0x80 >> (index & 7))


def registry_did(base_url: str) -> str:
    """Return the DID of the registry at that address (did:web section 3.1)."""
    return f"did:web:{quote(host_of(base_url), safe='.-')}"


def read_status_list(data: bytes, base_url: str, list_id: str) -> StatusList:
    """Read the list `list_id` of the registry at `base_url`.

    Raises `MalformedError` for what is no such list, `VerificationError` where its signature does not fit.
    """
    document = parse(data, limit=MAX_STATUS_LIST_BYTES)
    url, did = f"{base_url}/status/{list_id}", registry_did(base_url)
    subject, proof = document.get("credentialSubject"), document.get("proof")
    said = {name: document.get(name) for name in ("@context", "id", "type", "issuer")}
    if said != {
        "@context": [CREDENTIALS_CONTEXT],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": did,
    }:
        raise _not_the_list("id")
    if not isinstance(subject, dict) or not isinstance(proof, dict):
        raise _not_the_list("credentialSubject")
    if subject.get("type") != "BitstringStatusList" or subject.get("statusPurpose") != "revocation":
        raise _not_the_list("credentialSubject.type")
    if not str(proof.get("verificationMethod")).startswith(f"{did}#"):
        raise _not_the_list("proof.verificationMethod")
    check_proof(document)
    return StatusList(_bits(subject))


def disagreement(data: bytes, certificate: Certificate, *, is_revoked: bool) -> tuple[str, str] | None:
    """Return the advisory, and its detail, where a status list says otherwise than the ledger or cannot be read."""
    entry = certificate.status_entry
    try:
        listed = read_status_list(data, certificate.issuer.base_url, entry.list_id).is_set(entry.index)
    except (MalformedError, VerificationError) as error:
        return "status-list-unread", error.code
    return None if listed == is_revoked else ("status-list-differs", f"{entry.list_id} {entry.index}")


def _bits(subject: JSONObject) -> bytes:
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str) or not encoded.startswith("u"):
        raise _not_the_list("credentialSubject.encodedList")
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # The header and the sum of gzip.
    try:
        bits = inflate.decompress(from_base64url(encoded[1:]), _BYTES + 1)  # A bomb is not unpacked to its end.
    except zlib.error:
        raise _not_the_list("credentialSubject.encodedList") from None
    if len(bits) != _BYTES or not inflate.eof:
        raise _not_the_list("credentialSubject.encodedList")
    return bits


def _not_the_list(field: str) -> MalformedError:
    return MalformedError("not-a-status-list", "This is not the status list that the certificate names.", field=field)
