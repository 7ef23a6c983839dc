"""Signing in, in a real browser: the form, what a reader sees, a session that ends, signing out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from people import EDITOR, READER
from playwright.sync_api import Browser, BrowserContext, Page, expect
from visiting import DESKTOP, PHONE, SHARE, web

from qa import Library
from qa.accounts import FILE, Accounts
from qa.ui.server import running
from qa.ui.words import LANGUAGES, words

EN = words()


@pytest.fixture(scope="module")
def library(guarded_library: Library) -> Library:
    return guarded_library


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with running(library) as url:
        yield url


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP, locale="en-GB", reduced_motion="reduce")  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def sign_in(page: Page, account: tuple[str, str]) -> None:
    page.get_by_label(EN("account.name")).fill(account[0])
    page.get_by_label(EN("account.password")).fill(account[1])
    page.get_by_role("button", name=EN("account.sign_in")).click()


def opened(page: Page, address: str, account: tuple[str, str]) -> Page:
    page.goto(address)
    sign_in(page, account)
    expect(page.locator("#qa-question textarea")).to_be_enabled()
    return page


def serious(page: Page) -> list[tuple[str, Any]]:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]


def test_a_wrong_password_then_the_right_one_by_keys_alone(page: Page, address: str) -> None:
    page.goto(f"{address}?q=tide")
    assert page.url == f"{address}login?next=%2F%3Fq%3Dtide"
    page.keyboard.press("Tab")
    page.keyboard.type(EDITOR[0])
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(EN("account.wrong"))
    expect(page.get_by_label(EN("account.name"))).to_have_value(EDITOR[0])
    expect(page.get_by_label(EN("account.password"))).to_have_value("")
    page.get_by_label(EN("account.password")).focus()
    page.keyboard.type(EDITOR[1])
    page.keyboard.press("Enter")
    expect(page.locator("#qa-chat .qa-question")).to_have_text("tide")
    expect(page.locator("#qa-who")).to_contain_text("Signed in as eva (editor)")
    assert page.evaluate("document.cookie") == ""  # no script reads the session
    assert serious(page) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_the_form_is_for_everyone(browser: Browser, address: str, language: str, dark: bool) -> None:
    said = words(language)
    context = browser.new_context(
        viewport=PHONE, locale=language, color_scheme="dark" if dark else "light", java_script_enabled=False
    )  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(said("account.title"))
    expect(page.locator("html")).to_have_attribute("dir", said.direction)
    button = page.get_by_role("button", name=said("account.sign_in")).bounding_box()
    assert button
    assert button["height"] >= 44
    assert button["x"] >= 0
    assert button["x"] + button["width"] <= PHONE["width"]
    page.get_by_label(said("account.name")).fill(READER[0])
    page.get_by_label(said("account.password")).fill(READER[1])
    page.get_by_role("button", name=said("account.sign_in")).click()
    assert page.url == (address if language == "en" else f"{address}{language}/")  # no script was needed
    context.close()


def test_axe_finds_nothing_serious_on_the_form(page: Page, address: str) -> None:
    page.goto(address)
    sign_in(page, ("nobody", "nothing"))
    expect(page.get_by_role("alert")).to_be_visible()
    html = page.content()  # its policy lets no script in, and axe is one
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto("about:blank")
        page.set_content(html)
        assert serious(page) == []


def test_a_language_is_chosen_on_the_form(page: Page, address: str) -> None:
    page.goto(f"{address}article?id=x")
    page.get_by_role("link", name="Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words("fr")("account.title"))
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(EN("account.title"))
    sign_in(page, READER)
    assert page.url == f"{address}article?id=x"


def test_a_reader_reads_and_does_not_see_what_changes(page: Page, address: str, library: Library) -> None:
    opened(page, address, READER)
    expect(page.locator("#qa-who")).to_contain_text("Signed in as rita (reader)")
    page.locator("#qa-question textarea").fill(SHARE)
    page.locator("#qa-question textarea").press("Enter")
    answer = page.locator("#qa-chat .qa-answer")
    expect(answer).to_contain_text("about 35 per cent", timeout=90_000)
    expect(answer.get_by_role("button", name="Copy with sources")).to_be_visible()
    expect(answer.get_by_role("button", name="Right")).to_have_count(0)
    page.get_by_role("tab", name="Library", exact=True).click()
    expect(page.locator("#qa-list tbody tr")).to_have_count(18)
    for hidden in ("#qa-add", "#qa-add-button", "#qa-sources", "#qa-remove", "#qa-list input[type=checkbox]"):
        expect(page.locator(hidden).first).to_be_hidden()
    page.locator("#qa-list .qa-title").first.click()
    expect(page.locator("#qa-article h2")).to_be_visible()
    expect(page.get_by_role("button", name="Ask only this article")).to_be_visible()
    for hidden in ("#qa-a-title", "#qa-save", "#qa-again", "#qa-remove-article"):
        expect(page.locator(hidden)).to_be_hidden()
    assert page.get_by_role("tabpanel").get_by_role("textbox").filter(visible=True).count() == 0
    # Whoever reaches them all the same is refused by the server.
    with page.expect_response("**/run/predict*") as answer_to_it:
        page.evaluate("document.querySelector('#qa-remove-article').click()")
    assert EN("account.readers_only") in answer_to_it.value.text()
    assert len(library) == 18


def test_an_editor_changes_the_library(page: Page, address: str, library: Library) -> None:
    opened(page, address, EDITOR)
    page.get_by_role("tab", name="Library", exact=True).click()
    page.locator("#qa-list .qa-title").first.click()
    title = page.locator("#qa-a-title").locator("input, textarea")
    before = title.input_value()
    title.fill("Named anew")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#qa-article h2")).to_have_text("Named anew")
    page.get_by_role("button", name="Take back corrections").click()
    expect(page.locator("#qa-article h2")).to_have_text(before)


def test_a_session_that_ends_leads_to_the_form_and_back(page: Page, address: str, library: Library) -> None:
    Accounts(library.folder / FILE).set("otto", "first password of otto", "reader")
    opened(page, address, ("otto", "first password of otto"))
    Accounts(library.folder / FILE).set("otto", "second password of otto", "reader")
    page.locator("#qa-question textarea").fill("tide & ebb")
    page.locator("#qa-question textarea").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(EN("account.title"))
    sign_in(page, ("otto", "first password of otto"))
    expect(page.get_by_role("alert")).to_have_text(EN("account.wrong"))
    sign_in(page, ("otto", "second password of otto"))
    expect(page.locator("#qa-chat .qa-question")).to_have_text("tide & ebb")


def test_signing_out(page: Page, context: BrowserContext, address: str) -> None:
    opened(page, address, READER)
    page.get_by_role("button", name=EN("account.sign_out")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(EN("account.title"))
    assert context.cookies() == []
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(EN("account.title"))


def test_a_link_on_another_site_finds_the_session(page: Page, address: str) -> None:
    opened(page, address, READER)
    with web(lambda path: f'<a href="{address}?q=tide">there</a>') as elsewhere:
        page.goto(elsewhere.replace("127.0.0.1", "localhost"))
        page.get_by_role("link", name="there").click()
        expect(page.locator("#qa-chat .qa-question")).to_have_text("tide")


def test_who_is_signed_in_fits_on_a_phone(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=PHONE, locale="en-GB")  # type: ignore[arg-type]
    page = opened(context.new_page(), address, READER)
    expect(page.get_by_role("button", name=EN("account.sign_out"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    context.close()
