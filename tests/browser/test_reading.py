"""Reading an answer in a real browser: numbers, cards, passages, the article, the page on the web."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from visiting import PHONE, SHARE, TSUNAMI, Visit, background, web

from qa import Article, Library
from qa.render import answer_text
from qa.ui.conversation import PANELS_KEPT


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
        (article_id,) = library.add(f"{site}bell", allow_private=True).added
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


def test_read_in_article_opens_our_copy_at_the_sentence(visit: Visit, library: Library) -> None:
    visit.ask(SHARE)
    citation = library.ask(SHARE).citations[0]
    with visit.context.expect_page() as opened:
        visit.page.locator("#qa-panel").get_by_role("link", name="Read in article").first.click()
    reading = opened.value
    expect(reading.locator("mark").first).to_be_in_viewport()
    assert " ".join(reading.locator("mark").all_inner_texts()).split() == citation.quote.split()
    expect(reading.locator("h1")).to_have_text(citation.title)
    reading.locator("nav summary").click()
    assert reading.locator("nav a").all_inner_texts() == [
        "A bottle in the water", "Fifty-four per cent", "The growing family", "Home for repairs",
    ]  # fmt: skip
    reading.get_by_role("link", name="Home for repairs").click()
    expect(reading.get_by_role("heading", name="Home for repairs")).to_be_in_viewport()


def test_nothing_found(visit: Visit) -> None:
    answer = visit.ask("What is the boiling point of tungsten in a vacuum chamber on Mars?")
    assert answer.locator("a.qa-cite").count() == 0
    expect(visit.page.locator("#qa-panel .qa-group")).to_have_text("Nearest passages")
    expect(visit.page.locator("#qa-panel blockquote").first).to_be_visible()


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
        expect(card.locator("h3")).to_have_text(article.title)
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
    for question in (TSUNAMI, SHARE):  # a long conversation: the newest question is what one sees
        visit.ask(question)
        expect(visit.page.locator("#qa-chat .qa-question").last).to_be_in_viewport(ratio=0.9)
    answer = visit.answers.last
    mark = visit.page.locator("#qa-panel section:visible mark").first
    expect(mark).not_to_be_in_viewport()
    answer.locator("a.qa-cite").first.click()
    expect(mark).to_be_in_viewport(ratio=0.9)
    shade = max(background(visit.page, "#qa-panel .qa-card"))
    assert shade < 60 if dark else shade > 240
    visit.open_library()
    assert visit.overflow() <= 0
    visit.context.close()


def test_a_card_opens_on_pointing_and_closes(visit: Visit, library: Library) -> None:
    visit.ask(SHARE)
    expected = library.ask(SHARE)
    card = visit.page.locator("#qa-hover")
    visit.cite().hover()
    expect(card).to_be_visible()
    expect(card.locator("h3")).to_have_text(expected.citations[0].title)
    expect(card.locator(".qa-meta")).to_have_text("Jonas Abiodun · 20 September 2024 · Tidemark")
    assert card.locator("mark.qa-own").inner_text().split() == expected.citations[0].quote.split()
    assert len(card.locator("blockquote").inner_text()) > len(expected.citations[0].quote)
    card.hover()  # it stays while the pointer is on it
    visit.page.wait_for_timeout(500)
    expect(card).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    visit.cite().hover()
    visit.page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_a_card_opens_on_focus_and_escape_gives_the_focus_back(visit: Visit) -> None:
    visit.ask(SHARE)
    visit.box.focus()
    card, cite = visit.page.locator("#qa-hover"), visit.cite()
    for _ in range(12):
        visit.page.keyboard.press("Shift+Tab")
        if cite.evaluate("link => link === document.activeElement"):
            break
    expect(cite).to_be_focused()
    expect(card).to_be_visible()
    expect(cite).to_have_attribute("aria-describedby", "qa-hover")
    visit.page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(cite).to_be_focused()
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#qa-panel mark").first).to_be_focused()
    visit.page.keyboard.press("Escape")
    expect(cite).to_be_focused()
    expect(visit.page.locator(".qa-target")).to_have_count(0)


def test_numbers_of_the_oldest_answers_still_lead_to_their_passages(visit: Visit) -> None:
    visit.ask(SHARE)
    for _ in range(PANELS_KEPT):
        visit.ask(TSUNAMI)
    assert visit.page.locator("#a1-passages").count() == 0
    visit.answers.first.locator("a.qa-cite").first.click()
    mark = visit.page.locator("#a1-passages mark").first
    expect(mark).to_be_focused()
    expect(mark).to_contain_text("about 35 per cent")
    expect(visit.page.locator("#qa-panel section:visible")).to_have_count(1)


def test_why_this_passage(visit: Visit, library: Library) -> None:
    visit.ask(SHARE)
    hit = library.ask(SHARE).hits[0]
    why = visit.page.locator("#qa-panel .qa-card").first.locator(".qa-why")
    expect(why.locator("meter").first).to_be_hidden()
    why.locator("summary").click()
    expect(why).to_contain_text("Words in common: turbines, float, snorre, gullfaks, electricity")
    shown = [float(each.get_attribute("value") or "nan") for each in why.locator("meter").all()]
    assert shown == [round(score, 2) for score in (hit.dense, hit.lexical, hit.late)]
    word = visit.page.locator("#qa-panel blockquote b").first
    assert word.evaluate("word => getComputedStyle(word).textDecorationStyle") == "dotted"


def test_an_answer_is_copied_with_its_sources(visit: Visit, library: Library) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.ask(SHARE)
    visit.tool("Copy with sources").click()
    expect(visit.tool("Copied")).to_be_visible()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == answer_text(library.ask(SHARE))
    assert "[1] Turbines on a leash" in copied


def test_what_is_selected_and_copied_takes_its_sources_along(visit: Visit, library: Library) -> None:
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.ask(SHARE)
    bold = visit.answers.last.locator("strong")
    bold.evaluate("each => getSelection().selectAllChildren(each)")
    visit.page.keyboard.press("Control+c")
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    source = answer_text(library.ask(SHARE)).splitlines()[-1]
    assert source.startswith("[1] Turbines on a leash")
    assert copied == f"about 35 per cent\n\n{source}"


def test_citations_have_the_roles_of_notes(visit: Visit) -> None:
    visit.ask(SHARE)
    expect(visit.page.locator("#qa-chat [role=log]")).to_have_count(1)
    expect(visit.cite()).to_have_attribute("role", "doc-noteref")
    notes = visit.page.locator("#qa-panel [role=doc-endnotes]")
    expect(notes.locator("[role=doc-backlink]").first).to_have_accessible_name("Back to citation 1 in the answer")


SCRIPTS = {
    "ar": (
        "كم متراً يبلغ طول جسر النور؟",
        "يبلغ طول جسر النور 412 متراً وقد افتتح في مدينة الساحل سنة 1987.",
        "يمشي الناس في الصباح على ضفة النهر وينظرون إلى القوارب التي تمر ببطء.",
    ),
    "zh": (
        "光明桥有多长？",
        "光明桥全长412米，于1987年在海滨城建成通车。",
        "清晨人们沿着河岸散步，看着船只缓缓驶过水面。",
    ),
    "ru": (
        "Какова длина моста Света?",
        "Длина моста Света составляет 412 метров, его открыли в 1987 году.",
        "Утром люди гуляют вдоль берега и смотрят на медленные лодки.",
    ),
}


@pytest.mark.parametrize("language", SCRIPTS)
def test_open_page_finds_the_sentence_in_any_script(visit: Visit, library: Library, language: str) -> None:
    question, sentence, filler = SCRIPTS[language]
    space = "" if language == "zh" else " "
    paragraphs = "".join(f"<p>{n}. {filler}</p>" for n in range(90))
    page = (
        f"<!DOCTYPE html><html lang='{language}' dir='auto'><head><title>{question}</title></head><body><article>"
        f"<h1>{question}</h1>{paragraphs}<p>{filler}{space}{sentence}{space}{filler}</p>{paragraphs}</article></body>"
    )
    with web(lambda path: page) as site:
        (article_id,) = library.add(f"{site}bridge", allow_private=True).added
        try:
            expect(visit.ask(question)).to_contain_text(sentence)
            with visit.context.expect_page() as opened:
                visit.page.locator("#qa-panel .qa-card").first.get_by_role("link", name="Open page").click()
            shown = opened.value
            place = shown.locator("p", has_text=sentence)
            expect(place).to_be_in_viewport()
            assert shown.evaluate("scrollY") > 800
            shown.close()
        finally:
            library.remove(article_id)
