"""``kilnmark ledger audit``: walk the ledger from its first block, and hold what it says against what others keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from provenance_cli import exits
from provenance_cli.columns import listing
from provenance_cli.commands.ledger.acts import at_a_ledger
from provenance_cli.context import App, pass_app
from provenance_cli.i18n import _, later

if TYPE_CHECKING:
    from datetime import datetime

    from provenance.audit import StudioFacts, Tally
    from provenance.encoding import Address
    from provenance.errors import Wording
    from provenance.evidence import Evidence
    from provenance.evm.ledger import EVMLedger
    from provenance.ledger import BlockRef

STATUSES = {
    "ACTIVE": later("ACTIVE"),
    "ON_HOLD": later("ON_HOLD"),
    "REVOKED": later("REVOKED"),
    "RETIRED": later("RETIRED"),
}
"""The words for statuses, by name."""
KEY_DIGITS = 16
"""Digits of a key's id that are shown: more than `kilnmark ledger key` needs to know it by."""


@click.command(help="Walk all that happened on the ledger, count it, and look for pieces anchored twice.")
@click.option("--bundles", type=click.Path(exists=True, file_okay=False), help="A folder of bundles to compare.")
@click.option("--registry", help="A registry to ask for the certificate of every token.")
@at_a_ledger
@pass_app
def audit(app: App, bundles: str | None, registry: str | None, rpc: str | None, policy_file: str | None) -> None:
    """Add everything up, compare, and tell; exit code 1 where something is wrong."""
    from provenance.errors import Wording
    from provenance.evidence import Evidence
    from provenance_cli.history import tally_of
    from provenance_cli.ledgers import load_policy, open_pinned

    ledger = open_pinned(load_policy(app, policy_file), [rpc] if rpc else [])
    tally, head = tally_of(app, ledger)
    faults = [*tally.faults, *contradictions(app, ledger, tally, head)]
    evidence = Evidence(tally)
    if bundles:
        read_folder(app, evidence, Path(bundles))
    missing = ask_registry(app, evidence, registry) if registry else []
    faults += evidence.faults
    if missing:
        facts = {"n": len(missing), "token": missing[0]}
        faults.append(Wording.of("The registry shows no certificate for {n:,} tokens, the first being {token}.", facts))
    found = _facts(tally, head, evidence if bundles or registry else None, faults)
    app.data(found, None if app.json else _report(tally, head, found))
    for fault in faults:
        app.say("✕ " + _said(fault), fg="red")
    for duplicate in evidence.duplicates():
        what = _("One certificate ({serial}) has several tokens: {tokens}.")
        if duplicate.digest is None:
            what = _("The serial {serial} has several certificates and tokens: {tokens}.")
        app.say("✕ " + what.format(serial=duplicate.serial, tokens=", ".join(map(str, duplicate.tokens))), fg="red")
    if faults or found["duplicates"]:
        click.get_current_context().exit(exits.NOT_AUTHENTIC)
    app.say(_("The ledger agrees with itself{others}.").format(
        others=_(" and with what was shown") if bundles or registry else ""), fg="green")  # fmt: skip


def contradictions(app: App, ledger: EVMLedger, tally: Tally, head: BlockRef) -> list[Wording]:
    """Return where the contract says something else of itself than its events add up to."""
    from provenance.errors import Wording

    found, balances = list[Wording](), tally.balances()
    next_lot = ledger.next_lot()
    if next_lot < len(tally.lots) + 1:
        found.append(Wording.of("The contract counts {theirs:,} lots, its events {ours:,}.",
                                {"theirs": next_lot - 1, "ours": len(tally.lots)}))  # fmt: skip
    total = 0
    with app.progress(len(balances), _("Comparing holders")) as advance:
        for account, number in balances.items():
            held = ledger.pieces_of(account, head)
            total += held
            if held != number:
                facts = {"account": account, "theirs": held, "ours": number}
                found.append(Wording.of("The contract gives {account} {theirs:,} pieces, its events {ours:,}.", facts))
            advance(1)
    if total != tally.pieces:
        found.append(Wording.of("The holders have {held:,} pieces in all, and {made:,} were anchored.",
                                {"held": total, "made": tally.pieces}))  # fmt: skip
    questions = list(tally.questions())
    with app.progress(len(questions), _("Comparing records")) as advance:
        for token_id, key_id in questions:
            found += tally.differences(token_id, key_id, ledger.record(token_id, key_id, head))
            advance(1)
    return found


def read_folder(app: App, evidence: Evidence, folder: Path) -> None:
    """Take in every bundle of a folder and of those below it."""
    from provenance.bundle import MAX_BUNDLE_BYTES, Bundle
    from provenance.errors import MalformedError

    paths = sorted(folder.rglob("*.json"))
    with app.progress(len(paths), _("Reading bundles")) as advance:
        for path in paths:
            with path.open("rb") as file:
                data = file.read(MAX_BUNDLE_BYTES + 1)
            try:
                evidence.add(Bundle.from_bytes(data), path.name)
            except MalformedError as error:
                evidence.unreadable(path.name, error)
            advance(1)


def ask_registry(app: App, evidence: Evidence, registry: str) -> list[int]:
    """Ask a registry for the certificate of every token that none is shown for; return those that it has none for."""
    from provenance.bundle import Bundle
    from provenance.errors import NotFoundError
    from provenance.tag import check_base_url
    from provenance_cli.client import RegistryClient

    client, missing = RegistryClient(check_base_url(registry)), list[int]()
    with app.progress(evidence.tally.pieces, _("Asking the registry")) as advance:
        for token_id in evidence.tally.tokens():
            advance(1)
            if token_id in evidence.shown:
                continue
            try:
                serial = client.serial_of(token_id)
                proved = evidence.add(Bundle.from_bytes(client.bundle(serial)), str(serial))
            except NotFoundError:
                proved = set()
            if token_id not in proved:
                missing.append(token_id)
    return missing


