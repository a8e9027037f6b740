"""``kilnmark ledger suspend``, ``reinstate``, ``controller`` and ``key``: the directory of studios, and its keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provenance_cli.commands.ledger.acts import STEWARDS_KEY, Hand, signed_by
from provenance_cli.commands.ledger.lookup import find_account, find_key
from provenance_cli.commands.ledger.subjects import Decorator, Studio, about_a_studio, studio_named
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _

if TYPE_CHECKING:
    from datetime import datetime

    from provenance.audit import StudioFacts, Tally
    from provenance.encoding import KeyId
    from provenance.ledger import KeyWindow


@about_a_studio("suspend", "Suspend a studio from now on: it gets no more pieces, and releases none.")
def suspend(studio: Studio) -> None:
    """Suspend; can be lifted."""
    from provenance.ledger import SuspendCall

    words = _("Suspend {name} ({address}) from now on. What it made before stays authentic.")
    studio.act(SuspendCall(studio.found.address), studio.named(words))


@about_a_studio("reinstate", "End a studio's suspension.")
def reinstate(studio: Studio) -> None:
    """Reinstate; the interval stays on record."""
    from provenance.ledger import ReinstateCall

    words = _("Reinstate {name} ({address}). The suspension until now stays on record.")
    studio.act(ReinstateCall(studio.found.address), studio.named(words))


@about_a_studio("controller", "Give a studio another account that signs for it, after seven days.")
@click.argument("address")
def controller(studio: Studio, address: str) -> None:
    """Propose a controller, and tell from when on it counts; proposing the present one withdraws a proposal."""
    from provenance.errors import ConflictError
    from provenance.ledger import ProposeControllerCall
    from provenance_cli.moments import shown_moment

    app, ledger, account = studio.hand.app, studio.hand.ledger, find_account(address)
    present, call = ledger.controller(studio.found.address), ProposeControllerCall(studio.found.address, account)
    waiting = present.upcoming is not None and present.upcoming != present.current
    if account == present.current:
        if not waiting:
            raise ConflictError(
                "controller-known", "{account} signs for the studio already, and no other is proposed.",
                hint="Nothing is to do.", account=account,
            )  # fmt: skip
        words = _("Withdraw the proposal of {former}: {account} goes on signing for {name} ({address}).")
        studio.act(call, studio.named(words, account=account, former=present.upcoming), controller=str(account))
        app.say(_("The proposal is withdrawn."))
        return
    if waiting and present.start is not None:
        told = _("This takes the place of the proposal of {account}, which would count from {time} on.")
        app.say(told.format(account=present.upcoming, time=shown_moment(present.start)), fg="yellow")
    app.say(_("Releases that the former one signed are void from then on, and must be signed again."))
    words = _("Let {account} sign for {name} ({address}) in the place of {former}, after seven days.")
    studio.act(
        call,
        studio.named(words, account=account, former=present.current),
        question=_("Did the studio itself tell you this address?"),
        controller=str(account),
    )
    start = ledger.controller(studio.found.address).start
    if start is not None:
        app.say(_("It counts from {time} on.").format(time=shown_moment(start)))


@click.group(help="Make key files; add, retire and disown studios' certificate keys.")
def key() -> None:
    """Keys."""


@key.command(help="Make a new account for the guild: write its secret key into FILE, and show its address.")
@click.argument("file", type=click.Path(dir_okay=False))
@pass_app
def new(app: App, file: str) -> None:
    """Make an account's key file, readable by its owner alone."""
    from provenance.errors import ConfigurationError
    from provenance.evm.accounts import Account
    from provenance_cli.files import write_file

    path = Path(file)
    if path.exists():
        raise ConfigurationError(
            "key-exists", "There is a file {path} already.", hint="Choose another name.", path=path
        )
    account, secret = Account.generate()
    write_file(path, secret.hex().encode() + b"\n")
    app.say(_("The key is in {path}. Keep it off the registry's machine.").format(path=path))
    app.data({"file": str(path), "address": str(account.address)}, str(account.address))


@key.command(help="Add another certificate key to an accredited studio, from its new application file.")
@click.argument("application", type=click.Path(exists=True, dir_okay=False))
@signed_by(STEWARDS_KEY)
def add(hand: Hand, application: str) -> None:
    """Check the application, compare the words, and add its key alone."""
    from provenance.errors import ConfigurationError
    from provenance.ledger import AddKeyCall
    from provenance_cli.commands.studio import read_application
    from provenance_cli.six_words import say_words

    filed = read_application(Path(application))
    binding = filed.binding
    studio = studio_named(hand, str(binding.studio))
    found = studio.found
    if found.did != binding.issuer.did:
        raise ConfigurationError(
            "other-issuer",
            "The ledger knows this account as {theirs}, and the application is of {ours}.",
            hint="Ask the studio for an application with its own address and short name.",
            theirs=found.did,
            ours=binding.issuer.did,
        )
    say_words(hand.app, filed.digest)
    words = _("Add the key {key} to {name} ({address}); it counts from now on.")
    studio.act(
        AddKeyCall(found.address, binding.public_key.multikey_bytes),
        studio.named(words, key=binding.public_key.multikey),
        question=_("Did the studio read the same six words to you?"),
        keyId=str(binding.public_key.key_id),
    )


