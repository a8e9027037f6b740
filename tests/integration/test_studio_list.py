"""The list of studios, longer than a page, as a reader walks through it while the guild goes on accrediting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from provenance.encoding import Address
from provenance.evm.accounts import Account
from provenance.evm.ledger import EVMLedger
from provenance.ledger import AccreditCall, LedgerCall, SuspendCall
from provenance_registry.app import Registry, build
from provenance_registry.service.roll import ROLL_PAGE
from provenance_registry.settings import Settings
from tests.integration.test_pipeline import STEWARD, Door, turns_until

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.base_exceptions.LitestarDeprecationWarning")
COUNT = 2 * ROLL_PAGE + 7
BASE = "http://127.0.0.1:9"


class Guild:
    """A guild's steward at a registry's ledger."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._ledger = EVMLedger(Door(registry), registry.services.policy.ledger.contract)
        self.addresses = list[Address]()

    def accredit(self, count: int) -> None:
        studios = [Account.generate()[0].address for _ in range(count)]
        first = len(self.addresses)
        self.addresses += studios
        names = [(f"did:web:127.0.0.1%3A9:studios:s{n}", f"Kiln {n:03}") for n in range(first, first + count)]
        self._do([AccreditCall(studio, *name) for studio, name in zip(studios, names, strict=True)])
        directory = self._registry.services.index
        turns_until(self._registry, lambda: directory.directory.studio(studios[-1]) is not None)

    def suspend(self, number: int) -> None:
        studio = self.addresses[number]
        self._do([SuspendCall(studio)])

        def is_suspended() -> bool:
            entry = self._registry.services.index.directory.studio(studio)
            return entry is not None and entry.suspended

        turns_until(self._registry, is_suspended)

    def _do(self, calls: list[LedgerCall]) -> None:
        nonce = self._ledger.next_nonce(STEWARD.address)
        for place, call in enumerate(calls):
            self._ledger.send(self._ledger.prepare(call, STEWARD, nonce + place))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder: Path = tmp_path_factory.mktemp("list")
    made = build(Settings(folder, BASE, admin=Account.generate()[0].address, steward=STEWARD.address))
    yield made
    made.close()


def walk(client: TestClient[Litestar], at: str = "/studios?lang=en") -> Iterator[str]:
    """Go from page to page by the links alone."""
    while True:
        answer = client.get(at)
        assert answer.status_code == 200
        yield answer.text
        following = re.search(r'<a href="([^"]+)" rel="next">', answer.text)
        if following is None:
            return
        at = following[1].replace("&amp;", "&")


def begun(pages: list[str]) -> list[str]:
    """Return from where the pages after each go on."""
    return [found[1] for page in pages if (found := re.search(r'after=([0-9]+)" rel="next"', page))]


def names(page: str) -> list[str]:
    return re.findall(r"<b>(Kiln [0-9]+)</b>", page)


def test_a_long_list_is_walked_page_by_page(registry: Registry) -> None:
    guild = Guild(registry)
    with TestClient(registry.web) as client:
        assert "No studio is accredited yet." in client.get("/studios?lang=en").text
        guild.accredit(COUNT)
        every = [f"Kiln {number:03}" for number in range(COUNT)]
        pages = list(walk(client))
        assert [len(names(page)) for page in pages] == [ROLL_PAGE, ROLL_PAGE, 7]
        assert [name for page in pages for name in names(page)] == every
        assert ['href="/studios?lang=en">To the first' in page for page in pages] == [False, True, True]
        assert not [page for page in pages if "noindex" in page]
        menus = [re.findall(r'<a href="([^"]+)" lang="fr"', page) for page in pages]
        assert menus == [["/studios?lang=fr"], *([f"/studios?lang=fr&amp;after={n}"] for n in begun(pages))]
        assert names(client.get(menus[1][0].replace("&amp;", "&")).text) == names(pages[1])

        walked = walk(client)
        found = names(next(walked))
        guild.suspend(0)
        guild.suspend(ROLL_PAGE)
        guild.accredit(1)
        second = next(walked)
        assert "<h2>Suspended</h2>" in second
        assert names(second)[-1] == f"Kiln {ROLL_PAGE:03}"  # Apart from those in good standing, and on its page.
        found += sorted(names(second)) + names(next(walked))
        assert found == [*every, f"Kiln {COUNT:03}"]

        assert names(client.get("/studios?lang=en&after=99999999999999999999").text)[0] == "Kiln 001"
        for wrong in ("-1", "1e3", "²", "9" * 21, "<"):
            assert client.get("/studios", params={"after": wrong}).status_code == 422
        assert len(client.get("/api/v1/studios").json()["studios"]) == COUNT + 1