def _facts(tally: Tally, head: BlockRef, evidence: Evidence | None, faults: list[Wording]) -> dict[str, Any]:
    from provenance.certificate import format_time

    balances = tally.balances()
    statuses = Counter(status.name for status, _by_steward in tally.statuses.values())
    statuses["ACTIVE"] += tally.pieces - sum(statuses.values())
    lost = [loss for loss in tally.lost.values() if loss.until is None or loss.until > head.time]
    return {
        "block": head.number,
        "time": format_time(head.time),
        "anchors": len(tally.anchors),
        "lots": len(tally.lots),
        "pieces": tally.pieces,
        "holders": len(balances),
        "moves": tally.moves,
        "withBuyers": sum(1 for token, holder in tally.holders.items() if holder != tally.lots[token >> 32][0].studio),
        "statuses": dict(statuses),
        "lost": len(lost),
        "recoveries": [str(token_id) for token_id in tally.recoveries],
        "exempt": [str(token_id) for token_id in sorted(tally.exempt)],
        "amended": len(tally.amendments),
        "studios": [_studio_facts(studio, head.time) for studio in tally.studios.values()],
        "bundles": None if evidence is None else evidence.bundles,
        "shown": None if evidence is None else len(evidence.shown),
        "duplicates": [
            {
                "serial": str(duplicate.serial),
                "digest": None if duplicate.digest is None else str(duplicate.digest),
                "tokens": [str(token_id) for token_id in duplicate.tokens],
            }
            for duplicate in (evidence.duplicates() if evidence is not None else ())
        ],
        "faults": [str(fault) for fault in faults],
    }


def _studio_facts(studio: StudioFacts, now: datetime) -> dict[str, Any]:
    from provenance.certificate import format_time
    from provenance.encoding import to_base58

    signer, upcoming, start = _signers(studio, now)
    return {
        "address": str(studio.address),
        "controller": str(signer),
        "upcoming": None if upcoming is None else {"controller": str(upcoming), "start": format_time(start)},
        "did": studio.did,
        "name": studio.name,
        "pieces": studio.pieces,
        "suspended": None if studio.suspended is None else format_time(studio.suspended),
        "keys": [
            {
                "keyId": str(key_id),
                "multikey": "z" + to_base58(multikey),
                "start": format_time(window.start),
                "end": None if window.end is None else format_time(window.end),
            }
            for key_id, (multikey, window) in studio.keys.items()
        ],
    }


def _signers(studio: StudioFacts, now: datetime) -> tuple[Address, Address | None, datetime]:
    """Return who signs for a studio, and who will from when on, ``None`` where no other is proposed."""
    known = studio.controller
    if known is None or known.upcoming is None or known.start is None:
        return studio.address, None, now
    if now >= known.start:
        return known.upcoming, None, now
    return known.current, known.upcoming if known.upcoming != known.current else None, known.start


def _report(tally: Tally, head: BlockRef, facts: dict[str, Any]) -> str:

    def number(name: str) -> str:
        return f"{facts[name]:,}"

    statuses = " · ".join(f"{_(STATUSES[name])} {n:,}" for name, n in facts["statuses"].items())
    rows: list[tuple[str, object]] = [
        (_("Block"), f"{facts['block']} · {facts['time']}"),
        (_("Anchors"), number("anchors")),
        (_("Lots"), number("lots")),
        (_("Pieces"), number("pieces")),
        (_("Holders"), f"{number('holders')} · " + _("with buyers {n:,}").format(n=facts["withBuyers"])),
        (_("Moves"), number("moves")),
        (_("Status"), statuses),
        (_("Lost"), number("lost")),
        (_("Recoveries"), ", ".join(facts["recoveries"]) or "0"),
        (_("Exempted"), ", ".join(facts["exempt"]) or "0"),
        (_("Amended"), number("amended")),
    ]
    if facts["bundles"] is not None:
        rows.append((_("Bundles"), f"{number('bundles')} · " + _("tokens shown {n:,}").format(n=facts["shown"])))
    lines = [listing(rows), ""]
    for studio in tally.studios.values():
        lines += _studio_lines(studio, head.time)
    return "\n".join(lines)


def _studio_lines(studio: StudioFacts, now: datetime) -> Iterator[str]:
    from provenance_cli.columns import cut, pad
    from provenance_cli.moments import shown_moment

    ended = sum(1 for _multikey, window in studio.keys.values() if window.end is not None)
    standing = _("suspended") if studio.suspended is not None else _("accredited")
    yield f"{pad(cut(studio.name, 28), 30)}{pad(cut(studio.slug, 24), 26)}{standing}"
    counts = _("{address}  pieces {pieces:,}, keys {keys}, ended {ended}")
    yield "  " + counts.format(address=studio.address, pieces=studio.pieces, keys=len(studio.keys), ended=ended)
    signer, upcoming, start = _signers(studio, now)
    if signer != studio.address:
        yield "  " + _("{account} signs for it.").format(account=signer)
    if upcoming is not None:
        yield "  " + _("{account} will sign for it,").format(account=upcoming)
        yield "    " + _("from {time} on.").format(time=shown_moment(start))
    for key_id, (_multikey, window) in studio.keys.items():
        until = "" if window.end is None else shown_moment(window.end)
        yield f"  {key_id.hex()[:KEY_DIGITS]}…  {shown_moment(window.start)} – {until}".rstrip()


def _said(fault: Wording) -> str:
    from provenance_cli.i18n import spoken

    return spoken(fault)
