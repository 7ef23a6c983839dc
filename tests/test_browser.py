"""The page in a real browser: asking, citations, the library tab, a phone, the dark, and that nothing else is asked."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Route, expect, sync_playwright

from qa import Article, Library
from qa.ui.ask import example_questions
from qa.ui.server import running

# The machine may be busy with other things; a wait ends as soon as what is waited for is there.
expect.set_options(timeout=30_000)

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: install it, or name it in CHROMIUM")

SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
TSUNAMI = "Why did so few Tongans die in the 2022 tsunami?"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def library(example_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(shutil.copytree(example_folder, tmp_path_factory.mktemp("browser") / "library")) as library:
        yield library


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with running(library) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Visit:
    """A page that is open, and everything it asked for and complained of."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        size: dict[str, int] = DESKTOP,
        dark: bool = False,
        first_script: str = "",
    ) -> None:
        self.address = address
        self.context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
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
        expect(self.answers).to_have_count(before + 1, timeout=90_000)
        # The page takes the next question when it has heard that this one is done: milliseconds after the answer is
        # drawn, more on a busy machine. What is sent before stays in the box, for a person to send again.
        self.page.wait_for_timeout(300)
        return self.answers.last

    def open_library(self) -> None:
        self.page.get_by_role("tab", name="Library").click()
        expect(self.rows.first).to_be_visible()

    def open_filters(self) -> None:
        self.page.get_by_role("button", name="Filters").click()
        expect(self.page.get_by_label("From")).to_be_visible()
        # Gradio mounts the fields now, and empties them once more some 30 ms later; nobody types as soon as that.
        self.page.wait_for_timeout(500)

    def overflow(self) -> int:
        """Pixels that the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """A desktop visit, which must have asked no other host and complained of nothing when it ends."""
    visit = Visit(browser, address)
    yield visit
    visit.context.close()
    assert [url for url in visit.requests if not url.startswith((address, "data:", "blob:"))] == []
    assert visit.complaints == []


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


# Types and presses Enter in the very task in which the box can first be typed in.
QUICK = """(() => {
  const watch = new MutationObserver(() => {
    const box = document.querySelector("#qa-question textarea");
    if (!box || box.disabled) return;
    watch.disconnect();
    box.focus();
    document.execCommand("insertText", false, QUESTION);
    for (const type of ["keydown", "keypress", "keyup"])
      box.dispatchEvent(new KeyboardEvent(type, { key: "Enter", bubbles: true, cancelable: true }));
  });
  watch.observe(document, { subtree: true, childList: true, attributes: true });
})()"""


def test_a_question_typed_at_once_is_not_lost(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, first_script=QUICK.replace("QUESTION", repr(SHARE)))
    expect(visit.page.locator("#qa-chat .qa-question")).to_have_text([SHARE])
    expect(visit.answers).to_have_count(1)
    expect(visit.box).to_have_value("")
    visit.context.close()


def test_the_box_has_the_focus_and_says_what_it_is_for(visit: Visit) -> None:
    expect(visit.box).to_be_focused()
    expect(visit.box).to_have_attribute("placeholder", "Ask a question about your articles")


def test_a_question_while_the_model_loads_is_answered(browser: Browser, example_copy: Path) -> None:
    # The lock that is held is the one that loading the model holds, for as long as it takes.
    with Library.open(example_copy) as slow, slow._loading, running(slow) as url:
        visit = Visit(browser, url)
        visit.box.fill(SHARE)
        visit.box.press("Enter")
        expect(visit.page.locator("#qa-said")).to_contain_text("model is still loading")
        expect(visit.page.locator("#qa-chat .qa-question")).to_have_text([SHARE])
        slow._loading.release()
        try:
            expect(visit.answers).to_have_count(1, timeout=90_000)
        finally:
            slow._loading.acquire()
        expect(visit.page.locator("#qa-said")).not_to_contain_text("loading")
        visit.context.close()


def test_open_page_scrolls_to_the_quoted_sentence(visit: Visit, library: Library) -> None:
    sentence = "The bell of Ostrava mill was cast by Milena Drozd in 1733 for ninety silver thalers."
    filler = "".join(
        f"<p>Paragraph {n} tells of the weather, of roads and of fields around the town.</p>" for n in range(90)
    )
    page = (
        "<!DOCTYPE html><html lang='en'><head><title>The mill bell</title></head><body><article><h1>The mill bell</h1>"
        f"{filler}<p>Visitors ask about it. {sentence} It still rings at noon.</p>{filler}</article></body></html>"
    )
    question = "Who cast the bell of Ostrava mill in 1733?"
    with web(lambda path: page) as site:
        (article_id,) = library.add(f"{site}bell").added
        try:
            answer = visit.ask(question)
            expect(answer).to_contain_text("Milena Drozd")
            link = visit.page.locator("#qa-panel .qa-card").first.get_by_role("link", name="Open page")
            expect(link).to_have_attribute("target", "_blank")
            expect(link).to_have_attribute("rel", "noopener noreferrer")
            assert (link.get_attribute("href") or "").startswith(f"{site}bell#:~:text=")
            with visit.context.expect_page() as opened:
                link.click()
            shown = opened.value
            expect(shown.get_by_text(sentence)).to_be_in_viewport()
            assert shown.evaluate("scrollY") > 1000
            shown.close()
        finally:
            library.remove(article_id)


def test_adding_can_be_stopped_and_goes_on(browser: Browser, visit: Visit, library: Library) -> None:
    asked, gate = threading.Event(), threading.Event()

    def page_at(path: str) -> str:
        asked.set()
        assert gate.wait(60)
        name = path.strip("/").title()
        return (
            f"<html><head><title>The harbour of {name}</title></head><body><article><h1>The harbour of {name}</h1><p>"
            f"The harbour of {name} was dug by hand over eleven winters, and opened to ships in 1866. Its first "
            "pilot knew every rock by name, and wrote them down for those who came after.</p></article></body></html>"
        )

    visit.open_library()
    other = Visit(browser, visit.address)
    add, stop = (visit.page.get_by_role("button", name=name) for name in ("Add to the library", "Stop"))
    expect(stop).to_be_hidden()
    with web(page_at) as site:
        addresses = "\n".join(f"{site}{name}" for name in ("alm", "borr", "celd"))
        try:
            visit.page.get_by_label("Web addresses").fill(addresses)
            add.click()
            expect(add).to_be_hidden()
            assert asked.wait(30)
            bar = visit.page.locator("#qa-outcome").get_by_role("progressbar")
            expect(bar).to_be_in_viewport()
            box, frame = bar.bounding_box(), visit.page.locator("#qa-outcome").bounding_box()
            assert box
            assert frame
            assert frame["y"] <= box["y"] <= frame["y"] + frame["height"] - box["height"]
            other.open_library()
            expect(other.page.get_by_role("button", name="Add to the library")).to_be_visible()
            expect(other.page.locator("#qa-stop")).to_be_hidden()
            stop.click()
            expect(visit.page.get_by_role("button", name="Stopping…")).to_be_disabled()
            gate.set()
            report = visit.page.locator("#qa-outcome .qa-report")
            expect(report).to_contain_text("1 article added")
            expect(report).to_contain_text("Stopped before the end. What was added stays")
            expect(stop).to_be_hidden()
            expect(visit.rows).to_have_count(19)
            expect(visit.page.get_by_label("Web addresses")).to_have_value(addresses)
            add.click()
            expect(report).to_contain_text("2 articles added")
            expect(report).to_contain_text("1 article already there")
            expect(report).not_to_contain_text("Stopped")
            expect(visit.page.get_by_label("Web addresses")).to_have_value("")
            expect(visit.rows).to_have_count(21)
        finally:
            gate.set()
            other.context.close()
            for summary in library.summaries("The harbour of"):
                library.remove(summary.id)


def test_ask_read_and_follow_a_citation(visit: Visit, library: Library) -> None:
    answer = visit.ask(SHARE)
    expected = library.ask(SHARE)
    expect(answer).to_contain_text("about 35 per cent")
    assert answer.locator(".qa-quote").all_inner_texts() == [" ".join(c.quote.split()) for c in expected.citations]
    assert answer.locator("a.qa-cite").all_inner_texts() == [str(c.number) for c in expected.citations]
    mark = visit.page.locator("#qa-panel mark").first
    answer.locator("a.qa-cite").first.click()
    expect(mark).to_be_in_viewport(ratio=0.9)
    expect(mark).to_be_focused()
    expect(mark).to_have_class("qa-target")
    assert mark.inner_text().split() == expected.citations[0].quote.split()
    visit.page.locator("#qa-panel a.qa-number").first.click()
    expect(answer.locator("a.qa-cite").first).to_be_focused()


def test_keyboard_alone_reaches_the_passage(visit: Visit) -> None:
    answer = visit.ask(SHARE)
    answer.locator("a.qa-cite").first.focus()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#qa-panel mark").first).to_be_focused()


def test_older_answers_keep_their_numbers(visit: Visit) -> None:
    first = visit.ask(SHARE)
    visit.ask(TSUNAMI)
    panel = visit.page.locator("#qa-panel section:visible")
    expect(panel).to_have_count(1)
    expect(panel.locator(".qa-asked")).to_have_text(TSUNAMI)
    visit.answers.first.locator("a.qa-cite").first.click()
    expect(panel).to_have_count(1)
    expect(panel.locator(".qa-asked")).to_have_text(SHARE)
    expect(panel.locator("mark").first).to_be_in_viewport()
    visit.page.get_by_role("button", name="New conversation").click()
    expect(first).to_have_count(0)
    expect(visit.page.locator("#qa-panel")).to_contain_text("appear here")


def test_example_question_and_reading_view(visit: Visit, library: Library) -> None:
    question = example_questions(library)[1]
    visit.page.get_by_role("button", name=question).click()
    expect(visit.answers).to_have_count(1)
    quote = library.ask(question).citations[0].quote
    with visit.context.expect_page() as opened:
        visit.page.locator("#qa-panel").get_by_role("link", name="Read in article").first.click()
    reading = opened.value
    expect(reading.locator("mark").first).to_be_in_viewport()
    assert " ".join(reading.locator("mark").all_inner_texts()).split() == quote.split()
    expect(reading.locator("h1")).to_have_text(library.ask(question).citations[0].title)


def test_nothing_found(visit: Visit) -> None:
    answer = visit.ask("What is the boiling point of tungsten in a vacuum chamber on Mars?")
    assert answer.locator("a.qa-cite").count() == 0
    expect(visit.page.locator("#qa-panel .qa-group")).to_have_text("Nearest passages")
    expect(visit.page.locator("#qa-panel blockquote").first).to_be_visible()


def test_filters_and_a_date_that_is_none(visit: Visit) -> None:
    visit.open_filters()
    visit.page.get_by_label("From").fill("last March")
    visit.box.fill(SHARE)
    visit.box.press("Enter")
    expect(visit.page.get_by_role("alert").filter(has_text="give a date that exists")).to_be_visible()
    expect(visit.box).to_have_value(SHARE)
    visit.page.get_by_label("From").fill("")
    visit.page.get_by_label("Author").fill("abiodun")
    visit.ask(SHARE)
    cards = visit.page.locator("#qa-panel .qa-meta")
    assert cards.count() > 1
    assert {text.split(" · ")[0] for text in cards.all_inner_texts()} == {"Jonas Abiodun"}


def test_two_people_see_their_own_conversation(browser: Browser, address: str, visit: Visit) -> None:
    other = Visit(browser, address)
    visit.ask(SHARE)
    other.ask(TSUNAMI)
    expect(visit.page.locator("#qa-chat .qa-question")).to_have_text([SHARE])
    expect(other.page.locator("#qa-chat .qa-question")).to_have_text([TSUNAMI])
    other.context.close()


def test_library_lists_searches_adds_and_removes(visit: Visit, library: Library, tmp_path: Path) -> None:
    page = tmp_path / "lighthouse.html"
    page.write_text(
        "<html><head><title>The lamp of Skarv Point</title></head><body><article><h1>The lamp of Skarv Point</h1>"
        "<p>The lighthouse on Skarv Point was first lit in October 1874, after three years of work by masons from the "
        "mainland. Its lamp burned colza oil, and the keeper climbed 214 steps to trim it.</p><p>In 1931 the lamp was "
        "changed to electricity. The last keeper, Ingrid Moe, left the island in 1988 and wrote a book about it.</p>"
        "</article></body></html>",
        encoding="utf-8",
    )
    visit.open_library()
    expect(visit.rows).to_have_count(18)
    expect(visit.page.locator("#qa-top")).to_contain_text("18 articles")

    visit.page.locator("#qa-files input[type=file]").set_input_files(page)
    expect(visit.page.locator("#qa-files")).to_contain_text("lighthouse")
    visit.page.get_by_label("Web addresses").fill("/etc/hostname")
    visit.page.get_by_role("button", name="Add to the library").click()
    report = visit.page.locator("#qa-outcome .qa-report")
    expect(report).to_contain_text("1 article added")
    expect(report).to_contain_text("/etc/hostname: not a web address")
    expect(visit.rows).to_have_count(19)
    expect(visit.page.locator("#qa-top")).to_contain_text("19 articles")

    visit.page.get_by_placeholder("Search title").fill("skarv")
    expect(visit.rows).to_have_count(1)
    visit.page.get_by_label("Select The lamp of Skarv Point").check()
    visit.page.get_by_role("button", name="Remove selected").click()
    question = visit.page.get_by_text("Remove “The lamp of Skarv Point” from the library?")
    expect(question).to_be_visible()
    visit.page.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    assert len(library) == 19
    visit.page.get_by_role("button", name="Remove selected").click()
    visit.page.get_by_role("button", name="Yes, remove").click()
    expect(visit.page.locator("#qa-top")).to_contain_text("18 articles")
    assert len(library) == 18
    visit.page.get_by_placeholder("Search title").fill("")
    expect(visit.rows).to_have_count(18)


def test_the_table_follows_the_library_and_the_newest_search(visit: Visit, library: Library) -> None:
    visit.open_library()
    search = visit.page.get_by_placeholder("Search title")
    search.fill("Skarv")
    expect(visit.page.locator("#qa-list")).to_contain_text("No title, author or site matches “Skarv”")

    def searches_skarv(request: Request) -> bool:
        return '"Skarv"' in (request.post_data or "")

    held: list[Route] = []
    visit.page.route(
        lambda url: "/gradio_api/" in url,
        lambda route: held.append(route) if searches_skarv(route.request) and not held else route.continue_(),
    )
    text = "The lamp of Skarv Point was lit in October 1874, and burned colza oil until the year 1931."
    library.add(Article(id="skarv", title="The lamp of Skarv Point", text=text))
    try:
        # An article added elsewhere is seen on coming back; the table with it is slow, and the search is emptied first.
        visit.page.get_by_role("tab", name="Ask").click()
        with visit.page.expect_request(searches_skarv):
            visit.page.get_by_role("tab", name="Library").click()
        expect(visit.page.locator("#qa-top")).to_contain_text("19 articles")
        search.fill("")
        visit.page.wait_for_timeout(500)  # long enough for a table drawn too early to be overtaken
        held[0].continue_()
        visit.page.wait_for_timeout(500)
        expect(visit.rows).to_have_count(19)
        expect(visit.rows.filter(has_text="Skarv")).to_have_count(1)
    finally:
        library.remove("skarv")


def test_text_of_articles_stays_text(visit: Visit, library: Library) -> None:
    bad = '<script>window.hacked=1</script><img src=x onerror="window.hacked=2"> **bold** `code` $x$ [a](javascript:b)'
    text = (
        f"The gate of Quillmarsh castle is painted in the colour {bad} ${{window.hacked=3}} {{{{value}}}} green. "
        "It was built by Osric the Lame in 1277."
    )
    article = Article(id="hostile", title=f"Quillmarsh gate {bad}", text=text, url="javascript:window.hacked=4")
    library.add(article)
    try:
        answer = visit.ask("In which colour is the gate of Quillmarsh castle painted?")
        cited = library.ask("In which colour is the gate of Quillmarsh castle painted?").citations
        assert answer.locator(".qa-quote").all_inner_texts() == [citation.quote for citation in cited]
        assert any("**bold** `code` $x$ [a](javascript:b)" in citation.quote for citation in cited)
        card = visit.page.locator("#qa-panel .qa-card").first
        expect(card.locator("h4")).to_have_text(article.title)
        expect(card.locator("blockquote")).to_have_text(text)
        assert card.locator(".qa-links a").all_inner_texts() == ["Read in article"]
        visit.open_library()
        expect(visit.rows.filter(has_text="Quillmarsh").locator("th")).to_have_text(article.title)
        assert visit.page.locator("#qa-chat img, #qa-panel img, #qa-list img").count() == 0
        assert visit.page.evaluate("window.hacked") is None
    finally:
        library.remove("hostile")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_phone(browser: Browser, address: str, dark: bool) -> None:
    visit = Visit(browser, address, size=PHONE, dark=dark)
    assert visit.overflow() <= 0
    answer = visit.ask(SHARE)
    assert visit.overflow() <= 0
    chat, panel = visit.page.locator("#qa-chat").bounding_box(), visit.page.locator("#qa-panel").bounding_box()
    assert chat
    assert panel
    assert panel["y"] >= chat["y"] + chat["height"]
    assert panel["width"] > 340
    mark = visit.page.locator("#qa-panel mark").first
    expect(mark).not_to_be_in_viewport()
    answer.locator("a.qa-cite").first.click()
    expect(mark).to_be_in_viewport(ratio=0.9)
    shade = max(background(visit.page, "#qa-panel .qa-card"))
    assert shade < 60 if dark else shade > 240
    visit.open_library()
    assert visit.overflow() <= 0
    visit.context.close()
