"""The page: its layout, and which event calls what. What happens then is in `ask` and `shelf`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from qa.feeds import SUFFIXES as COLLECTION_SUFFIXES
from qa.formats import SUFFIXES
from qa.types import Progress
from qa.ui import shelf
from qa.ui.ask import View, asking, example_questions, notice
from qa.ui.conversation import EMPTY_PANEL, Exchange
from qa.ui.endpoints import Endpoints

if TYPE_CHECKING:
    from qa.library import Library

TITLE = "Ask your articles"
PARALLEL_QUESTIONS = 8  # further ones wait their turn; encoding uses every core anyway

_PLACEHOLDER = (
    "### Ask something your articles say\n\n"
    "Answers are quoted word for word, each with the place it comes from. "
    "Where the articles hold no answer, you are told so."
)
_QUESTION_HINT = "Ask a question about your articles"
_NO_ARTICLES = "### No articles yet\n\nAdd some on the **Library** tab, then ask here."


def build(library: Library, *, ready: Callable[[], bool] = lambda: True) -> gr.Blocks:
    """The page for an open library, to be mounted with `mount_options()`.

    `ready` says whether the model is loaded: until then a question says that it will take longer. Everything
    a person types or sees lives in their own session; the library is what all share.
    """
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600))
    with page:
        counts = gr.HTML(_header(library), elem_id="qa-top", apply_default_css=False)
        with gr.Tabs(elem_id="qa-tabs"):
            with gr.Tab("Ask", id="ask"):
                box = _ask_tab(library, ready, counts)
            with gr.Tab("Library", id="library") as shelf_tab:
                _library_tab(library, counts)
        # What is typed before Gradio's handlers are in place would be lost: its own load event opens the box.
        page.load(lambda: gr.update(interactive=True, placeholder=_QUESTION_HINT), outputs=box, **_AT_ONCE).then(
            None, js=_FOCUS_QUESTION
        )
        # Others may have added or removed articles since the page was built or last looked at.
        gr.on([page.load, shelf_tab.select], lambda: _header(library), outputs=counts, **_AT_ONCE)
        endpoints = Endpoints(library)
        api(endpoints.ask, api_name="ask", concurrency_limit=PARALLEL_QUESTIONS)
        api(endpoints.retrieve, api_name="retrieve", concurrency_limit=PARALLEL_QUESTIONS)
    page.queue(default_concurrency_limit=PARALLEL_QUESTIONS)
    return page


def mount_options() -> dict[str, Any]:
    """What `gr.mount_gradio_app` (or `Blocks.launch`) needs to show the page as meant: theme, style, script."""
    script = _asset("script.js")
    return {
        "theme": _theme(),
        "css": _asset("style.css"),
        "head": f"<script>{script}</script>",
        "footer_links": [],
        "run_history": False,
        "max_file_size": "50mb",
        "show_error": False,
        "ssr_mode": False,
    }


# Unless the focus is somewhere already, put there by whoever is quick.
_FOCUS_QUESTION = (
    "() => { if (document.activeElement === document.body) document.querySelector('#qa-question textarea')?.focus() }"
)


@dataclass
class _Stop:
    """Whether the Stop button was pressed. Gradio copies it for each session; its handlers share that copy."""

    pressed: bool = False


# Events of the page are its own business: other programs call the named endpoints.
_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# What is done at once is answered in its own response. Gradio's queue, for what takes long or comes in steps, tells
# results over an event stream that it closes when nothing is left to tell; a click in that very moment is lost to
# Gradio's client (seen in 4 of 12 runs on a busy machine when a search followed a chain of queued refreshes).
_AT_ONCE: dict[str, Any] = {**_QUIET, "queue": False}


def _ask_tab(library: Library, ready: Callable[[], bool], counts: gr.HTML) -> gr.Textbox:
    conversation = gr.State(())
    with gr.Row(elem_id="qa-ask", equal_height=False):
        with gr.Column(scale=5, min_width=300, elem_id="qa-left"):
            chat = gr.Chatbot(
                elem_id="qa-chat",
                show_label=False,
                container=False,
                layout="bubble",
                buttons=[],
                height=None,
                latex_delimiters=[],
                feedback_options=None,
                group_consecutive_messages=False,
                placeholder=_PLACEHOLDER,
                examples=_examples(library),
            )
            said = gr.HTML("", elem_id="qa-said", apply_default_css=False)
            with gr.Row(elem_id="qa-box"):
                box = gr.Textbox(
                    "",
                    placeholder="Starting…",
                    interactive=False,
                    label="Your question",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=5,
                    submit_btn="Ask",
                    max_length=2000,
                    elem_id="qa-question",
                )
            with gr.Row(elem_id="qa-under"):
                with gr.Accordion("Filters", open=False, elem_id="qa-filters") as drawer:
                    with gr.Row():
                        author = gr.Textbox("", label="Author", placeholder="any", elem_id="qa-author", min_width=120)
                        site = gr.Textbox("", label="Site", placeholder="any", elem_id="qa-site", min_width=120)
                        since = gr.Textbox("", label="From", placeholder="2021-03", elem_id="qa-since", min_width=120)
                        until = gr.Textbox("", label="Until", placeholder="2023", elem_id="qa-until", min_width=120)
                clear = gr.Button("New conversation", size="sm", variant="secondary", elem_id="qa-clear", scale=0)
        with gr.Column(scale=4, min_width=300, elem_id="qa-right"):
            panel = gr.HTML(EMPTY_PANEL, elem_id="qa-panel", apply_default_css=False)

    shown = [conversation, chat, panel, said, box]

    def draw(view: View) -> dict[Any, Any]:
        return {
            conversation: view.conversation,
            chat: view.chat,
            panel: view.panel,
            said: notice(view.notice),
            box: gr.skip() if view.typed is None else view.typed,
        }

    def on_ask(
        question: str, held: tuple[Exchange, ...], author: str, site: str, since: str, until: str
    ) -> Iterator[dict[Any, Any]]:
        for view in asking(library, question, held, authors=author, sites=site, since=since, until=until, ready=ready):
            yield draw(view)

    def on_example(
        held: tuple[Exchange, ...], author: str, site: str, since: str, until: str, chosen: gr.SelectData
    ) -> Iterator[dict[Any, Any]]:
        yield from on_ask(str(chosen.value["text"]), held, author, site, since, until)

    def name_drawer(*typed: str) -> Any:  # so that filters in force are seen while the drawer is shut
        held = sum(bool(text and text.strip()) for text in typed)
        return gr.update(label=f"Filters ({held} set)" if held else "Filters")

    narrowed = [author, site, since, until]
    gr.on([field.change for field in narrowed], name_drawer, narrowed, drawer, trigger_mode="always_last", **_AT_ONCE)
    run: dict[str, Any] = {
        **_QUIET,
        "outputs": shown,
        "concurrency_limit": PARALLEL_QUESTIONS,
        "concurrency_id": "questions",
        "trigger_mode": "once",
    }
    asked = box.submit(on_ask, [box, conversation, *narrowed], **run)
    picked = chat.example_select(on_example, [conversation, *narrowed], **run)
    clear.click(lambda: draw(View(())), outputs=shown, cancels=[asked, picked], **_AT_ONCE)

    def refresh() -> Any:
        return gr.update(examples=_examples(library), placeholder=_PLACEHOLDER if len(library) else _NO_ARTICLES)

    counts.change(refresh, outputs=chat, trigger_mode="always_last", **_AT_ONCE)
    return box


def _library_tab(library: Library, counts: gr.HTML) -> None:
    selected = gr.State([])
    stop = gr.State(_Stop())
    with gr.Row(elem_id="qa-add"):
        uploads = gr.File(
            label="Saved pages, documents and books",
            file_count="multiple",
            file_types=[*SUFFIXES, *COLLECTION_SUFFIXES],
            elem_id="qa-files",
            height=150,
        )
        addresses = gr.Textbox(
            "",
            label="Web addresses, one a line",
            placeholder="https://example.org/an-article\nhttps://example.org/feed.xml",
            info="An article, or a feed or sitemap, which stands for all the articles that it lists.",
            lines=5,
            max_lines=5,
            elem_id="qa-addresses",
        )
    add = gr.Button("Add to the library", variant="primary", elem_id="qa-add-button")
    halt = gr.Button("Stop", variant="stop", visible=False, elem_id="qa-stop")
    outcome = gr.HTML("", elem_id="qa-outcome", apply_default_css=False)
    with gr.Row(elem_id="qa-list-tools"):
        search = gr.Textbox(
            "",
            label="Search title, author or site",
            show_label=False,
            container=False,
            placeholder="Search title, author or site",
            elem_id="qa-search",
        )
        remove = gr.Button("Remove selected…", size="sm", elem_id="qa-remove", interactive=False, scale=0)
    with gr.Column(visible=False, elem_id="qa-confirm") as confirm:
        what = gr.HTML("", apply_default_css=False)
        with gr.Row():
            yes = gr.Button("Yes, remove", variant="stop", size="sm", elem_id="qa-yes", scale=0)
            cancel = gr.Button("Cancel", size="sm", elem_id="qa-cancel", scale=0)
    listing = gr.HTML(shelf.table(library), elem_id="qa-list", apply_default_css=False, js_on_load=_asset("table.js"))

    def refresh(search: str) -> tuple[str, list[str], Any, Any]:
        return shelf.table(library, search), [], gr.update(interactive=False), gr.update(visible=False)

    def on_stop(stop: _Stop) -> Any:
        stop.pressed = True
        return gr.update(value="Stopping…", interactive=False)

    def on_add(
        stop: _Stop,
        uploaded: list[str] | None,
        typed: str,
        progress: gr.Progress = gr.Progress(),  # noqa: B008 - Gradio finds it by this default
    ) -> Iterator[dict[Any, Any]]:
        unfinished = False

        def on_progress(step: Progress) -> bool:
            nonlocal unfinished
            progress((step.done, step.total), desc="Reading and indexing", unit="sources")
            unfinished = stop.pressed and step.done < step.total
            return not stop.pressed

        yield {add: gr.update(visible=False), halt: gr.update(visible=True, value="Stop", interactive=True)}
        progress(0, desc="Reading and indexing")
        told = shelf.add(library, uploaded or [], typed, on_progress=on_progress)
        stop.pressed = False
        done = {outcome: told, counts: _header(library), add: gr.update(visible=True), halt: gr.update(visible=False)}
        # After a stop, what was chosen stays: one click goes on.
        yield done if unfinished else {**done, uploads: None, addresses: ""}

    def on_select(event: gr.EventData) -> tuple[list[str], Any, Any]:
        ids = [str(each) for each in event._data.get("ids", [])]
        return ids, gr.update(interactive=bool(ids)), gr.update(visible=False)

    def on_remove(ids: list[str]) -> tuple[str, Any]:
        question = shelf.confirmation(library, ids)
        return question, gr.update(visible=bool(question))

    def on_yes(ids: list[str]) -> tuple[str, str, Any]:
        return shelf.remove(library, ids), _header(library), gr.update(visible=False)

    # One event for both: of two that draw the same table, the one that began first may end last.
    gr.on(
        [search.change, counts.change],
        refresh,
        search,
        [listing, selected, remove, confirm],
        trigger_mode="always_last",
        **_AT_ONCE,
    )
    loud = {**_QUIET, "show_progress": "full", "show_progress_on": outcome}
    shown = [outcome, uploads, addresses, counts, add, halt]
    add.click(on_add, [stop, uploads, addresses], shown, concurrency_limit=1, **loud)
    halt.click(on_stop, stop, halt, **_AT_ONCE)
    listing.select(on_select, outputs=[selected, remove, confirm], trigger_mode="always_last", **_AT_ONCE)
    remove.click(on_remove, selected, [what, confirm], **_AT_ONCE)
    yes.click(on_yes, selected, [outcome, counts, confirm], **_AT_ONCE)
    cancel.click(lambda: gr.update(visible=False), outputs=confirm, **_AT_ONCE)


def _header(library: Library) -> str:
    """Title and counts. It differs whenever the library does, and what shows articles is drawn anew when it changes."""
    held = f"<h1>{TITLE}</h1><p>{shelf.counts(library)}</p>"
    return f'<header class="qa-header" data-stamp="{library.stamp}">{held}</header>'


def _examples(library: Library) -> list[Any] | None:
    return [{"text": question} for question in example_questions(library)] or None


def _theme() -> gr.themes.Base:
    """Quiet colours and the fonts of the machine: nothing is fetched."""
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_md,
        font=[gr.themes.Font(name) for name in ("system-ui", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")],
        font_mono=[gr.themes.Font(name) for name in ("ui-monospace", "Menlo", "Consolas", "monospace")],
    )
    colours = {  # of Gradio's parts, from the variables in style.css, which know light and dark
        "body_background_fill": "var(--qa-ground)",
        "body_text_color": "var(--qa-ink)",
        "body_text_color_subdued": "var(--qa-soft)",
        "block_background_fill": "var(--qa-paper)",
        "block_label_text_color": "var(--qa-soft)",
        "block_title_text_color": "var(--qa-soft)",
        "border_color_primary": "var(--qa-line)",
        "border_color_accent": "var(--qa-accent)",
        "color_accent": "var(--qa-accent)",
        "input_background_fill": "var(--qa-paper)",
        "input_border_color": "var(--qa-line)",
        "input_border_color_focus": "var(--qa-accent)",
        "link_text_color": "var(--qa-accent)",
        "loader_color": "var(--qa-accent)",
        "button_primary_background_fill": "var(--qa-accent)",
        "button_primary_background_fill_hover": "var(--qa-accent-strong)",
        "button_primary_text_color": "var(--qa-on-accent)",
        "button_secondary_background_fill": "var(--qa-paper)",
        "button_secondary_background_fill_hover": "var(--qa-accent-soft)",
        "button_secondary_border_color": "var(--qa-line)",
        "button_secondary_text_color": "var(--qa-ink)",
        "button_cancel_background_fill": "var(--qa-warn)",
        "button_cancel_background_fill_hover": "var(--qa-warn)",
        "button_cancel_text_color": "var(--qa-paper)",
    }
    knobs = theme.set.__code__.co_varnames
    dark = {f"{name}_dark": value for name, value in colours.items() if f"{name}_dark" in knobs}
    return theme.set(**colours, **dark, button_border_width="1px", input_border_width="1px")


def _asset(name: str) -> str:
    return files("qa.ui").joinpath(name).read_text(encoding="utf-8")
