"""The port through which the registry keeps what it keeps: its `records`.

Reads are single calls; writes happen inside `Repository.write`, which gathers what comes at once into one durable
transaction and returns when it is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from provenance.encoding import Address, Digest, Hash32, KeyId, Root
from provenance.errors import ConflictError, ProvenanceError
from provenance.ledger import AmendmentRecord, BlockRef, LedgerEvent, LedgerIdentity, SignedTransaction
from provenance.serial import Serial
from provenance.voids import TagVoid
from provenance_registry.records import (
    AnchoredRow,
    Doubt,
    HeldGroup,
    Incomplete,
    Keeping,
    LotRow,
    NamedFile,
    OutboxEntry,
    PieceFacts,
    PiecePage,
    PrintMark,
    PrintTotals,
    ProvenPiece,
    Registration,
    RelayedMessage,
    ScanCount,
    Sending,
    Signatory,
    SignedRelease,
    State,
    StoredAmendment,
    StoredBatch,
    StoredCertificate,
    StoredMessage,
    StoredPrintLink,
    TokenRow,
    Waiting,
)
from provenance_registry.report_repository import ReportReads, ReportWrites

T = TypeVar("T")


class Transaction(ReportWrites, Protocol):
    """What can be written; everything in it becomes durable together or not at all."""

    def add_certificates(self, items: Sequence[Registration]) -> list[ConflictError | None]:
        """Register certificates that are not known; return for each ``None``, or why it cannot be."""

    def add_amendment(self, amendment: StoredAmendment, named: Iterable[NamedFile]) -> None:
        """Keep an amendment of a registered certificate, and the files that it names."""

    def find_amendment(self, digest: Digest) -> StoredAmendment | None:
        """Return the amendment of that digest."""

    def amendments_by(self, first: Digest, key_id: KeyId) -> int:
        """Return how many amendments of a certificate a key signed."""

    def find(self, digests: Sequence[Digest]) -> dict[Digest, StoredCertificate]:
        """Return the certificates of those digests, as far as there are any."""

    def held(self) -> int:
        """Return how many certificates are held."""

    def hold(self, digest: Digest, reason: str) -> None:
        """Hold a certificate that waits."""

    def rejudge(self, changes: Sequence[tuple[HeldGroup, str | None]], limit: int) -> int:
        """Hold groups for another reason, or let them wait where it is ``None``; return how many, `limit` at most.

        One whose serial or place in a status list another has taken meanwhile stays held, for that reason."""

    def prepare(self, kind: str, account: Address, nonce: int, raw: bytes, hash_: Hash32) -> int:
        """Add a transaction to the outbox and return its id."""

    def add_batch(
        self, root: Root, first_lot: int, entry_id: int | None, leaves: Sequence[tuple[Digest, Address, int]]
    ) -> int:
        """Add a sealed batch with its leaves in order (digest, studio, token id).

        One without an entry was anchored by a transaction not kept here, and counts while the index has it.
        """

    def take_in(
        self, root: Root, first_lot: int, size: int, pieces: Sequence[ProvenPiece]
    ) -> list[ConflictError | None]:
        """Add leaves of the anchored batch of `size` leaves with that root; return for each ``None``, or what is wrong.

        A leaf that is there already is left as it is.
        """

    def add_relayed(self, message: RelayedMessage, entry_id: int) -> None:
        """Add a relayed message, or give one that was reverted its new transaction.

        Raises `ConflictError` while another message that uses up the same number is under way.
        """

    def keep_release(self, signed: SignedRelease, now: int, limit: int) -> Keeping:
        """Keep a release, forgetting those of the piece that are void.

        Of two for one claim key the one that counts longer is kept, of two that count as long the later one.  Raises
        `ConflictError` where the piece has `limit` of them.
        """

    def void_tag(self, void: TagVoid, data: bytes, received: datetime) -> bool:
        """Keep a signed word, `data`, that a tag counts no more; tell whether it is the first on that tag."""

    def add_print_link(self, link: StoredPrintLink) -> bool:
        """Keep a print link; tell whether it is new: one that is known stays as it is, withdrawn or not."""

    def open_print_links(self, studio: Address, now: datetime) -> int:
        """Return how many print links of a studio neither have run out at `now` nor were withdrawn."""

    def forget_print_links(self, before: datetime) -> None:
        """Forget print links that ran out before that moment."""

    def end_print_link(self, link: str, now: datetime) -> None:
        """Withdraw a print link, for good."""

    def note_printed(self, link: str, places: Sequence[int], now: datetime) -> None:
        """Note that the tags at those places of a print link were printed: none of them is spoiled any more."""

    def note_spoiled(self, link: str, places: Sequence[int], now: datetime | None) -> None:
        """Note since when the tags at those places are spoiled; ``None`` takes that back."""

    def note_scans(self, counts: Sequence[ScanCount], oldest: int) -> None:
        """Keep of each count of scans the larger: what is there, or what is told; forget the days before `oldest`."""

    def doubt(self, raised: Doubt) -> bool:
        """Raise a doubt about a tag; tell whether there was none of that cause."""

    def move(self, entry_id: int, sending: Sending, block: BlockRef | None = None, error: str | None = None) -> None:
        """Move an outbox entry."""

    def replace_signed(self, entry_id: int, signed: SignedTransaction) -> None:
        """Let an entry that is not mined go by other bytes of the same call; its present ones are kept as former."""

    def send_again(self, account: Address, nonce: int) -> None:
        """Open again the account's ended entries from that nonce on, and their batches."""

    def close_batch(self, batch_id: int) -> None:
        """Record that a batch's anchor came to its end: each certificate is anchored, here or elsewhere, or waits."""

    def record_examination(self, batch_id: int, faults: Mapping[Signatory, str]) -> None:
        """Give the anchored certificates of some signers a reason why they do not count."""

    def apply(self, events: Sequence[LedgerEvent], head: BlockRef) -> None:
        """Add events of the ledger to the index, which then reaches to `head`.

        An entry that had ended as reverted is open again where its call was carried out under a former nonce.
        """

    def rewind(self, kept: BlockRef | None) -> None:
        """Forget the index after block `kept`, or all of it; what was mined there is open again, and its batches."""

    def take_lease(self, name: str, holder: str, seconds: float, *, alone: bool) -> int | None:
        """Take or renew a lease for so long; return its token, or ``None`` while another holds it.

        Who is `alone` with the database takes it at once.  The token rises whenever a lease is not just renewed.
        """

    def has_lease(self, name: str, holder: str, token: int) -> bool:
        """Tell whether nobody else has taken the lease since; nobody can before this transaction ends."""

    def release_lease(self, name: str, holder: str, token: int) -> None:
        """End a lease at once, where it is still that holder's."""

    def belong_to(self, ledger: LedgerIdentity) -> LedgerIdentity:
        """Tie the database to a ledger where it belongs to none yet; return the one that it belongs to."""

    def leave_ledger(self, successor: LedgerIdentity) -> None:
        """Forget all that is of the present ledger alone, as the registry goes on with its `successor`.

        Certificates and batches stay, and are found there by their roots.  Raises `ConflictError` while a transaction
        is under way.
        """


