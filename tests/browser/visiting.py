"""A visit to the page in Chromium, and a web site of a test."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

# The machine may be busy with other things; a wait ends as soon as what is waited for is there.
expect.set_options(timeout=1000 * int(os.environ.get("EXPECT_SECONDS", "30")))

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
TSUNAMI = "Why did so few Tongans die in the 2022 tsunami?"
NOTHING = "What is the boiling point of tungsten in a vacuum chamber on Mars?"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


class Visit:
    """A page that is open, and everything it asked for and complained of."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        size: dict[str, int] = DESKTOP,
        dark: bool = False,
        language: str = "en-GB",
        first_script: str = "",
    ) -> None:
        self.address = address
        self.context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale=language,
        )
        self.context.set_default_timeout(60_000)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page = self.context.new_page()
        self.page.on("request", self._asked)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if first_script:
            self.page.add_init_script(first_script)
        self.page.goto(address)
        expect(self.box).to_be_enabled()

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    @property
    def box(self) -> Locator:
        return self.page.locator("#qa-question textarea")

    @property
    def answers(self) -> Locator:
        return self.page.locator("#qa-chat .qa-answer")

    @property
    def rows(self) -> Locator:
        return self.page.locator("#qa-list tbody tr")

    def ask(self, question: str) -> Locator:
        """Types a question, sends it with Enter, and waits for its answer."""
        before = self.answers.count()
        self.box.fill(question)
        self.box.press("Enter")
        return self.answered(before + 1)

    def answered(self, count: int) -> Locator:
        """The newest of so many answers, once it is there."""
        expect(self.answers).to_have_count(count, timeout=90_000)
        # The page takes the next question when it has heard that this one is done: milliseconds after the answer is
        # drawn, more on a busy machine. What is sent before stays in the box, for a person to send again.
        self.page.wait_for_timeout(300)
        return self.answers.last

    def open(self, view: str) -> None:
        self.page.get_by_role("tab", name=view, exact=True).click()

    def open_library(self) -> None:
        self.open("Library")
        expect(self.rows.first).to_be_visible()

    def cite(self, number: int = 1) -> Locator:
        """A citation of the newest answer."""
        return self.answers.last.locator("a.qa-cite").filter(has_text=str(number)).first

    def tool(self, name: str) -> Locator:
        """A button below the newest answer."""
        return self.answers.last.get_by_role("button", name=name, exact=True)

    def open_filters(self) -> None:
        self.page.get_by_role("button", name="Filters").click()
        expect(self.page.get_by_label("From")).to_be_visible()

    def overflow(self) -> int:
        """Pixels that the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@contextmanager
def web(page_at: Callable[[str], str]) -> Iterator[str]:
    """A web server on this machine whose page at each path is what `page_at` gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page_at(self.path).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it overrides
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def background(page: Page, selector: str) -> list[int]:
    colour = page.evaluate("selector => getComputedStyle(document.querySelector(selector)).backgroundColor", selector)
    return [int(number) for number in re.findall(r"\d+", colour)[:3]]
