"""The Library tab: its layout, and which event calls what. What happens then: qa/ui/adding.py, shelf.py, article.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gradio as gr

from qa.errors import ArticleQAError, UnknownArticle
from qa.feeds import SUFFIXES as COLLECTION_SUFFIXES
from qa.formats import SUFFIXES
from qa.ui import adding, article, shelf
from qa.ui.events import AT_ONCE, part, told
from qa.ui.filtering import Chosen
from qa.ui.roles import reads
from qa.ui.shared import Shared
from qa.ui.shelf import Shown
from qa.ui.watch import EVERY
from qa.ui.words import Words

TICK = 1.0  # seconds between two looks at how the work is going


def layout(
    shared: Shared, words: Words, tab: gr.Tab, tabs: gr.Tabs, counts: gr.HTML, header: Any, only: gr.Textbox
) -> None:
    """Draws the tab and wires it.

    `header()` is what `counts` shows; `only` holds the articles that questions are narrowed to (Chosen.articles_field).
    """
    library, work = shared.library, shared.work
    selected, shown, undoable, current = gr.State(()), gr.State(Shown()), gr.State(()), gr.State("")
    with gr.Column(elem_id="qa-shelf") as listing:
        with gr.Row(elem_id="qa-add"):
            uploads = gr.File(
                label=words("library.files"),
                file_count="multiple",
                file_types=[*SUFFIXES, *COLLECTION_SUFFIXES],
                elem_id="qa-files",
                height=170,
            )
            with gr.Column(min_width=280):
                addresses = gr.Textbox(
                    "",
                    label=words("library.addresses"),
                    placeholder="https://example.org/an-article\nhttps://example.org/feed.xml",
                    info=words("library.addresses_help"),
                    lines=3,
                    max_lines=6,
                    elem_id="qa-addresses",
                )
                folder = gr.Textbox(
                    "",
                    label=words("library.folder"),
                    placeholder="~/articles",
                    info=words("library.folder_help"),
                    lines=1,
                    max_lines=1,
                    elem_id="qa-folder",
                    visible=shared.local,
                )
        add = gr.Button(words("library.add"), variant="primary", elem_id="qa-add-button")
        outcome = part("", "qa-outcome", words)
        with gr.Accordion(words("library.sources"), open=False, elem_id="qa-sources"):
            sources = part("", "qa-sources-list", words)
            with gr.Row(elem_id="qa-look"):
                look = gr.Button(words("library.look_now"), size="sm", elem_id="qa-look-now", scale=0)
                every = gr.Dropdown(
                    [(words(f"library.every_{n}" if n else "library.never"), n) for n in EVERY],
                    value=shared.watch.minutes,
                    label=words("library.automatic"),
                    elem_id="qa-every",
                    min_width=200,
                    scale=0,
                )
        with gr.Row(elem_id="qa-list-tools"):
            search = gr.Textbox(
                "",
                label=words("library.search"),
                show_label=False,
                container=False,
                placeholder=words("library.search"),
                elem_id="qa-search",
            )
            remove = gr.Button(words("library.remove"), size="sm", elem_id="qa-remove", interactive=False, scale=0)
        with gr.Column(visible=False, elem_id="qa-confirm") as confirm:
            what = part("", "qa-what", words)
            with gr.Row():
                yes = gr.Button(words("library.yes"), variant="stop", size="sm", elem_id="qa-yes", scale=0)
                cancel = gr.Button(words("library.cancel"), size="sm", elem_id="qa-cancel", scale=0)
        table = part(shelf.table(library, words), "qa-list", words)
    with gr.Column(visible=False, elem_id="qa-article") as one:
        back = gr.Button(words("article.back"), size="sm", elem_id="qa-back", scale=0)
        head = part("", "qa-article-head", words)
        with gr.Row():
            title = gr.Textbox("", label=words("article.title"), elem_id="qa-a-title", max_length=400)
            authors = gr.Textbox("", label=words("article.authors"), elem_id="qa-a-authors")
        with gr.Row():
            date = gr.Textbox("", label=words("article.date"), placeholder="2023-02-17", elem_id="qa-a-date")
            site = gr.Textbox("", label=words("article.site"), elem_id="qa-a-site")
            language = gr.Textbox("", label=words("article.language"), placeholder="en", elem_id="qa-a-language")
        with gr.Row(elem_id="qa-article-tools"):
            save = gr.Button(words("article.save"), variant="primary", size="sm", elem_id="qa-save", scale=0)
            undo_facts = gr.Button(words("article.uncorrect"), size="sm", elem_id="qa-uncorrect", scale=0)
            again = gr.Button(words("article.reread"), size="sm", elem_id="qa-again", scale=0)
            ask = gr.Button(words("article.ask"), size="sm", elem_id="qa-ask-article", scale=0)
            remove_one = gr.Button(words("article.remove"), size="sm", elem_id="qa-remove-article", scale=0)
        saved = part("", "qa-saved", words)
        inside = part("", "qa-article-passages", words)
    timer = gr.Timer(TICK, active=False)
    facts = [title, authors, date, site, language]
    page = [current, head, *facts, undo_facts, inside, listing, one]

    @reads
    def on_refresh(search: str, shown: Shown) -> tuple[Any, ...]:
        now = replace(shown, search=search, page=0)
        plain, closed = gr.update(interactive=False), gr.update(visible=False)
        return shelf.table(library, words, now), now, (), plain, closed

    @reads
    def on_list(event: gr.EventData, now: Shown) -> dict[Any, Any]:
        click = told(event)
        do = click.get("do")
        if do == "article":
            return drawn(str(click.get("article", "")))
        if do == "sort" and click.get("column") in shelf.COLUMNS:
            now = now.sorted_by(str(click["column"]))
        elif do == "page" and str(click.get("page", "")).isdecimal():
            now = replace(now, page=int(click["page"]))
        unselected = {selected: (), remove: gr.update(interactive=False)}
        return {table: shelf.table(library, words, now), shown: now, **unselected}

    @reads
    def on_select(event: gr.EventData) -> tuple[Any, Any, Any]:
        ids = tuple(str(each) for each in told(event).get("ids", []))
        return ids, gr.update(interactive=bool(ids)), gr.update(visible=False)

    def on_remove(ids: tuple[str, ...]) -> tuple[str, Any]:
        question = shelf.confirmation(library, ids, words)
        return question, gr.update(visible=bool(question))

    def on_yes(ids: tuple[str, ...]) -> tuple[Any, ...]:
        said, removed = shelf.remove(library, ids, words)
        return said, removed, header(), gr.update(visible=False)

    def on_outcome(event: gr.EventData, undoable: tuple[Any, ...]) -> tuple[Any, ...]:
        do = told(event).get("do")
        if do == "undo":
            return shelf.undo(library, undoable, words), (), header(), gr.skip()
        if do == "stop":
            work.stop()
        elif do == "resume":
            work.resume()
        elif do == "dismiss":
            work.dismiss()
        return adding.told(library, work.state, words), gr.skip(), gr.skip(), gr.update(active=work.is_running)

    def on_add(uploaded: list[str] | None, typed: str, folder: str) -> tuple[Any, ...]:
        problem = adding.start_adding(
            library,
            work,
            uploaded or [],
            typed,
            folder or "",
            words,
            local=shared.local,
            allow_private=shared.allow_private,
        )
        if problem:
            return problem, gr.skip(), gr.skip(), gr.skip(), gr.update(active=work.is_running)
        return adding.told(library, work.state, words), None, "", "", gr.update(active=True)

    def on_look() -> tuple[Any, Any]:
        problem = adding.start_looking(library, work, words, allow_private=shared.allow_private)
        return problem or adding.told(library, work.state, words), gr.update(active=True)

    @reads
    def on_tick() -> tuple[Any, ...]:
        # What was said of something else, a removal with its undo, stays where no work has anything to tell.
        told = adding.told(library, work.state, words) if work.state else gr.skip()
        return told, header(), gr.update(active=work.is_running)

    def on_sources(event: gr.EventData) -> str:
        if told(event).get("do") == "forget":
            try:
                library.unfollow(str(told(event).get("location", "")))
            except ArticleQAError as error:
                return adding.notice(str(error)) + adding.collections_table(library, words)
        return adding.collections_table(library, words)

    def drawn(article_id: str) -> dict[Any, Any]:
        """An article's page in place of the list."""
        try:
            stored = library.article(article_id)
            drawn_head, drawn_inside = (
                article.head(library, article_id, words),
                article.passages(library, article_id, words),
            )
        except UnknownArticle:
            return {table: shelf.table(library, words), saved: adding.notice(words("article.gone"))}
        values = (
            article_id, drawn_head, *article.fields(stored), gr.update(visible=bool(library.corrected(article_id))),
            drawn_inside, gr.update(visible=False), gr.update(visible=True),
        )  # fmt: skip
        return {**dict(zip(page, values, strict=True)), saved: ""}

    @reads
    def listed(search: str, shown: Shown) -> dict[Any, Any]:
        """The list in place of an article's page."""
        now = replace(shown, search=search)
        return {table: shelf.table(library, words, now), listing: gr.update(visible=True),
                one: gr.update(visible=False), current: ""}  # fmt: skip

    def on_save(article_id: str, *typed: str) -> dict[Any, Any]:
        said = article.save(library, article_id, typed, words)  # type: ignore[arg-type]
        return {**(drawn(article_id) if "qa-report" in said else {}), saved: said, counts: header()}

    def on_uncorrect(article_id: str) -> dict[Any, Any]:
        said = article.uncorrect(library, article_id, words)
        return {**drawn(article_id), saved: said, counts: header()}

    def on_again(article_id: str, search: str, shown: Shown) -> dict[Any, Any]:
        try:
            problem = adding.start_reading_again(library, work, article_id, words, allow_private=shared.allow_private)
        except UnknownArticle:
            problem = adding.notice(words("article.gone"))
        if problem:
            return {saved: problem}
        return {
            **listed(search, shown),
            outcome: adding.told(library, work.state, words),
            timer: gr.update(active=True),
        }

    def on_remove_one(article_id: str, search: str, shown: Shown) -> dict[Any, Any]:
        said, removed = shelf.remove(library, [article_id], words)
        return {**listed(search, shown), outcome: said, undoable: removed, counts: header()}

    @reads
    def on_ask(article_id: str, search: str, shown: Shown) -> dict[Any, Any]:
        name = shelf.title_of(library, article_id)
        chosen = Chosen(articles=((article_id, name),)).articles_field if name else gr.skip()
        return {**listed(search, shown), only: chosen, tabs: gr.update(selected="ask")}

    # One event for both: of two that draw the same table, the one that began first may end last.
    gr.on([search.change, counts.change], on_refresh, [search, shown], [table, shown, selected, remove, confirm],
          trigger_mode="always_last", **AT_ONCE)  # fmt: skip
    table.click(on_list, shown, [table, shown, selected, remove, saved, *page], **AT_ONCE)
    table.select(on_select, outputs=[selected, remove, confirm], trigger_mode="always_last", **AT_ONCE)
    add.click(on_add, [uploads, addresses, folder], [outcome, uploads, addresses, folder, timer], **AT_ONCE)
    outcome.click(on_outcome, undoable, [outcome, undoable, counts, timer], **AT_ONCE)
    # Also on coming back: others may have changed the library, or begun to work on it.
    gr.on([timer.tick, tab.select], on_tick, outputs=[outcome, counts, timer], **AT_ONCE)
    look.click(on_look, outputs=[outcome, timer], **AT_ONCE)
    every.input(lambda minutes: shared.watch.set(int(minutes)), every, **AT_ONCE)
    sources.click(on_sources, outputs=sources, **AT_ONCE)
    counts.change(reads(lambda: adding.collections_table(library, words)), outputs=sources, **AT_ONCE)
    remove.click(on_remove, selected, [what, confirm], **AT_ONCE)
    yes.click(on_yes, selected, [outcome, undoable, counts, confirm], **AT_ONCE)
    cancel.click(lambda: gr.update(visible=False), outputs=confirm, **AT_ONCE)
    back.click(listed, [search, shown], [table, listing, one, current], **AT_ONCE)
    save.click(on_save, [current, *facts], [saved, counts, table, *page], **AT_ONCE)
    undo_facts.click(on_uncorrect, current, [saved, counts, table, *page], **AT_ONCE)
    leave = [table, listing, one, current]
    again.click(on_again, [current, search, shown], [*leave, saved, outcome, timer], **AT_ONCE)
    remove_one.click(on_remove_one, [current, search, shown], [*leave, outcome, undoable, counts], **AT_ONCE)
    ask.click(on_ask, [current, search, shown], [*leave, only, tabs], **AT_ONCE)
