"""A studio's application for accreditation: one file, signed by both of its keys.

The certificate key signs the canonical bytes; the Ethereum account signs the same facts as EIP-712 typed data
(``provenance.evm`` recovers its address).  Together they prove that one hand holds both, so that nobody can have
another's key accredited as their own.  The guild compares six words over the telephone before it believes the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.canonical import JSONObject, canonicalize, parse_canonical
from provenance.certificate import Issuer
from provenance.encoding import Address, Digest, from_base64url, parse_hex, to_base64url
from provenance.errors import ConfigurationError, KeystoreError, MalformedError, VerificationError
from provenance.keys import PublicKey, Signer
from provenance.signing import checked

APPLICATION_TYPE = "KilnmarkStudioApplication"
APPLICATION_VERSION = 1
MAX_APPLICATION_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class Binding:
    """The facts that both keys sign: issuer, certificate key and account.

    `studio` is the address by which the ledger knows the studio, and `signatory` the account that signs: the studio's
    own, or the `controller` that is to sign for it from now on, where a new phrase took the place of another.
    """

    issuer: Issuer
    public_key: PublicKey
    studio: Address
    controller: Address | None = None

    @property
    def signatory(self) -> Address:
        """The account that proves its possession."""
        return self.controller or self.studio

    def to_json(self) -> JSONObject:
        """Return the JSON form."""
        members: JSONObject = {
            "type": APPLICATION_TYPE,
            "version": APPLICATION_VERSION,
            "registry": self.issuer.base_url,
            "slug": self.issuer.slug,
            "name": self.issuer.name,
            "publicKey": self.public_key.multikey,
            "studio": str(self.studio),
        }
        return members if self.controller is None else {**members, "controller": str(self.controller)}


RecoverAccount = Callable[[Binding, bytes], Address]
"""Gives the address whose account signed a binding; raises `VerificationError`."""


@dataclass(frozen=True, slots=True)
class Application:
    """A binding with both signatures."""

    binding: Binding
    key_signature: bytes
    account_signature: bytes

    @classmethod
    def sign(cls, binding: Binding, signer: Signer, sign_account: Callable[[Binding], bytes]) -> Application:
        """Return the application of `binding`, signed by both keys; raises `KeystoreError` where `signer` has another.

        `sign_account` signs with the account of `binding.signatory`.
        """
        signer = checked(signer)
        if signer.public_key != binding.public_key:
            raise KeystoreError("bad-signer", "The signer has another key than the one that shall sign.")
        return cls(binding, signer.sign(canonicalize(binding.to_json())), sign_account(binding))

    @property
    def digest(self) -> Digest:
        """What the six words are made of."""
        return Digest.of(self.to_bytes())

    def check(self, recover: RecoverAccount) -> None:
        """Return if both signatures are those of the keys named; raise `VerificationError` otherwise."""
        self.binding.public_key.verify(self.key_signature, canonicalize(self.binding.to_json()))
        if recover(self.binding, self.account_signature) != self.binding.signatory:
            raise VerificationError("bad-signature", "The account's signature is not that of the account named.")

    def to_bytes(self) -> bytes:
        """Return the file's bytes."""
        members = self.binding.to_json()
        members["keySignature"] = to_base64url(self.key_signature)
        members["accountSignature"] = "0x" + self.account_signature.hex()
        return canonicalize(members)

    @classmethod
    def from_bytes(cls, data: bytes) -> Application:
        """Read what `to_bytes` writes; a last line end is forgiven; raises `MalformedError`."""
        members = parse_canonical(data.removesuffix(b"\n"), limit=MAX_APPLICATION_BYTES)
        texts = [members.get(name) for name in ("registry", "slug", "name", "keySignature")]
        registry, slug, name, key_signature = (text if isinstance(text, str) else "" for text in texts)
        try:
            binding = Binding(
                Issuer(registry, slug, name),
                PublicKey.parse(members.get("publicKey")),
                Address.parse(members.get("studio")),
                Address.parse(members["controller"]) if "controller" in members else None,
            )
        except ConfigurationError as error:
            raise MalformedError.like(error, field="registry") from None
        application = cls(binding, from_base64url(key_signature), parse_hex(members.get("accountSignature")))
        if application.to_bytes() != data.removesuffix(b"\n"):
            raise MalformedError("not-an-application", "This is not a studio's application.")
        return application
