"""The phone's own check where the policy names two nodes, and where answers are endless or never come."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from provenance.serial import Serial
from provenance.tag import tag_url
from tests.browser.conftest import leave
from tests.browser.test_page import anchored, shown
from tests.browser.test_phone_check import settled
from tests.support.registries import RunningRegistry, Studio

OTHER = "https://other.example/rpc"
Answer = Callable[[Route], None]


@pytest.fixture(scope="module")
def serial(studio: Studio) -> Serial:
    return anchored(studio)


@pytest.fixture
def phone(browser: Browser, registry: RunningRegistry) -> Iterator[Page]:
    """A phone that is told of two nodes, by a page whose content policy names both."""
    context = browser.new_context(locale="en")
    made = context.new_page()

    def page(route: Route) -> None:
        answer = httpx.get(route.request.url, headers={"accept": "text/html", "accept-language": "en"}, timeout=60)
        headers = {"content-type": "text/html", "content-security-policy": answer.headers["content-security-policy"]}
        headers["content-security-policy"] = headers["content-security-policy"].replace(
            "connect-src", "connect-src https://other.example"
        )
        route.fulfill(headers=headers, body=answer.text)

    made.route("**/P/*", page)
    name_both(made, registry, 1)
    yield made
    leave(context)


def name_both(phone: Page, registry: RunningRegistry, agreeing: int) -> None:
    policy = json.loads(registry.policy.to_bytes())
    told = {**policy, "nodes": [*policy["nodes"], OTHER], "agreeing": agreeing}
    phone.route("**/api/v1/policy", lambda route: route.fulfill(json=told))


def honest(registry: RunningRegistry, word: str = "", lie: str = "") -> Answer:
    """Return a node that says what the registry's says, but for a word in its answers."""

    def answer(route: Route) -> None:
        if route.request.method == "OPTIONS":
            told = httpx.options(f"{registry.base_url}/rpc", timeout=60)
            return route.fulfill(status=204, headers=dict(told.headers))
        told = httpx.post(f"{registry.base_url}/rpc", content=route.request.post_data or "", timeout=60)
        body = told.text.replace(word, lie) if word else told.text
        return route.fulfill(headers={"access-control-allow-origin": "*"}, body=body)

    return answer


def down(route: Route) -> None:
    route.fulfill(status=503, headers={"access-control-allow-origin": "*"}, body="")


def own(registry: RunningRegistry) -> str:
    return f"{registry.base_url}/rpc"


def found(phone: Page, registry: RunningRegistry, serial: Serial) -> tuple[str, tuple[str, str | None]]:
    phone.goto(tag_url(registry.base_url, serial))
    return settled(phone), shown(phone)


GENUINE = ("Genuine record", "authentic")
UNHEARD = "Your phone could not reach the ledger: only the registry has answered"


def test_two_nodes_that_agree_are_independent(phone: Page, registry: RunningRegistry, serial: Serial) -> None:
    phone.route(OTHER, honest(registry))
    line, page = found(phone, registry, serial)
    assert ("independently of the registry" in line, page) == (True, GENUINE)


def test_a_node_that_lies_leaves_nothing_that_could_be_checked(
    phone: Page, registry: RunningRegistry, studio: Studio, serial: Serial
) -> None:
    phone.route(OTHER, honest(registry, str(studio.account.address)[2:].lower(), "11" * 20))
    line, page = found(phone, registry, serial)
    assert "The registry says: Genuine record" in line
    assert page == ("Warning: the nodes disagree", "unsure")


def test_one_node_that_is_down(phone: Page, registry: RunningRegistry, serial: Serial) -> None:
    phone.route(OTHER, down)
    line, page = found(phone, registry, serial)
    assert ("on this registry’s own ledger" in line, page) == (True, GENUINE)


def test_the_registrys_node_is_down_and_the_other_answers(
    phone: Page, registry: RunningRegistry, serial: Serial
) -> None:
    phone.route(own(registry), down)
    phone.route(OTHER, honest(registry))
    line, page = found(phone, registry, serial)
    assert ("independently of the registry" in line, page) == (True, GENUINE)


def test_both_nodes_are_down(phone: Page, registry: RunningRegistry, serial: Serial) -> None:
    phone.route(own(registry), down)
    phone.route(OTHER, down)
    assert found(phone, registry, serial) == (UNHEARD, GENUINE)


def test_one_node_is_down_where_two_must_agree(phone: Page, registry: RunningRegistry, serial: Serial) -> None:
    name_both(phone, registry, 2)
    phone.route(OTHER, down)
    assert found(phone, registry, serial) == (UNHEARD, GENUINE)


@pytest.mark.parametrize("what", ["policy", "bundle"])
def test_an_answer_without_measure_is_not_read_to_its_end(
    phone: Page, registry: RunningRegistry, serial: Serial, what: str
) -> None:
    def padded(route: Route) -> None:  # Blanks before a policy change nothing, but that they are too many.
        route.fulfill(body=b" " * (5 * 2**20) + httpx.get(route.request.url, timeout=60).content)

    phone.route(f"**/{what}", padded)
    line, page = found(phone, registry, serial)
    assert ("could not check" in line, page) == (True, GENUINE)


def test_an_answer_that_never_comes_is_not_waited_for(phone: Page, registry: RunningRegistry, serial: Serial) -> None:
    kept = list[Route]()
    phone.clock.install()
    phone.route(own(registry), lambda route: kept.append(route))
    phone.route(OTHER, lambda route: kept.append(route))
    with phone.expect_request(OTHER):
        phone.goto(tag_url(registry.base_url, serial))
        phone.clock.run_for(2_000)
    assert "checking" in phone.inner_text("#phone")
    phone.clock.run_for(60_000)
    phone.wait_for_selector("#phone:not(:has-text('checking'))")
    assert "only the registry has answered" in phone.inner_text("#phone")
    assert shown(phone) == GENUINE
    for route in kept:
        route.abort()  # Else Playwright waits for an answer beyond the test's end.
