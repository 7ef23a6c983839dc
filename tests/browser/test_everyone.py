"""For everyone: nothing serious for axe-core, keys alone do, small windows, four languages, right to left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from visiting import NOTHING, PHONE, SHARE, Visit

from qa import Article, Library
from qa.ui.server import running
from qa.ui.words import LANGUAGES, words

VIEWS = ("ask", "conversations", "library", "overview", "feedback")
SMALL = {"width": 360, "height": 740}
ZOOMED = {"width": 640, "height": 400}  # what 200 per cent leave of 1280 by 800


def serious(visit: Visit) -> list[tuple[str, str, Any]]:
    """What axe-core calls serious or critical: the rule, an element, how many there are."""
    found = Axe().run(visit.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (each["id"], each["nodes"][0]["html"][:200], len(each["nodes"]))
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.fixture
def asked(visit: Visit) -> Iterator[Visit]:
    visit.ask(SHARE)
    return visit


@pytest.mark.parametrize(("language", "dark"), [("en", False), ("en", True), ("ar", False)])
def test_axe_finds_nothing_serious_on_any_view(browser: Browser, address: str, language: str, dark: bool) -> None:
    visit = Visit(browser, address if language == "en" else f"{address}{language}/", dark=dark)
    said = words(language)
    assert serious(visit) == []
    visit.ask(SHARE)
    visit.page.locator("#qa-panel .qa-why summary").first.click()
    visit.cite().focus()
    assert serious(visit) == []
    visit.ask(NOTHING)
    visit.page.locator("#qa-chat .qa-tool[id$=-edit]").first.click()
    visit.page.locator("#qa-filters-button").click()
    visit.page.locator("#qa-since").locator("input, textarea").fill("2019")
    expect(visit.page.locator(".qa-chips li")).to_have_count(1)
    assert serious(visit) == []
    for view in VIEWS[1:]:
        visit.open(said(f"tabs.{view}"))
        visit.page.wait_for_timeout(400)
        assert serious(visit) == [], view
    visit.open(said("tabs.library"))
    visit.page.locator("#qa-list .qa-title").first.click()
    expect(visit.page.locator("#qa-article h2")).to_be_visible()
    assert serious(visit) == []
    visit.page.locator("#qa-show-help").click()
    assert serious(visit) == []
    assert visit.complaints == []
    visit.context.close()


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious_in_the_reading_view(browser: Browser, address: str, dark: bool) -> None:
    visit = Visit(browser, address, dark=dark)
    visit.ask(SHARE)
    link = visit.page.locator("#qa-panel").get_by_role("link", name="Read in article").first.get_attribute("href")
    visit.page.goto(f"{address}{link}")
    # Its policy lets no script in, and axe is one: it looks at a copy.
    html = visit.page.content()
    visit.page.goto("about:blank")
    visit.page.set_content(html)
    assert serious(visit) == []
    visit.context.close()


@pytest.mark.parametrize("size", [SMALL, ZOOMED, PHONE], ids=["360 px", "200 %", "phone"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_nothing_is_wider_than_the_window(browser: Browser, address: str, size: dict[str, int], language: str) -> None:
    visit = Visit(browser, address if language == "en" else f"{address}{language}/", size=size)
    said = words(language)
    assert visit.overflow() <= 0
    visit.ask(SHARE)
    assert visit.overflow() <= 0
    tabs = visit.page.locator("#qa-tabs [role=tab]:visible")
    assert tabs.count() == len(VIEWS)
    for view in VIEWS[1:]:
        visit.open(said(f"tabs.{view}"))
        visit.page.wait_for_timeout(300)
        assert visit.overflow() <= 0, view
        box = visit.page.get_by_role("tab", name=said(f"tabs.{view}"), exact=True).bounding_box()
        assert box
        assert 0 <= box["x"] <= size["width"] - box["width"]
    visit.open(said("tabs.library"))
    visit.page.locator("#qa-list .qa-title").first.click()
    expect(visit.page.locator("#qa-article h2")).to_be_visible()
    assert visit.overflow() <= 0
    visit.context.close()


def test_keys_alone_go_everywhere(asked: Visit) -> None:
    page = asked.page
    page.locator("#qa-panel").evaluate("panel => document.activeElement.blur()")
    page.keyboard.press("1")
    expect(page.locator("#qa-panel mark").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(asked.cite()).to_be_focused()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_be_visible()
    assert dialog.locator("kbd").all_inner_texts() == ["/", "n", "1 … 9", "c", "g a/c/l/o/f", "?", "Esc"]
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    for key, view in zip("clof", VIEWS[1:], strict=True):
        page.keyboard.press("g")
        page.keyboard.press(key)
        expect(page.get_by_role("tab", name=words()(f"tabs.{view}"), exact=True)).to_have_attribute(
            "aria-selected", "true"
        )
    page.keyboard.press("/")
    expect(asked.box).to_be_focused()
    page.keyboard.type("n1?/")  # in a field they are letters
    expect(asked.box).to_have_value("n1?/")
    expect(asked.answers).to_have_count(1)
    asked.box.fill("")
    asked.cite().focus()
    page.keyboard.press("n")
    expect(asked.answers).to_have_count(0)
    expect(asked.box).to_be_focused()


def test_single_keys_can_be_switched_off(asked: Visit) -> None:
    page = asked.page
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("checkbox", name="Single keys as shortcuts").uncheck()
    page.get_by_role("button", name="Close").click()
    asked.cite().focus()
    for key in ("n", "1", "?"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    expect(asked.answers).to_have_count(1)
    expect(page.locator("#qa-panel mark.qa-target")).to_have_count(0)
    page.reload()
    expect(asked.box).to_be_enabled()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("checkbox", name="Single keys as shortcuts")).not_to_be_checked()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_browser_s_language(browser: Browser, address: str, language: str) -> None:
    visit = Visit(browser, address, language={"en": "en-GB", "es": "es-MX", "fr": "fr-FR", "ar": "ar-EG"}[language])
    said = words(language)
    root = visit.page.locator("html")
    expect(root).to_have_attribute("lang", language)
    expect(root).to_have_attribute("dir", said.direction)
    expect(visit.page.get_by_role("heading", level=1)).to_have_text(said("title"))
    tabs = visit.page.locator("#qa-tabs [role=tab]:visible").all_inner_texts()
    assert [tab.strip() for tab in tabs] == [said(f"tabs.{view}") for view in VIEWS]
    expect(visit.box).to_have_attribute("placeholder", said("ask.hint"))
    answer = visit.ask(SHARE)
    expect(answer).to_contain_text(f"{said('answer.support')} {said('answer.strong')}")
    expect(visit.page.locator("#qa-panel h2").first).to_have_text(said("panel.cited"))
    visit.open(said("tabs.library"))
    expect(visit.page.get_by_role("button", name=said("library.add"))).to_be_visible()
    visit.context.close()


def test_another_language_is_chosen_and_kept(browser: Browser, address: str) -> None:
    visit = Visit(browser, address, language="fr-FR")
    assert visit.page.url == f"{address}fr/"
    visit.page.get_by_role("link", name="English").click()
    expect(visit.page.get_by_role("heading", level=1)).to_have_text("Ask your articles")
    visit.page.goto(address)
    assert visit.page.url == address
    visit.context.close()


def test_right_to_left_page_and_articles(browser: Browser, address: str, library: Library) -> None:
    text = "يبلغ طول جسر النور 412 متراً. افتتح الجسر في مدينة الساحل سنة 1987 بعد أربع سنوات من العمل."
    library.add(Article(id="bridge", title="جسر النور", text=text, language="ar", authors=("ليلى حداد",)))
    try:
        visit = Visit(browser, f"{address}ar/")
        answer = visit.ask("كم متراً يبلغ طول جسر النور؟")
        expect(answer.locator(".qa-quote").first).to_contain_text("412")
        quote = visit.page.locator("#qa-panel blockquote").first
        assert quote.evaluate("each => getComputedStyle(each).direction") == "rtl"
        chat, panel = (visit.page.locator(name).bounding_box() for name in ("#qa-left", "#qa-panel"))
        assert chat
        assert panel
        assert chat["x"] > panel["x"]  # the page itself is mirrored
        visit.cite().click()
        expect(visit.page.locator("#qa-panel mark").first).to_be_focused()
        visit.context.close()
        english = Visit(browser, address)
        english.ask("كم متراً يبلغ طول جسر النور؟")
        quote = english.page.locator("#qa-panel blockquote").first
        assert quote.evaluate("each => getComputedStyle(each).direction") == "rtl"
        english.context.close()
    finally:
        library.remove("bridge")


def test_what_is_said_by_colour_is_said_in_words(asked: Visit) -> None:
    expect(asked.answers.last.locator(".qa-support")).to_have_text("strong")
    asked.tool("Right").click()
    expect(asked.tool("✓ Marked right")).to_be_visible()


def test_every_view_of_an_empty_library_helps(browser: Browser, tmp_path: Path) -> None:
    with Library.open(tmp_path / "empty") as empty, running(empty) as url:
        visit = Visit(browser, url)
        expect(visit.page.locator("#qa-chat")).to_contain_text("No articles yet")
        visit.box.fill(SHARE)
        visit.box.press("Enter")
        expect(visit.page.locator("#qa-said")).to_have_text(
            "No articles yet. Add some on the Library tab, then ask here."
        )
        expect(visit.box).to_have_value(SHARE)
        for view, said in (
            ("Conversations", "What you ask is kept in this browser, and listed here."),
            ("Library", "Add saved web pages (HTML or MHTML), PDF, DOCX, EPUB, text or Markdown files"),
            ("Overview", "There are no articles yet; add some on the Library tab."),
            ("Feedback", "“Right” and “Wrong” stand below each answer."),
        ):
            visit.open(view)
            expect(visit.page.get_by_role("tabpanel").filter(visible=True)).to_contain_text(said)
            assert serious(visit) == [], view
        visit.open("Overview")
        visit.page.get_by_role("button", name="Draw the map").click()
        expect(visit.page.get_by_text("A map needs at least 12 passages.")).to_be_visible()
        visit.context.close()
