"""The workshop folder: an artisan's keys, pieces and certificates in one place that can be copied and moved."""

from __future__ import annotations

import secrets
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from provenance.certificate import Issuer
from provenance.encoding import Address, Digest
from provenance.errors import ConfigurationError, StorageError
from provenance.keystore import Keystore
from provenance.policy import TrustPolicy
from provenance_cli.files import toml_string, write_file
from provenance_cli.i18n import _
from provenance_cli.store import Store

SETTINGS = "kilnmark.toml"
_LIST_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_list_id() -> str:
    """Draw the id of a status list: 60 random bits, so that no two folders count in the same list."""
    return "".join(secrets.choice(_LIST_ALPHABET) for _ in range(12))


@dataclass(frozen=True, slots=True)
class Workshop:
    """An open workshop folder."""

    path: Path
    issuer: Issuer
    language: str
    list_id: str

    @classmethod
    def find(cls, start: Path | None) -> Workshop:
        """Open the folder `start`, or the nearest one at or above the current folder."""
        candidates = [start] if start is not None else [Path.cwd(), *Path.cwd().parents]
        for folder in candidates:
            if (folder / SETTINGS).is_file():
                return cls.open(folder)
        raise ConfigurationError(
            "no-workshop",
            "There is no workshop in {folder}.",
            hint="Make one with `kilnmark init`, or name it with -C FOLDER.",
            folder=(start or Path()).resolve(),
        )

    @classmethod
    def open(cls, folder: Path) -> Workshop:
        """Read the folder's settings; raises `ConfigurationError`."""
        try:
            values = tomllib.loads((folder / SETTINGS).read_text("utf-8"))
            issuer = Issuer(values["registry"], values["studio"]["slug"], values["studio"]["name"])
            return cls(folder, issuer, values["language"], values["status_list"])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ConfigurationError(
                "bad-settings",
                "{path} cannot be understood: {reason}.",
                hint="Mend it in a text editor.",
                path=folder / SETTINGS,
                reason=error,
            ) from None
        except OSError as error:
            raise StorageError(
                "unreadable", "{path} cannot be read: {reason}.", path=folder / SETTINGS, reason=error
            ) from None

    @classmethod
    def create(cls, folder: Path, issuer: Issuer, language: str) -> Workshop:
        """Make the folder's settings; raises `ConfigurationError` where there is a workshop already."""
        if (folder / SETTINGS).exists():
            raise ConfigurationError(
                "workshop-exists",
                "{folder} is a workshop already.",
                hint="Choose another folder. To see the phrase of this one again: `kilnmark key phrase`.",
                folder=folder,
            )
        return cls(folder, issuer, language, new_list_id())._written()

    def with_new_list(self) -> Workshop:
        """Return the workshop with another status list: how far it had counted in the old one may be forgotten."""
        return replace(self, list_id=new_list_id())._written()

    def named(self, issuer: Issuer) -> Workshop:
        """Return the workshop with another studio's name or short name in its settings."""
        return replace(self, issuer=issuer)._written()

    def _written(self) -> Workshop:
        comment = _("The workshop's settings. The registry's address stands in every certificate: choose it once.")
        text = (
            f"# {comment}\n"
            f"registry = {toml_string(self.issuer.base_url)}\n"
            f"language = {toml_string(self.language)}\n"
            f"status_list = {toml_string(self.list_id)}\n\n"
            "[studio]\n"
            f"slug = {toml_string(self.issuer.slug)}\n"
            f"name = {toml_string(self.issuer.name)}\n"
        )
        write_file(self.path / SETTINGS, text.encode())
        return self

    @property
    def store(self) -> Store:
        """The pieces and certificates."""
        return Store(self.path / "workshop.db")

    @property
    def keystore_path(self) -> Path:
        """Where the keys are."""
        return self.path / "keystore.json"

    def kept_keystore(self, account: Address) -> Path:
        """Where the keystore of an account is kept that another took the place of."""
        return self.path / f"keystore-{account.value.hex()[:8]}.json"

    def keystore(self) -> Keystore:
        """Return the keystore, closed; raises `KeystoreError`."""
        return Keystore.open(self.keystore_path)

    @property
    def policy_path(self) -> Path:
        """Where the pinned trust policy is."""
        return self.path / "policy.json"

    def policy(self) -> TrustPolicy | None:
        """Return the pinned trust policy, or ``None`` where none is pinned."""
        if not self.policy_path.exists():
            return None
        return TrustPolicy.from_bytes(self.policy_path.read_bytes())

    @property
    def out(self) -> Path:
        """Where tags and bundles go."""
        return self.path / "out"

    def photo_path(self, digest: Digest) -> Path:
        """Where a prepared photo is."""
        return self.path / "photos" / digest.hex()

    @property
    def originals(self) -> Path:
        """Where scans and files may lie that are no longer where they were, or that came from the registry."""
        return self.path / "originals"
