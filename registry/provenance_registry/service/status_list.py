"""Bitstring Status Lists, for third parties: a projection of the ledger under the registry's own key.

W3C Bitstring Status List 1.0.  Our own verifiers read the ledger and take a list that disagrees as an advisory.
"""

from __future__ import annotations

import gzip
from urllib.parse import quote

from provenance.canonical import JSONObject
from provenance.certificate import CREDENTIALS_CONTEXT, STATUS_LIST_BITS, format_time
from provenance.encoding import to_base64url
from provenance.errors import NotFoundError
from provenance.keys import Signer
from provenance.proof import add_proof
from provenance.tag import host_of
from provenance_registry.repository import Repository
from provenance_registry.service.clock import Clock


class StatusLists:
    """Makes status list credentials."""

    def __init__(self, repository: Repository, base_url: str, signer: Signer, clock: Clock) -> None:
        self._repository = repository
        self._base_url = base_url
        self._signer = signer
        self._clock = clock

    @property
    def did(self) -> str:
        """The registry's own DID."""
        return f"did:web:{quote(host_of(self._base_url), safe='.-')}"

    def did_document(self) -> JSONObject:
        """Return the registry's DID document."""
        return did_document(self.did, [self._signer.public_key.multikey])

    def credential(self, list_id: str) -> JSONObject:
        """Return the list's credential, with a bit for every revoked piece; raises `NotFoundError`."""
        revoked = self._repository.revoked_places(list_id)
        if revoked is None:
            raise NotFoundError("unknown-list", "There is no such status list.")
        bits = bytearray(STATUS_LIST_BITS // 8)
        for place in revoked:
            bits[place >> 3] |= 0x80 >> (place & 7)  # Place 0 is the leftmost bit.
        url = f"{self._base_url}/status/{list_id}"
        now = format_time(self._clock())
        document: JSONObject = {
            "@context": [CREDENTIALS_CONTEXT],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "validFrom": now,
            "credentialSubject": {
                "id": f"{url}#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": "u" + to_base64url(gzip.compress(bytes(bits), mtime=0)),
            },
        }
        method = f"{self.did}#{self._signer.public_key.multikey}"
        return add_proof(document, self._signer, verification_method=method, created=now)


def did_document(did: str, multikeys: list[str]) -> JSONObject:
    """Return a DID document whose keys may make assertions (W3C DID Core, Controlled Identifiers 1.0)."""
    methods: list[JSONObject] = [
        {"id": f"{did}#{multikey}", "type": "Multikey", "controller": did, "publicKeyMultibase": multikey}
        for multikey in multikeys
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [*methods],
        "assertionMethod": [method["id"] for method in methods],
    }
