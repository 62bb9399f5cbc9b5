"""One browser tab on the operator's page: what it asked for and complained about is kept, and must be nothing bad."""

from __future__ import annotations

import contextlib
import re
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Locator, Page, expect

QUIET = re.compile(r"WebSocket connection to .* failed|net::ERR_|Failed to load resource")
"""What Chromium itself says when a server is gone; not said by the page."""
LIMIT_MS = 30_000


class Tab:
    """A context manager; on leaving, no error was logged, and no request went to another host."""

    def __init__(self, browser: Browser, address: str, *, outages: bool = False, **options: Any) -> None:
        self._outages = outages
        self._address = address
        self._context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        self._context.set_default_timeout(LIMIT_MS)
        self.page: Page = self._context.new_page()
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{error}\n{error.stack}"))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning") and not (self._outages and QUIET.search(message.text)):
            self.complaints.append(message.text)

    def __enter__(self) -> Tab:
        self.page.goto(self._address)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._context.close()
        if error is None:
            assert self.complaints == [], self.complaints
            here = urlsplit(self._address).netloc
            assert {urlsplit(url).netloc for url in self.asked} == {here}

    def find(self, selector: str) -> Locator:
        """Elements by CSS selector."""
        return self.page.locator(selector)

    def await_lamp(self, *colours: str, limit_ms: int = LIMIT_MS) -> None:
        """Waits until the lamp burns so."""
        expect(self.find("#lamp")).to_have_attribute("data-lamp", re.compile("|".join(colours)), timeout=limit_ms)

    def await_state(self, state: str) -> None:
        """Waits until the page says it is live, lost or recorded."""
        expect(self.find("body")).to_have_attribute("data-state", state, timeout=LIMIT_MS)

    def command(self, kind: str, reason: str, confirm: bool = True) -> None:
        """Presses a control button and answers its question."""
        dialog = self.find("dialog")
        for limit_ms in (2_000, 2_000, LIMIT_MS):  # on a busy machine a press may come before the page listens
            self.find(f"#control-{kind}").click()
            with contextlib.suppress(AssertionError):
                expect(dialog).to_be_visible(timeout=limit_ms)
                break
        expect(dialog).to_be_visible()
        dialog.locator("input[name=reason]").fill(reason)
        dialog.locator("button[type=submit]" if confirm else "button[type=button]").click()
        expect(dialog).to_have_count(0)

    def await_outcome(self, says: str = "", limit_ms: int = LIMIT_MS) -> str:
        """Waits until the last command is acknowledged and its outcome says so; returns all it says."""
        outcome = self.find("#outcome")
        expect(outcome).to_have_attribute("data-tone", "gain", timeout=limit_ms)
        expect(outcome).to_contain_text(says)
        return outcome.inner_text()

    def no_overflow(self) -> None:
        """Nothing is wider than the window."""
        widths = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths[0] <= widths[1], widths
