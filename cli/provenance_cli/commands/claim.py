"""``kilnmark claim``: take a piece over by its secret code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from provenance.claim_key import SecretCode


@click.command(help="Take a piece over by its secret code.")
@click.option("--to", "holder", metavar="ADDRESS", help="The address that is to hold the piece.")
@click.option("--check", is_flag=True, help="Only tell whether the code counts; it stays good.")
@click.option(
    "--photo", type=click.Path(exists=True, dir_okay=False), help="A photo of the code, JPEG, HEIC, PNG or WebP."
)
@click.option("--code-file", type=click.Path(exists=True, dir_okay=False), help="Read what the code holds from a file.")
@click.option("--code-fd", type=click.IntRange(0), help="Read it from an open descriptor.")
@click.option("--policy", "policy_file", type=click.Path(exists=True, dir_okay=False), help="The trust policy.")
@pass_app
def claim(
    app: App,
    holder: str | None,
    check: bool,
    photo: str | None,
    code_file: str | None,
    code_fd: int | None,
    policy_file: str | None,
) -> None:
    """Sign a claim with the key of a secret code, which is asked for, or read from a photo; never an argument."""
    from provenance.bundle import Bundle
    from provenance.errors import ConfigurationError, ConflictError
    from provenance.evm.accounts import Account, read_address
    from provenance.handover import Claim
    from provenance.verify import Verifier
    from provenance_cli.commands.revoke import token_of
    from provenance_cli.context import one_source
    from provenance_cli.hand_over_client import HandOverClient
    from provenance_cli.ledgers import load_policy, open_pinned

    if (holder is None) is not check:
        raise click.UsageError(_("Give --to ADDRESS, or --check."))
    to = None if holder is None else read_address(holder)
    source = one_source(code_file, code_fd)
    if photo is not None and source is not None:
        raise click.UsageError(_("Name a file or a descriptor, not both."))
    policy = load_policy(app, policy_file)
    code = _from_photo(Path(photo)) if photo is not None else _from_text(source)
    if policy.registry not in (None, code.base_url):
        raise ConfigurationError(
            "other-registry-code",
            "The code is of {other}, and the pinned policy of {own}.",
            hint="Pin the policy of its registry first: `kilnmark ledger pin {other}`.",
            other=code.base_url,
            own=policy.registry,
        )
    client, ledger = HandOverClient(code.base_url), open_pinned(policy)
    verdict = Verifier(policy, ledger).verify(Bundle.from_bytes(client.bundle(code.serial)), serial=code.serial)
    token_id, key = token_of(verdict), Account.from_secret(code.private_key())
    holding = ledger.holding(token_id, ledger.head())
    # Where none counts this raises: the code was used, or cancelled.
    nonce = int(client.release(token_id, key.address)["nonce"])
    if holding is None or nonce != holding.nonce:
        raise ConflictError(
            "piece-moved", "{serial} is being handed over, or its code cancelled.", hint="Try again in a minute.",
            serial=code.serial,
        )  # fmt: skip
    facts = {"serial": str(code.serial), "claimKey": str(key.address), "counts": True}
    if to is None:
        app.say(_("The code of {serial} counts, and stays good.").format(serial=code.serial))
        app.data({**facts, "holder": str(holding.holder)})
        return
    app.require(_("Hand {serial} to {address}? The code is used up by it.").format(serial=code.serial, address=to))
    order = Claim(token_id, to, nonce)
    client.mined("claims", client.claim(order, key.address, key.sign_message(ledger.identity, order)))
    now = ledger.holding(token_id, ledger.head())
    if now is None or now.holder != to:
        raise ConflictError(
            "claim-not-shown", "The registry calls the claim done, and the ledger does not show it.",
            hint="Look again in a minute with `kilnmark verify {serial}`.", serial=code.serial,
        )  # fmt: skip
    app.say(_("{serial} is held by {address} now.").format(serial=code.serial, address=to))
    app.data({**facts, "counts": False, "holder": str(to)})


def _from_text(source: str | int | None) -> SecretCode:
    """Read what a code holds from a file or a descriptor, or ask for it without showing it."""
    from provenance.claim_key import SecretCode
    from provenance.errors import ConfigurationError
    from provenance_cli.secret_input import first_line

    if source is not None:
        return SecretCode.parse(first_line(source).strip())
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "no-terminal", "There is nobody to ask for the code.", hint="Give --photo FILE, or --code-file FILE."
        )
    text: str = click.prompt(_("What the secret code holds"), hide_input=True, prompt_suffix=_(": "), err=True)
    return SecretCode.parse(text.strip())


def _from_photo(path: Path) -> SecretCode:
    """Read the one secret code on a photo."""
    from provenance.claim_key import SecretCode
    from provenance.decoding import Decoder
    from provenance.errors import MalformedError
    from provenance.media import MAX_PHOTO_BYTES

    with path.open("rb") as file:
        data = file.read(MAX_PHOTO_BYTES + 1)
    found = set()
    with Decoder() as decoder:
        for text in decoder.read_codes(data):
            try:
                found.add(SecretCode.parse(text).reveal())
            except MalformedError:
                continue
    if len(found) != 1:
        raise MalformedError(
            "no-code-on-photo",
            "The photo shows no secret code, or several.",
            hint="Photograph one code from near, sharp and without glare.",
        )
    return SecretCode.parse(found.pop())
