"""One network loads so many pages of pieces and no more, is told so in its language, and keeps no other out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

from provenance.errors import LimitError
from provenance.evm.accounts import Account
from provenance.serial import Serial
from provenance_registry.app import Registry, build
from provenance_registry.http.page_texts import PAGE_TEXTS
from provenance_registry.service.limits import Limits
from provenance_registry.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::litestar.exceptions.base_exceptions.LitestarDeprecationWarning")
PAGE = {"accept": "text/html", "accept-language": "fr"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder: Path = tmp_path_factory.mktemp("limit")
    admin, steward = (Account.generate()[0].address for _ in range(2))
    made = build(Settings(folder, "http://127.0.0.1:9", admin=admin, steward=steward))
    yield made
    made.close()


def use_up(limits: Limits) -> None:
    with contextlib.suppress(LimitError):
        while True:
            limits.admit_page("testclient")


def test_who_loads_too_many_pages_waits(registry: Registry) -> None:
    limits, at = registry.services.limits, f"/P/{Serial.random().compact}"
    with TestClient(registry.web) as client:
        assert client.get(at, headers=PAGE).status_code == 404
        for _ in range(20):  # There is room for one more after the twentieth of a second.
            use_up(limits)
            refused = client.get(at, headers=PAGE)
            if refused.status_code == 429:
                break
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert f'<h1 class="small">{PAGE_TEXTS["fr"]["busy"]}</h1>' in refused.text
        assert '<a href="?lang=ja"' in refused.text  # The same page in another language, once there is room.
        assert client.get(at, headers={"accept": "application/json"}).json()["outcome"] == "UNKNOWN"
        limits.admit_page("198.51.100.2")
