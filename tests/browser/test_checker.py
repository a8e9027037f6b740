"""The page that checks a bundle from a file: saved from a registry, opened from a folder, without a server."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Page

from provenance.certificate import Certificate
from provenance.media import PreparedPhoto, prepare_photo
from provenance.piece import Photo
from provenance.texts import sentence
from tests.browser.test_page import shown
from tests.support.photos import photo_bytes
from tests.support.ports import free_port
from tests.support.registries import RunningRegistry, Studio

DROP = """(files) => {
  const carried = new DataTransfer();
  for(const [name, text] of files) { carried.items.add(new File([text], name)); }
  document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true, cancelable: true}));
}"""


NOBODY = f"http://127.0.0.1:{free_port()}/"
UNREACHED = sentence("ledger-unreachable", "en")


class Saved(NamedTuple):
    """What somebody carries: the page, a bundle, its photo, and the files' folder."""

    folder: Path
    bundle: str
    photo: PreparedPhoto
    certificate: Certificate


@pytest.fixture(scope="module")
def saved(registry: RunningRegistry, studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Saved:
    folder, photo = tmp_path_factory.mktemp("stick"), prepare_photo(photo_bytes(seed=411))
    certificate = studio.sign("棒上的瓶", photos=(Photo(photo.digest),))
    studio.submit(certificate)
    registry.client.upload(photo.digest, photo.data)
    studio.wait_anchored(certificate)
    bundle = registry.client.bundle(certificate.piece.serial).decode()
    (folder / "verify.html").write_bytes(httpx.get(f"{registry.base_url}/verify.html?lang=en", timeout=60).content)
    (folder / "bundle.json").write_text(bundle, "utf-8")
    (folder / f"{photo.digest.hex()}.jpg").write_bytes(photo.data)
    (folder / "other").mkdir()
    (folder / "other" / f"{photo.digest.hex()}.jpg").write_bytes(photo_bytes(seed=412))
    return Saved(folder, bundle, photo, certificate)


@pytest.fixture
def page(browser: Browser, saved: Saved) -> Any:
    """The saved page, opened from its folder; it may complain of nothing, and asks nothing by itself."""
    context, complaints = browser.new_context(locale="en"), list[str]()
    made = context.new_page()
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    asked = list[str]()
    made.on("request", lambda request: asked.append(request.url))
    made.goto((saved.folder / "verify.html").as_uri())
    assert asked == [(saved.folder / "verify.html").as_uri()]
    yield made
    context.close()
    assert [text for text in complaints if "net::ERR_CONNECTION_REFUSED" not in text] == []


def judged(page: Page) -> tuple[str, str | None]:
    page.wait_for_selector("body:not([data-v=entry])")
    return shown(page)


def results(page: Page) -> list[str | None]:
    return [line.get_attribute("data-r") for line in page.locator("#checks li").all()]


def test_a_bundle_is_checked_without_the_ledger_and_then_with_it(page: Page, saved: Saved) -> None:
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.set_input_files("#files", saved.folder / "bundle.json")
    assert judged(page) == ("Could not check now", "unsure")
    assert results(page)[:3] == ["passed"] * 3
    assert "passed" not in results(page)[3:7]
    assert page.inner_text("#piece") == "棒上的瓶"
    assert page.inner_text("#number") == str(saved.certificate.piece.serial)
    assert asked == []
    page.set_input_files("#files", saved.folder / f"{saved.photo.digest.hex()}.jpg")
    page.wait_for_selector("#checks li:nth-child(8)[data-r=passed]")
    page.click("#asking button")
    page.wait_for_selector("body[data-v=authentic]")
    assert shown(page)[0] == "Genuine record"
    assert results(page)[:8] == ["passed"] * 8
    assert {url.rpartition("/")[2] for url in asked} == {"rpc"}


def test_a_photo_that_is_another_is_found(page: Page, saved: Saved) -> None:
    page.set_input_files(
        "#files", [saved.folder / "bundle.json", saved.folder / f"other/{saved.photo.digest.hex()}.jpg"]
    )
    assert judged(page)[1] == "altered"


@pytest.mark.parametrize(
    ("name", "text", "look"),
    [
        ("altered.json", lambda bundle: bundle.replace("棒上", "官窑"), "altered"),
        ("nothing.json", lambda bundle: "{}", "unsure"),
        ("nested.json", lambda bundle: "{" * 100_000, "unsure"),
        ("cut.json", lambda bundle: bundle[:-20], "unsure"),
    ],
)
def test_dropped_files_that_are_not_as_signed(page: Page, saved: Saved, name: str, text: Any, look: str) -> None:
    page.evaluate(DROP, [[name, text(saved.bundle)]])
    assert judged(page)[1] == look


def test_another_serial_on_the_tag(page: Page, saved: Saved) -> None:
    page.fill("#serial", "7K3M-9QX2-VD5T-6")
    page.evaluate(DROP, [["bundle.json", saved.bundle]])
    assert judged(page)[1] == "altered"


def test_a_node_that_is_not_there_accuses_nobody(page: Page, saved: Saved) -> None:
    page.evaluate(DROP, [["bundle.json", saved.bundle]])
    judged(page)
    page.uncheck("[name=node]")
    page.fill("#other", NOBODY)
    page.click("#asking button")
    page.wait_for_selector("body[data-v=unsure]")
    page.wait_for_selector(f"#checks li:nth-child(4):has-text('{UNREACHED}')")


def test_another_policy_is_believed_and_fewer_nodes_than_it_wants_are_not(
    registry: RunningRegistry, page: Page, saved: Saved
) -> None:
    policy = json.loads(registry.policy.to_bytes())
    stranger = {**policy, "ledger": {**policy["ledger"], "deploymentId": "0x" + "11" * 32}}
    page.evaluate(DROP, [["bundle.json", saved.bundle], ["mine.json", json.dumps(stranger)]])
    judged(page)
    assert "mine.json" in page.inner_text("#whose")
    page.click("#asking button")
    page.wait_for_selector(f"#checks li:nth-child(4):has-text('{UNREACHED}')")
    two = {**policy, "nodes": [*policy["nodes"], NOBODY], "agreeing": 2}
    page.evaluate(DROP, [["two.json", json.dumps(two)]])
    page.wait_for_selector(f"[name=node][value='{NOBODY}']")
    page.uncheck(f"[name=node][value='{NOBODY}']")
    page.click("#asking button")
    page.wait_for_selector("body[data-v=unsure]")
    assert shown(page)[1] == "unsure"
    page.evaluate(DROP, [["wrong.json", '{"type":"KilnmarkTrustPolicy"}']])
    page.wait_for_selector("#refused:not([hidden])")
    assert "wrong.json" in page.inner_text("#refused")


def test_the_page_is_one_file_and_its_policy_names_its_only_script(saved: Saved) -> None:
    text = html.unescape((saved.folder / "verify.html").read_text("utf-8"))
    assert "src=" not in text.partition("<script")[0]
    assert "import " not in text
    assert "script-src 'sha256-" in text
    assert "unsafe" not in text.partition("<style>")[0]
