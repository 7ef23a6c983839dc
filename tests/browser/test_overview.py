"""The pictures of the library in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect
from visiting import SHARE, Visit

from qa import Article, Library


def test_pictures_with_their_tables_and_a_map_that_lights_up(visit: Visit, library: Library) -> None:
    visit.open("Overview")
    figures = visit.page.locator("#qa-overview figure")
    expect(figures.locator("figcaption")).to_have_text(
        ["Articles by year", "Articles by site", "Articles by author", "Articles by language"]
    )
    sites = figures.nth(1)
    expect(sites.locator("table")).to_be_hidden()
    sites.get_by_text("The same as a table").click()
    expect(sites.locator("tbody tr").first).to_have_text("The Meridian Review4")
    visit.page.get_by_role("button", name="Draw the map").click()
    chart = visit.page.locator("#qa-map figure")
    expect(chart).to_be_visible(timeout=120_000)
    expect(chart.locator("svg circle")).to_have_count(129)
    expect(chart.locator(".qa-lit")).to_have_count(0)
    expect(chart).to_contain_text("Ask something, and the passages found are marked here.")
    visit.open("Ask")
    visit.ask(SHARE)
    visit.open("Overview")
    expect(chart.locator(".qa-lit")).to_have_count(5)
    expect(chart.locator(".qa-star")).to_have_count(1)
    expect(chart.locator("table").first.locator("tbody th")).to_have_text(
        [hit.article.title for hit in library.ask(SHARE).hits]
    )
    library.add(Article(id="new", title="New", text="Something new is said here, which no map shows yet."))
    try:
        visit.open("Ask")
        visit.open("Overview")
        expect(visit.page.locator("#qa-map")).to_contain_text("The library has changed since this map was drawn.")
        expect(visit.page.get_by_role("button", name="Draw anew")).to_be_visible()
    finally:
        library.remove("new")
