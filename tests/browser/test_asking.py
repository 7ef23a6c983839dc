"""Asking in a real browser: the steps, stopping, editing, filters, links, conversations that are nobody else's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from visiting import NOTHING, SHARE, TSUNAMI, Visit

from qa import Library
from qa import answer as answering
from qa.ui import shared
from qa.ui.line import Line
from qa.ui.server import running

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


def test_filters_and_a_date_that_is_none(visit: Visit) -> None:
    visit.open_filters()
    visit.page.get_by_role("textbox", name="From").fill("some day")
    visit.box.fill(SHARE)
    visit.box.press("Enter")
    expect(visit.page.get_by_role("alert").filter(has_text="give a date that exists")).to_be_visible()
    expect(visit.box).to_have_value(SHARE)
    visit.page.get_by_role("textbox", name="From").fill("")
    expect(visit.page.locator(".qa-chips")).to_have_count(0)


def test_filters_stay_in_sight_and_in_force_until_they_are_removed(visit: Visit, library: Library) -> None:
    visit.open_filters()
    author = visit.page.get_by_role("combobox", name="Author")
    author.fill("Abiodun")
    author.press("Enter")
    visit.page.get_by_role("textbox", name="From").fill("10 years ago")
    chips = visit.page.locator(".qa-chips li span")
    expect(chips).to_have_text(["Author: Abiodun", "From: 10 years ago"])
    expect(visit.page.get_by_role("button", name="Filters (2)")).to_be_visible()
    for question in (SHARE, TSUNAMI):
        visit.ask(question)
        said = visit.page.locator("#qa-panel section:visible .qa-meta").all_inner_texts()
        assert {text.split(" · ")[0] for text in said} == {"Jonas Abiodun"}
    expect(visit.page.locator("#qa-panel section:visible")).to_contain_text(
        "Filters: Author: Abiodun · From: 10 years ago"
    )
    visit.page.get_by_role("button", name="Remove the filter Author: Abiodun").click()
    expect(chips).to_have_text(["From: 10 years ago"])
    visit.page.get_by_role("button", name="Remove the filter From").click()
    expect(chips).to_have_count(0)
    visit.ask(TSUNAMI)
    expect(visit.page.locator("#qa-panel section:visible .qa-meta").first).not_to_contain_text("Abiodun")


def test_only_this_article(visit: Visit, library: Library) -> None:
    visit.ask(SHARE)
    title = library.ask(SHARE).citations[0].title
    visit.page.locator("#qa-panel").get_by_role("button", name="Only this article").first.click()
    expect(visit.page.locator(".qa-chips li span")).to_have_text([f"Article: {title}"])
    visit.ask(TSUNAMI)
    cards = visit.page.locator("#qa-panel section:visible .qa-card h3")
    assert set(cards.all_inner_texts()) == {title}


def test_questions_to_begin_with_are_asked_by_a_click(visit: Visit) -> None:
    starter = visit.page.locator("#qa-chat .qa-starter").first
    expect(starter).to_be_visible(timeout=60_000)
    question = starter.inner_text()
    starter.click()
    visit.answered(1)
    expect(visit.page.locator("#qa-chat .qa-question")).to_have_text([question])


def test_the_steps_are_seen_and_can_be_stopped(visit: Visit, library: Library) -> None:
    with library._store._index._lock:  # as a search of millions would take its time
        visit.box.fill(SHARE)
        visit.box.press("Enter")
        expect(visit.page.locator("#qa-chat .qa-step")).to_have_text("Searching 129 passages…")
        stop = visit.page.locator("#qa-question").get_by_role("button", name="Stop")
        expect(stop).to_be_visible()
        stop.click()
        expect(visit.page.locator("#qa-said")).to_contain_text("Stopped. The question is back in the box.")
        expect(visit.box).to_have_value(SHARE)
        expect(visit.page.locator("#qa-chat .qa-question")).to_have_count(0)
    visit.page.wait_for_timeout(500)  # what was stopped must not come after all
    expect(visit.answers).to_have_count(0)
    visit.box.press("Enter")
    expect(visit.answered(1)).to_contain_text("about 35 per cent")


def test_questions_wait_in_a_line_that_has_an_end(
    browser: Browser, example_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(at_once=1, waiting=1)
    monkeypatch.setattr(shared, "Line", lambda: line)
    read: list[str] = []
    compose = answering.compose
    monkeypatch.setattr(
        answering, "compose", lambda text, *rest, **named: (read.append(text), compose(text, *rest, **named))[1]
    )
    with Library.open(example_copy) as library, running(library) as url:
        first, second, third = (Visit(browser, url) for _ in range(3))
        first.page.wait_for_timeout(1_000)
        with library._store._index._lock:  # type: ignore[attr-defined]
            first.box.fill(NOTHING)
            first.box.press("Enter")
            expect(first.page.locator("#qa-chat .qa-step")).to_contain_text("Searching")
            second.box.fill(SHARE)
            second.box.press("Enter")
            expect(second.page.locator("#qa-chat .qa-step")).to_have_text(
                "Waiting: other questions are being answered…"
            )
            third.box.fill(TSUNAMI)
            third.box.press("Enter")
            expect(third.page.locator("#qa-said")).to_contain_text("Too many questions are being asked at once.")
            expect(third.box).to_have_value(TSUNAMI)
            assert (line.answering, line.waiting) == (1, 1)
            first.context.close()  # who goes away makes room
        expect(second.page.locator("#qa-chat .qa-answer")).to_contain_text("about 35 per cent", timeout=60_000)
        assert SHARE in read
        assert NOTHING not in read, "what nobody waits for any more is not read for"
        assert (line.answering, line.waiting) == (0, 0)
        third.box.press("Enter")
        third.answered(1)
        for visit in (second, third):
            visit.context.close()


def test_an_earlier_question_is_edited(visit: Visit) -> None:
    visit.ask(SHARE)
    visit.ask(TSUNAMI)
    visit.page.locator("#qa-chat").get_by_role("button", name="Edit").first.click()
    expect(visit.box).to_have_value(SHARE)
    notice = visit.page.locator("#qa-said")
    expect(notice).to_contain_text("sending it replaces that question and all after it")
    notice.get_by_role("button", name="Leave it as it was").click()
    expect(notice).not_to_contain_text("sending it")
    expect(visit.answers).to_have_count(2)
    visit.page.locator("#qa-chat").get_by_role("button", name="Edit").first.click()
    expect(visit.box).to_have_value(SHARE)
    visit.box.fill("Who inaugurated Hywind Tampen?")
    visit.box.press("Enter")
    expect(visit.page.locator("#qa-chat .qa-question")).to_have_text(["Who inaugurated Hywind Tampen?"])
    expect(visit.answered(1)).to_contain_text("Crown Prince Haakon")


def test_a_link_asks_the_question_again_with_its_filters(browser: Browser, visit: Visit, address: str) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.open_filters()
    site = visit.page.get_by_role("combobox", name="Site")
    site.fill("Tidemark")
    site.press("Enter")
    visit.page.get_by_role("textbox", name="From").fill("2020")
    expect(visit.page.locator(".qa-chips li")).to_have_count(3)
    visit.ask(SHARE)
    visit.tool("Copy link").click()
    expect(visit.tool("Copied")).to_be_visible()
    link = visit.page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{address}?q=How+much+of+the+electricity")
    other = Visit(browser, link)
    expect(other.answered(1)).to_contain_text("about 35 per cent")
    expect(other.page.locator("#qa-chat .qa-question")).to_have_text([SHARE])
    expect(other.page.locator(".qa-chips li span")).to_have_text(["Site: Tidemark", "From: 2020"])
    assert {text.split(" · ")[-1] for text in other.page.locator(".qa-meta:visible").all_inner_texts()} == {"Tidemark"}
    assert other.page.url == address  # a page that is loaded again does not ask again
    other.context.close()


def test_a_verdict_stands_below_the_answer_and_on_its_page(visit: Visit, library: Library) -> None:
    visit.ask(NOTHING)
    visit.tool("Right, there is none").click()
    expect(visit.tool("✓ Marked right")).to_be_visible()
    visit.ask(SHARE)
    visit.tool("Wrong").click()
    expect(visit.tool("✓ Marked wrong")).to_be_visible()
    visit.open("Feedback")
    rows = visit.page.locator("#qa-verdicts tbody tr")
    expect(rows.locator("th")).to_have_text([SHARE, NOTHING])
    expect(rows.locator(".qa-verdict")).to_have_text(["wrong", "rightly no answer"])
    lines = (library.folder / "feedback.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["right", "wrong"]
    rows.first.get_by_role("button", name="Remove").click()
    expect(rows).to_have_count(1)
    rows.first.get_by_role("button", name="Remove").click()
    expect(visit.page.locator("#qa-verdicts")).to_contain_text("Nothing yet.")


def test_two_people_see_their_own_conversation(browser: Browser, address: str, visit: Visit) -> None:
    other = Visit(browser, address)
    visit.ask(SHARE)
    other.ask(TSUNAMI)
    expect(visit.page.locator("#qa-chat .qa-question")).to_have_text([SHARE])
    expect(other.page.locator("#qa-chat .qa-question")).to_have_text([TSUNAMI])
    other.context.close()
