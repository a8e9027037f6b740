"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
PATIENCE = 120_000.0
"""Milliseconds for whatever a page must do; the machine may be busy."""
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; tests skip aloud where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium: install Debian's package chromium to run the browser tests")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(_QUIET), timeout=PATIENCE)
        running.on("context", lambda context: context.set_default_timeout(PATIENCE))
        yield running
        running.close()


def leave(context: BrowserContext) -> None:
    """Close pages: what they still ask a test's handlers for fails then, which the next test must not be told of."""
    for page in context.pages:
        page.unroute_all(behavior="ignoreErrors")
    context.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open pages like a phone's; a page that complains on its console, or opens a dialog, fails the test."""
    contexts, complaints = [], list[str]()

    def go(url: str, *, phone: bool = True, scripts: bool = True, language: str = "zh-CN") -> Page:
        context = browser.new_context(
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            locale=language,
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(url)
        return page

    yield go
    for context in contexts:
        leave(context)
    # Chromium reports the status of a page that is not found, or of a form that comes back, as an error of its own.
    told = "the server responded with a status of 404", "the server responded with a status of 422"
    assert [text for text in complaints if not any(words in text for words in told)] == []
