"""The address that a database's certificates and tags name: another would make strangers of all of them."""

from __future__ import annotations

from provenance.errors import ConfigurationError
from provenance.status_list import registry_did


def demand_address(first_issuer: str | None, base_url: str, where: str) -> None:
    """Return if the database at `where` is of the registry at `base_url`; raises `ConfigurationError`.

    Every certificate was taken in for its registry's address, so that the issuer of one tells it, here the first's.
    """
    own, studios = registry_did(base_url), ":studios:"
    if first_issuer is None or first_issuer.partition(studios)[0] == own:
        return
    raise ConfigurationError(
        "other-address",
        "The certificates in {path} are of the registry {theirs}, and this one is {own}.",
        hint="Set KILNMARK_BASE_URL to the address on the tags: it cannot be changed.",
        path=where,
        theirs=first_issuer.partition(studios)[0],
        own=own,
    )
