"""The registry's settings: one frozen value, read from the environment once and passed down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provenance.encoding import Address
from provenance.errors import ConfigurationError, MalformedError
from provenance.ledger import MAX_LEAVES
from provenance.policy import check_nodes
from provenance.tag import check_base_url

MAX_FEE = 1_000
"""Largest `Settings.max_fee` in gwei: what the ledger's own bound is."""
MAX_ALARM_DAYS = 90
"""Largest `Settings.alarm_days`: counts of scans are kept for 400 days, which a piece's own history needs."""

MAX_REPORT_DAYS = 3_650
"""Largest `Settings.report_days`: nobody who left an address waits ten years."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one registry runs.

    - `data`: the folder of database, embedded chain, media and secrets.
    - `base_url`: the address that stands in certificates and on tags; it cannot be changed later.
    - `bind_host`, `bind_port`: where the server listens; loopback unless told otherwise.
    - `database_url`: a PostgreSQL database; absent for an SQLite file in the folder.
    - `ledger_url`, `ledger_contract`: an RPC node and the contract there; both absent for the embedded ledger.
    - `admin`, `steward`: addresses that the embedded ledger's first start takes; their keys live elsewhere.
    - `batch_size`, `batch_age`: a batch is sealed when so many certificates wait, or one so many seconds.
    - `confirmations`: blocks that must hold an anchor before it counts, its own included.
    - `nodes`: addresses of nodes that the trust policy names beside the registry's own, which everybody reads.
    - `agreeing`: how many nodes of the policy must give the same answer to whoever verifies by it.
    - `max_relay_gas`: gas that one message of others may take at the relayer's cost.
    - `raise_fees_after`: seconds after which what is not mined is signed anew with higher fees; 0 is never.
    - `max_fee`: gwei a gas above which nothing is signed.
    - `max_relayed_hourly`: messages of others that the relayer pays for in an hour.
    - `write_off_anchors`: anchors up to this number that the database does not know keep nothing from being anchored.
    - `alarm_readers`, `alarm_factor`, `alarm_days`: more readers of a tag than this, and than so many times its busiest
      day before, on so many days in a row raise "possible copy" once an owner has claimed the piece.
    - `max_open_reports`: reports of one piece that are kept while nobody has closed them; more are only counted.
    - `report_days`: days after which a report is forgotten, closed or not, with how its writer can be reached.
    - `worker`: whether this process may index and send; of several, those for readers alone need not.
    - `max_pause_days`: days that the embedded ledger may have rested before a block is refused as misdated.
    """

    data: Path
    base_url: str
    bind_host: str = "127.0.0.1"
    bind_port: int = 8757
    name: str = "Kilnmark"
    database_url: str | None = field(default=None, repr=False)  # It may hold a password.
    ledger_url: str | None = None
    ledger_contract: Address | None = None
    admin: Address | None = None
    steward: Address | None = None
    batch_size: int = 5_000
    batch_age: float = 5.0
    confirmations: int = 1
    nodes: tuple[str, ...] = ()
    agreeing: int = 1
    write_off_anchors: int = 0
    max_pause_days: float = 400.0
    worker: bool = True
    max_relay_gas: int = 1_000_000
    max_relayed_hourly: int = 600
    raise_fees_after: float = 120.0
    max_fee: float = 1_000.0
    alarm_readers: int = 400
    alarm_factor: float = 3.0
    alarm_days: int = 21
    max_open_reports: int = 20
    report_days: int = 365

    max_reports: int = 100_000
    """Reports of all pieces that are kept: 150 MB at most; anybody can send them."""
    max_held: int = 10_000
    """Certificates kept for studios that nobody has accredited yet: 650 MB at most; anybody can make them."""
    max_line_batch: int = 1_000
    """Certificates in one bulk submission: a second's work."""
    max_body: int = 16 * 2**20
    """Bytes of one bulk submission."""
    max_media: int = 20 * 2**20
    """Bytes of one photo: a 48-megapixel JPEG."""
    max_scan: int = 256 * 2**20
    """Bytes of one 3D scan: five million triangles with their textures."""
    max_file: int = 512 * 2**20
    """Bytes of one file of a digital work: a quarter of an hour of video."""
    max_release_batch: int = 1_000
    """Releases in one request: a second's work where a key signed them."""
    max_release_body: int = 5 * 2**20
    """Bytes of that request: passkeys' signatures are long."""
    max_rpc_batch: int = 20
    """JSON-RPC calls in one request: a phone asks for three, and each may take the node a twentieth of a second."""
    max_rpc_body: int = 2**20
    """Bytes of one JSON-RPC request: an anchor's calldata stays under 128 KiB."""
    max_index_lag: float = 60.0
    """Seconds without contact to the ledger after which the index may no longer vouch for anything."""

    def __post_init__(self) -> None:
        if (self.ledger_url is None) != (self.ledger_contract is None):
            raise ConfigurationError(
                "bad-settings", "A ledger behind RPC needs both KILNMARK_LEDGER and KILNMARK_CONTRACT."
            )
        if self.ledger_url is None and (self.admin is None or self.steward is None):
            raise ConfigurationError(
                "bad-settings",
                "The embedded ledger needs the addresses of an admin and a steward.",
                hint="Set KILNMARK_ADMIN and KILNMARK_STEWARD; `kilnmark ledger key new` makes them.",
            )
        if not (self.worker or self.is_shared):
            raise ConfigurationError(
                "bad-settings",
                "KILNMARK_WORKER=off is for one of several processes, and this one is alone.",
                hint="Several need PostgreSQL (KILNMARK_DATABASE) and a ledger behind RPC (KILNMARK_LEDGER).",
            )
        if not 1 <= self.batch_size <= MAX_LEAVES:
            raise ConfigurationError("bad-settings", "A batch holds 1 to {limit:,} certificates.", limit=MAX_LEAVES)
        check_nodes(self.published_nodes, self.agreeing)
        if any("@" in node for node in self.nodes):
            raise ConfigurationError(
                "secret-address",
                "A node's address in KILNMARK_NODES holds a name or a password, and the policy would publish it.",
                hint="Name a node that needs none.",
            )
        if self.max_relay_gas < 1 or self.max_relayed_hourly < 1:
            raise ConfigurationError(
                "bad-settings", "KILNMARK_MAX_RELAY_GAS and KILNMARK_MAX_RELAYED_HOURLY count from 1."
            )

        if not (self.raise_fees_after >= 0 and 0 < self.max_fee <= MAX_FEE):
            raise ConfigurationError(
                "bad-settings",
                "KILNMARK_RAISE_FEES_AFTER counts from 0, and KILNMARK_MAX_FEE is above 0 and at most {limit:,}.",
                limit=MAX_FEE,
            )

        if not (self.alarm_readers >= 1 and self.alarm_factor >= 1 and 1 <= self.alarm_days <= MAX_ALARM_DAYS):
            raise ConfigurationError(
                "bad-settings",
                "KILNMARK_ALARM_READERS, KILNMARK_ALARM_FACTOR and KILNMARK_ALARM_DAYS count from 1, the last up to "
                "{limit}.",
                limit=MAX_ALARM_DAYS,
            )

        if self.max_open_reports < 1 or not 1 <= self.report_days <= MAX_REPORT_DAYS:
            raise ConfigurationError(
                "bad-settings",
                "KILNMARK_MAX_OPEN_REPORTS and KILNMARK_REPORT_DAYS count from 1, the last up to {limit:,}.",
                limit=MAX_REPORT_DAYS,
            )

    @property
    def is_shared(self) -> bool:
        """Whether several processes may serve from one folder: neither the database nor the ledger is a file in it."""
        return self.database_url is not None and self.ledger_url is not None

    @property
    def published_nodes(self) -> tuple[str, ...]:
        """The nodes that the trust policy names: the registry's own first."""
        return (f"{self.base_url}/rpc", *self.nodes)

    @property
    def database(self) -> Path:
        """The registry's SQLite file."""
        return self.data / "registry.db"

    @property
    def chain(self) -> Path:
        """The embedded ledger's SQLite file."""
        return self.data / "chain.db"

    @property
    def renditions(self) -> Path:
        """Where smaller pictures of photos are: they can be drawn again, and no backup holds them."""
        return self.data / "renditions"

    @property
    def media(self) -> Path:
        """The folder of photos, scans and files, by digest."""
        return self.data / "media"

    @property
    def secrets(self) -> Path:
        """The folder of the registry's own keys: anchorer, relayer, status list."""
        return self.data / "secrets"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read ``KILNMARK_…`` variables; raises `ConfigurationError`, naming the variable."""
        try:
            port = int(env.get("KILNMARK_PORT", "8757"))
            batch_size = int(env.get("KILNMARK_BATCH_SIZE", "5000"))
            batch_age = float(env.get("KILNMARK_BATCH_AGE", "5"))
            confirmations = int(env.get("KILNMARK_CONFIRMATIONS", "1"))
            agreeing = int(env.get("KILNMARK_AGREEING", "1"))
            write_off_anchors = int(env.get("KILNMARK_WRITE_OFF_ANCHORS", "0"))
            max_pause_days = float(env.get("KILNMARK_MAX_PAUSE_DAYS", "400"))
            max_relay_gas = int(env.get("KILNMARK_MAX_RELAY_GAS", "1000000"))
            raise_fees_after = float(env.get("KILNMARK_RAISE_FEES_AFTER", "120"))
            max_fee = float(env.get("KILNMARK_MAX_FEE", "1000"))
            alarm_readers = int(env.get("KILNMARK_ALARM_READERS", "400"))
            alarm_factor = float(env.get("KILNMARK_ALARM_FACTOR", "3"))
            alarm_days = int(env.get("KILNMARK_ALARM_DAYS", "21"))
            max_open_reports = int(env.get("KILNMARK_MAX_OPEN_REPORTS", "20"))
            report_days = int(env.get("KILNMARK_REPORT_DAYS", "365"))
            max_relayed_hourly = int(env.get("KILNMARK_MAX_RELAYED_HOURLY", "600"))
        except ValueError as error:
            raise ConfigurationError("bad-settings", "A setting is not a number: {reason}.", reason=error) from None
        host = env.get("KILNMARK_HOST", "127.0.0.1")
        if host in ("0.0.0.0", "::") and "KILNMARK_BASE_URL" not in env:  # noqa: S104 - compared, not bound to
            raise ConfigurationError(
                "bad-settings",
                "The address on tags is not known: {host} stands for every address of this machine.",
                hint="Set KILNMARK_BASE_URL to the registry's public address.",
                host=host,
            )
        worker = env.get("KILNMARK_WORKER", "on")
        if worker not in ("on", "off"):
            raise ConfigurationError("bad-settings", "KILNMARK_WORKER is on or off.")
        return cls(
            data=Path(env.get("KILNMARK_DATA", "kilnmark-registry")),
            base_url=check_base_url(env.get("KILNMARK_BASE_URL", f"http://{host}:{port}")),
            bind_host=host,
            bind_port=port,
            name=env.get("KILNMARK_NAME", "Kilnmark"),
            database_url=env.get("KILNMARK_DATABASE") or None,
            ledger_url=env.get("KILNMARK_LEDGER") or None,
            ledger_contract=_address(env, "KILNMARK_CONTRACT"),
            admin=_address(env, "KILNMARK_ADMIN"),
            steward=_address(env, "KILNMARK_STEWARD"),
            batch_size=batch_size,
            batch_age=batch_age,
            confirmations=confirmations,
            nodes=tuple(env.get("KILNMARK_NODES", "").split()),
            agreeing=agreeing,
            write_off_anchors=write_off_anchors,
            max_pause_days=max_pause_days,
            worker=worker == "on",
            max_relay_gas=max_relay_gas,
            max_relayed_hourly=max_relayed_hourly,
            raise_fees_after=raise_fees_after,
            max_fee=max_fee,
            alarm_readers=alarm_readers,
            alarm_factor=alarm_factor,
            alarm_days=alarm_days,
            max_open_reports=max_open_reports,
            report_days=report_days,
        )


def _address(env: Mapping[str, str], name: str) -> Address | None:
    text = env.get(name)
    if not text:
        return None
    try:
        return Address.parse(text.lower())
    except MalformedError:
        raise ConfigurationError("bad-settings", "{name} is not an Ethereum address.", name=name) from None