class Repository(ReportReads, Protocol):
    """Reads, and the door to writes."""

    @property
    def trouble(self) -> ProvenanceError | None:
        """What keeps everything from being written, or kept the last write, if anything."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Carry out `work` and return its answer once it is on disk; raises what `work` raises, undoing it."""

    def fenced(self, check: Callable[[Transaction], None]) -> Repository:
        """Return the same repository for writes that `check` is asked before, each in its own transaction.

        What it raises undoes the write.
        """

    def first_issuer(self) -> str | None:
        """Return the issuer's DID of the certificate that came first, or ``None`` where there is none yet."""

    def own_ledger(self) -> LedgerIdentity | None:
        """Return the ledger that the database belongs to, or ``None`` before its first start."""

    def certificate(self, digest: Digest) -> StoredCertificate | None:
        """Return the certificate of that digest."""

    def by_serial(self, serial: Serial) -> StoredCertificate | None:
        """Return the certificate that has that serial; held ones have none."""

    def look(self, serial: Serial) -> PieceFacts | None:
        """Return all rows of the piece that has that serial, as they stand together; held ones have none."""

    def data(self, digest: Digest) -> bytes | None:
        """Return the bytes kept of the certificate with that digest."""

    def leaf_digests(self, batch_id: int) -> Sequence[bytes]:
        """Return the digests that a batch was sealed with, in order."""

    def is_held_under(self, serial: Serial) -> bool:
        """Tell whether a held certificate names that serial."""

    def by_token(self, token_id: int) -> StoredCertificate | None:
        """Return the certificate of that token."""

    def pieces_of(self, studio: Address, after: int, limit: int) -> PiecePage:
        """Return the pieces of a studio on the ledger whose tokens come after `after`: of `limit` tokens at most."""

    def newest_of(self, studio: Address, before: int, limit: int) -> PiecePage:
        """Return such pieces whose tokens come before `before`, the newest first."""

    def states(self, digests: Sequence[Digest]) -> dict[Digest, tuple[State, str | None]]:
        """Return the states of the certificates that are known, and the reasons of those that have one."""

    def anchored_of(self, digests: Sequence[Digest]) -> list[AnchoredRow]:
        """Return the rows of those that are anchored, in any order."""

    def is_lease_free(self, name: str) -> bool:
        """Tell whether nobody holds a lease now, by the database's clock."""

    def queue(self, limit: int) -> tuple[int, datetime | None]:
        """Return how many certificates wait, `limit` at most, and since when the first of them does."""

    def waiting(self, limit: int) -> list[Waiting]:
        """Return the certificates that have waited longest, in order."""

    def last_held(self) -> int:
        """Return the number of the held certificate that came last, or 0."""

    def held_groups(self, after: int = 0) -> list[HeldGroup]:
        """Return the groups whose reason the directory may lift, of certificates that came after that number."""

    def counts(self) -> dict[State, int]:
        """Return how many certificates are in each state."""

    def amendment(self, digest: Digest) -> StoredAmendment | None:
        """Return the amendment of that digest."""

    def amendments(self, first: Digest) -> list[StoredAmendment]:
        """Return all amendments of a certificate that are kept, whatever the ledger says of them."""

    def amended(self, token_id: int) -> list[AmendmentRecord]:
        """Return the amendments of a piece that the ledger named, in order."""

    def named(self, digest: Digest) -> list[NamedFile]:
        """Return as what certificates that are not held, and their amendments, name the file of that digest."""

    def proof_nodes(self, batch_id: int) -> tuple[int, Mapping[tuple[int, int], bytes]] | None:
        """Return size and known nodes of the tree of a batch that lacks leaves, or ``None`` where it lacks none."""

    def incomplete(self) -> list[Incomplete]:
        """Return the batches that lack leaves."""

    def voids(self, serial: Serial) -> list[TagVoid]:
        """Return the voided tags of a piece, by their numbers."""

    def voids_among(self, serials: Sequence[Serial]) -> list[TagVoid]:
        """Return the voided tags of up to 1,000 pieces, by serial and number."""

    def print_link(self, link: str) -> StoredPrintLink | None:
        """Return a print link."""

    def print_links_of(self, studio: Address, limit: int) -> list[StoredPrintLink]:
        """Return the print links of a studio that are kept, the newest first."""

    def print_marks(self, link: str, first: int, last: int) -> dict[int, PrintMark]:
        """Return what became of the tags of a print link, by their places in it, of those from `first` to `last`."""

    def print_totals(self, studio: Address) -> dict[str, PrintTotals]:
        """Return what became of the tags of a studio's print links, by the links' ids."""

    def daily_scans(self, serial: Serial, number: int, since: int) -> dict[int, int]:
        """Return how many readers scanned a tag, by day, from the day `since` on."""

    def doubts(self) -> list[Doubt]:
        """Return all doubts that were not ended."""

    def doubts_of(self, did: str, limit: int) -> list[Doubt]:
        """Return the newest doubts about the pieces of a studio that were not ended."""

    def trusted_at(self, serial: Serial) -> datetime | None:
        """Return when doubts about a piece's tags were last ended."""

    def held_since(self, token_id: int, studio: Address) -> datetime | None:
        """Return when a piece first had another holder than its studio, or ``None`` where it never had."""

    def revoked_places(self, list_id: str) -> list[int] | None:
        """Return the places of revoked pieces in a status list, or ``None`` where no certificate is in that list."""

    def open_entries(self, most: int | None = None) -> list[OutboxEntry]:
        """Return what has not come to an end, by account and nonce; of each account the first `most` where given."""

    def open_entry(self, account: Address, nonce: int) -> OutboxEntry | None:
        """Return the entry of that nonce, where it has not come to an end."""

    def is_under_way(self, kind: str) -> bool:
        """Tell whether any entry of a kind has not come to an end."""

    def last_nonce(self, account: Address, below: int | None = None) -> int | None:
        """Return the largest nonce that any entry of the account has, ended or not, of those under `below`."""

    def last_ended(self, account: Address) -> OutboxEntry | None:
        """Return the account's ended entry of the largest nonce."""

    def batch(self, batch_id: int) -> StoredBatch | None:
        """Return a batch."""

    def batch_of_entry(self, entry_id: int) -> StoredBatch | None:
        """Return the batch that an outbox entry anchors."""

    def unexamined_batches(self) -> list[StoredBatch]:
        """Return the anchored batches whose certificates nobody has looked at since."""

    def signers(self, batch_id: int) -> list[StoredCertificate]:
        """Return one certificate of a batch for each signer."""

    def leaves(self, batch_id: int) -> list[tuple[Digest, Address]]:
        """Return the leaves that a batch was sealed with in order, each with its studio."""

    def relayed(self, message_id: str) -> StoredMessage | None:
        """Return a relayed message."""

    def amendment_under_way(self, token_id: int) -> bool:
        """Tell whether a relayed amendment of a piece has not come to its end."""

    def release(self, token_id: int, claim_key: Address, nonce: int) -> SignedRelease | None:
        """Return the release of a piece for a claim key, under that number of the piece."""

    def last_release_nonce(self, token_id: int) -> int | None:
        """Return the highest number of the piece under which a release of it is kept."""

    def indexed_head(self) -> BlockRef | None:
        """Return the block that the index reaches to."""

    def last_indexed(self, below: int | None = None) -> tuple[int, Hash32] | None:
        """Return number and hash of the newest indexed block that holds events, of those under `below`."""

    def indexed_hash(self, number: int) -> Hash32 | None:
        """Return the hash of the block at that height, where the index knows it."""

    def directory_events(self) -> list[LedgerEvent]:
        """Return the events that the directory is made of, in order."""

    def directory_version(self) -> tuple[Hash32, int] | None:
        """Return block and place of the newest event that the directory is made of.

        A block's hash commits to all blocks before it: where this is the same, so is every such event.
        """

    def lot(self, lot_id: int) -> LotRow | None:
        """Return a lot of the index."""

    def lot_of_root(self, root: Root) -> LotRow | None:
        """Return the first lot of the anchor of that root."""

    def lots_of_root(self, root: Root) -> list[LotRow]:
        """Return the lots of the anchor of that root, in order."""

    def newest_lot(self) -> tuple[int, Hash32] | None:
        """Return the number of the index's newest lot, and the hash of the block that has it."""

    def unknown_lots(self, studios: Sequence[Address], after: int) -> list[LotRow]:
        """Return the lots of `studios` under roots that no batch has, of anchors after that number, in order."""

    def token(self, token_id: int) -> TokenRow:
        """Return what the events of a token add up to."""
