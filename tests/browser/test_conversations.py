"""Conversations are kept in the browser: listed, opened again, renamed, deleted, exported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect
from visiting import SHARE, TSUNAMI, Visit

from qa import Library


@pytest.fixture
def talk(visit: Visit) -> Iterator[Visit]:
    """A visit with two questions asked."""
    visit.ask(SHARE)
    visit.ask(TSUNAMI)
    return visit


def rows(visit: Visit) -> Locator:
    return visit.page.locator("#qa-conversation-list li")


def test_a_page_that_is_loaded_again_goes_on(talk: Visit) -> None:
    before = talk.answers.all_inner_texts()
    talk.page.reload()
    talk.answered(2)
    assert talk.answers.all_inner_texts() == before
    expect(talk.page.locator("#qa-chat .qa-question")).to_have_text([SHARE, TSUNAMI])
    talk.answers.first.locator("a.qa-cite").first.click()
    expect(talk.page.locator("#a1-passages mark").first).to_be_focused()
    talk.ask("And since when do they produce it?")
    expect(talk.answers).to_have_count(3)


def test_conversations_are_listed_and_opened(talk: Visit, browser: Browser, address: str) -> None:
    talk.page.get_by_role("button", name="New conversation").click()
    expect(talk.answers).to_have_count(0)
    talk.ask("How many samples went back into the Svalbard mountain in February 2017?")
    talk.open("Conversations")
    expect(rows(talk).locator(".qa-title")).to_have_text(
        ["How many samples went back into the Svalbard mountain in February 2017?", SHARE]
    )
    expect(rows(talk).nth(1)).to_contain_text("questions: 2")
    rows(talk).nth(1).get_by_role("button", name=SHARE).click()
    expect(talk.page.get_by_role("tab", name="Ask", exact=True)).to_have_attribute("aria-selected", "true")
    expect(talk.page.locator("#qa-chat .qa-question")).to_have_text([SHARE, TSUNAMI])
    other = Visit(browser, address)  # another browser has none of them
    other.open("Conversations")
    expect(other.page.locator("#qa-no-conversations")).to_be_visible()
    expect(rows(other)).to_have_count(0)
    other.context.close()


def test_renamed_found_deleted_and_brought_back(talk: Visit) -> None:
    talk.open("Conversations")
    rows(talk).get_by_role("button", name="Rename").click()
    title = rows(talk).get_by_role("textbox", name="New title")
    expect(title).to_be_focused()
    title.fill("Floating <b>wind</b>")
    title.press("Enter")
    expect(rows(talk).locator(".qa-title")).to_have_text(["Floating <b>wind</b>"])
    expect(rows(talk).locator(".qa-title")).to_be_focused()
    search = talk.page.get_by_role("searchbox", name="Search conversations")
    search.fill("tsunami")
    expect(rows(talk)).to_have_count(0)
    search.fill("WIND")
    expect(rows(talk)).to_have_count(1)
    rows(talk).get_by_role("button", name="Delete").click()
    expect(rows(talk)).to_have_text(["“Floating <b>wind</b>” is deleted. Undo"])
    assert talk.page.evaluate("Object.keys(localStorage).filter(key => key.includes('conversation.'))") == []
    rows(talk).get_by_role("button", name="Undo").click()
    expect(rows(talk).locator(".qa-title")).to_have_text(["Floating <b>wind</b>"])
    talk.page.on("dialog", lambda dialog: dialog.accept())
    talk.page.get_by_role("button", name="Delete all").click()
    expect(rows(talk)).to_have_count(0)
    talk.page.reload()
    talk.open("Conversations")
    expect(talk.page.locator("#qa-no-conversations")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "ending", "held"),
    [
        ("Markdown", "md", "## Why did so few Tongans die in the 2022 tsunami?"),
        ("HTML", "html", '<a href="#n1-1">[1]</a>'),
        ("BibTeX", "bib", "@misc{abiodun2024turbines,"),
        ("CSL-JSON", "json", '"family": "Abiodun"'),
    ],
)
def test_exported(talk: Visit, tmp_path: Path, library: Library, name: str, ending: str, held: str) -> None:
    talk.open("Conversations")
    rows(talk).get_by_text("Export").click()
    with talk.page.expect_download() as downloading:
        rows(talk).get_by_role("button", name=name, exact=True).click()
    download = downloading.value
    assert download.suggested_filename == f"How-much-of-the-electricity-of-Snorre-and-Gullfaks-comes-fro.{ending}"
    file = tmp_path / download.suggested_filename
    download.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert held in text
    if ending == "md":
        for question in (SHARE, TSUNAMI):
            assert library.ask(question).citations[0].quote.split()[0] in text
    if ending == "json":
        assert json.loads(text)[0]["title"].startswith("Turbines on a leash")


# Whatever room the browser gives, until not even ten characters more have a place.
FILL = """() => {
  for (let size = 100_000, n = 0; size >= 10; n++) {
    try { localStorage.setItem("x" + n, "y".repeat(size)); } catch { size /= 10; }
  }
}"""


def test_a_full_storage_is_said(visit: Visit) -> None:
    visit.page.evaluate(FILL)
    visit.ask(SHARE)
    visit.open("Conversations")
    expect(visit.page.locator("#qa-storage-full")).to_be_visible()
    visit.page.evaluate(
        "Object.keys(localStorage).filter(key => key[0] === 'x').forEach(key => localStorage.removeItem(key))"
    )
    visit.open("Ask")
    visit.ask(TSUNAMI)
    visit.open("Conversations")
    expect(visit.page.locator("#qa-storage-full")).to_be_hidden()
    expect(rows(visit)).to_have_count(1)


def test_what_a_browser_kept_wrong_is_said(visit: Visit) -> None:
    visit.ask(SHARE)
    visit.page.evaluate("""() => {
      const key = Object.keys(localStorage).find(key => key.startsWith("article-qa.conversation."));
      const kept = JSON.parse(localStorage.getItem(key));
      kept.exchanges[0].answer.citations[0].end += 5;
      localStorage.setItem(key, JSON.stringify(kept));
    }""")
    visit.page.reload()
    expect(visit.page.locator("#qa-said")).to_contain_text("This conversation cannot be read any more")
    expect(visit.answers).to_have_count(0)
    visit.ask(SHARE)