def _about_a_key(name: str, meaning: str) -> Decorator:
    def decorate(command: Callable[..., object]) -> click.Command:
        made = about_a_studio(name, meaning)(click.argument("key")(command))
        key.add_command(made)
        return made

    return decorate


@_about_a_key("retire", "End a key's window: what it signs and is anchored later does not count.")
@click.option("--at", help="When the window ends, like 2026-11-24T10:17:34Z (default: now).")
def retire(studio: Studio, key: str, at: str | None) -> None:
    """Shorten a key's window to now, or to a time to come."""
    from provenance.errors import ConfigurationError
    from provenance_cli.moments import read_moment

    now = max(studio.hand.app.clock(), studio.hand.ledger.head().time).replace(microsecond=0)
    end = read_moment(at, "--at") if at else now
    if end < now:
        raise ConfigurationError(
            "in-the-past",
            "A key is retired from now on.",
            hint="Where it was stolen, use `kilnmark ledger key compromise`.",
        )
    _shorten(studio, key, end, compromised=False)


@_about_a_key("compromise", "Date a key's end back to its theft: what was anchored with it since then is worthless.")
@click.option("--since", required=True, help="When it was stolen, like 2026-11-24T10:17:34Z.")
def compromise(studio: Studio, key: str, since: str) -> None:
    """Shorten a key's window to a time in the past, after counting what that costs."""
    from provenance.errors import ConfigurationError
    from provenance_cli.moments import read_moment

    end = read_moment(since, "--since")
    if end > studio.hand.app.clock():
        raise ConfigurationError("in-the-future", "A theft lies in the past.", hint="Use `kilnmark ledger key retire`.")
    _shorten(studio, key, end, compromised=True)


def _shorten(studio: Studio, key: str, end: datetime, *, compromised: bool) -> None:
    from provenance.errors import ConflictError
    from provenance.ledger import KeyWindow, ShortenKeyCall
    from provenance_cli.moments import shown_moment

    app, found = studio.hand.app, studio.found
    key_id = find_key(found, key)
    window = found.keys[key_id][1]
    if window.end is not None and window.end <= end:
        raise ConflictError(
            "key-ended", "The end of this key is dated to {time} already, and nothing puts it off.",
            hint="Nothing is to do, unless it was stolen before that: then name the earlier time.",
            time=shown_moment(window.end),
        )  # fmt: skip
    taken = KeyWindow(max(end, window.start), window.end)
    lost, certain = struck(studio.tally, found, key_id, taken)
    corrected = studio.tally.amended_in(found.address, taken)
    words = _("End the window of {name}'s key {key} at {time}. A window only shrinks: this cannot be undone.")
    app.say(studio.named(words, key=key_id, time=shown_moment(end)))
    if window.end is not None:
        app.say(_("Until now it ended at {time}; what comes after that is lost already.").format(
            time=shown_moment(window.end)))  # fmt: skip
    if compromised:
        told = _("Pieces of this studio anchored since then: {n:,}; of these certainly signed with this key: {m:,}.")
        app.say(told.format(n=lost, m=certain), fg="yellow" if lost else None)
        app.say(_("Whatever this key signed of them is NOT_AUTHENTIC afterwards."))
    kept = _("What was anchored before stays authentic.")
    if corrected:
        told = _("Pieces anchored before, whose newest correction was recorded since then: {n:,}.")
        app.say(told.format(n=corrected), fg="yellow")
        kept = _(
            "What was anchored before stays authentic. Corrections that this key signed since then do not count: such "
            "a piece is what it was before, or cannot be checked until the studio corrects it anew with another key."
        )
    studio.act(
        ShortenKeyCall(found.address, key_id, end),
        kept,
        question=_("End the key's window there, for ever?"),
        keyId=str(key_id),
        end=end.isoformat(),
        pieces=lost,
        certain=certain,
        corrected=corrected,
    )


def struck(tally: Tally, studio: StudioFacts, key_id: KeyId, window: KeyWindow) -> tuple[int, int]:
    """Return how many pieces were anchored within what a key's window loses, and how many by no other key's leave.

    The ledger does not know which key signed a piece: where another key counted at that time, it may have been that.
    """
    others = [other for name, (_multikey, other) in studio.keys.items() if name != key_id]
    lost = certain = 0
    for anchor, lot in tally.anchored_in(studio.address, window):
        lost += lot.count
        certain += 0 if any(other.covers(anchor.time) for other in others) else lot.count
    return lost, certain
