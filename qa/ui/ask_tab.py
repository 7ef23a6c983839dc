"""The Ask tab: its layout, and which event calls what. What happens then is in qa/ui/ask.py."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from qa.errors import ArticleQAError, UnknownArticle
from qa.ui import shelf
from qa.ui.ask import View, asking, judge, sentence
from qa.ui.conversation import Conversation, reopened
from qa.ui.draw import chat_text, idle_panel
from qa.ui.events import AT_ONCE, QUIET, part, told
from qa.ui.filtering import Chosen, chips, from_link
from qa.ui.line import Busy
from qa.ui.roles import reads
from qa.ui.shared import Shared
from qa.ui.words import Words

CHOICES = 200  # names that a filter offers; others can be typed


@dataclass(slots=True)
class AskTab:
    """The parts of the tab that others need."""

    conversation: gr.State
    only: gr.Textbox  # hidden: the articles that questions are narrowed to, as Chosen.articles_field
    box: gr.Textbox
    chat: gr.Chatbot
    shown: list[Any]  # what `draw` fills
    fields: list[Any]  # of the filters, in the order of Chosen.of; `only` is the last
    refresh: gr.Timer  # until there are questions to begin with


def layout(shared: Shared, words: Words) -> AskTab:
    """Draws the tab and wires it."""
    conversation, pending, editing = gr.State(Conversation()), gr.State(""), gr.State("")
    with gr.Row(elem_id="qa-ask", equal_height=False):
        with gr.Column(scale=5, min_width=300, elem_id="qa-left"):
            chat = gr.Chatbot(
                elem_id="qa-chat",
                show_label=False,
                label=words("ask.chat"),
                container=False,
                layout="bubble",
                buttons=[],
                height=None,
                latex_delimiters=[],
                feedback_options=None,
                group_consecutive_messages=False,
                rtl=words.direction == "rtl",
                placeholder=_placeholder(shared, words),
            )
            said = part("", "qa-said", words)
            chosen_chips = part("", "qa-chosen", words)
            only = gr.Textbox("", visible="hidden", elem_id="qa-only")
            with gr.Row(elem_id="qa-box"):
                box = gr.Textbox(
                    "",
                    placeholder=words("ask.starting"),
                    interactive=False,
                    label=words("ask.label"),
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=5,
                    submit_btn=words("ask.send"),
                    max_length=2000,
                    rtl=words.direction == "rtl",
                    elem_id="qa-question",
                )
            with gr.Row(elem_id="qa-under"):
                drawer = gr.Button(words("filters.title"), size="sm", elem_id="qa-filters-button", scale=0)
                clear = gr.Button(words("ask.new"), size="sm", elem_id="qa-clear", scale=0)
            # Hidden by style, not by Gradio, which would not hold the values of fields that it has not drawn yet.
            with gr.Column(elem_id="qa-filters"):
                with gr.Row():
                    authors, sites, languages = (
                        _names(words, name, offered)
                        for name, offered in zip(("author", "site", "language"), _choices(shared), strict=True)
                    )
                with gr.Row():
                    since, until = (_date(words, name) for name in ("since", "until"))
        with gr.Column(scale=4, min_width=300, elem_id="qa-right"):
            panel = part(idle_panel(words), "qa-panel", words)
    refresh = gr.Timer(1.5, active=False)

    fields = [authors, sites, languages, since, until, only]
    shown = [conversation, chat, panel, said, box, pending, editing]
    tab = AskTab(conversation, only, box, chat, shown, fields, refresh)

    @reads
    async def on_ask(question: str, held: Conversation, editing: str, *typed: Any) -> AsyncIterator[dict[Any, Any]]:
        steps = asking(
            shared.library, question, held, words, chosen=Chosen.of(*typed), editing=editing, ready=shared.ready
        )
        if not shared.line.is_free:
            before = held.before(editing) if editing else held
            yield _drawn(tab, View(before, words, question, words("ask.waiting"), typed=question))
        try:
            async with contextlib.aclosing(shared.line.steps(steps, goes_on=_goes_on)) as views:
                async for view in views:
                    yield _drawn(tab, view)
        except Busy:
            yield _drawn(tab, View(held, words, typed=question, notice=words("ask.busy"), editing=editing))

    @reads
    def on_stop(held: Conversation, pending: str) -> dict[Any, Any]:
        if not pending:
            return _drawn(tab, View(held, words, typed=None))
        return _drawn(tab, View(held, words, typed=pending, notice=words("ask.stopped")))

    @reads
    def on_click(event: gr.EventData, request: gr.Request, held: Conversation, *typed: Any) -> dict[Any, Any]:
        click, chosen = told(event), Chosen.of(*typed)
        do, key = click.get("do"), str(click.get("key", ""))
        if do in ("right", "wrong"):
            # It counts for everybody, and replaces one given before.
            if not shared.sign_ins.may_edit(request.username):
                return _drawn(tab, View(held, words, typed=None, notice=words("account.readers_only"), shown=key))
            return _drawn(tab, judge(shared.library, held, key, do, words))
        if do == "edit" and (one := held.find(key)):
            return _drawn(tab, View(held, words, typed=one.question, editing=key, shown=key))
        if do == "panel" and held.find(key):
            return {panel: View(held, words, shown=key).panel}
        if do == "open":
            return opened(tab, click.get("kept"), shared, words)
        if do == "keep":
            return _drawn(tab, View(held, words))
        if do == "only":
            article_id = str(click.get("article", ""))
            title = shelf.title_of(shared.library, article_id)
            return {only: Chosen(articles=((article_id, title),)).articles_field if title else gr.skip()}
        if do == "unfilter":
            kept = chosen.without(str(click.get("field", "")), str(click.get("value", "")))
            return _filled(tab, kept)
        if do == "unfilter-all":
            return _filled(tab, Chosen())
        return {only: gr.skip()}

    @reads
    def on_filters(*typed: Any) -> tuple[str, Any]:
        chosen = Chosen.of(*typed)
        held = len(chosen.each())
        name = words("filters.title")
        return chips(chosen, words), gr.update(value=f"{name} ({held})" if held else name)

    changes = [field.change for field in (authors, sites, languages, since, until, only)]
    gr.on(changes, on_filters, fields, [chosen_chips, drawer],
          trigger_mode="always_last", **AT_ONCE)  # fmt: skip
    run: dict[str, Any] = {
        **QUIET,
        "outputs": shown,
        "concurrency_limit": None,  # they wait in a line of our own, which has an end
        "trigger_mode": "once",
    }
    asked = box.submit(on_ask, [box, conversation, editing, *fields], **run)
    box.stop(on_stop, [conversation, pending], shown, cancels=[asked], **AT_ONCE)
    clear.click(reads(lambda: _drawn(tab, View(Conversation(), words))), outputs=shown, cancels=[asked], **AT_ONCE)
    gr.on(
        [panel.click, said.click, chosen_chips.click],
        on_click,
        [conversation, *fields],
        [*shown, *fields],
        **AT_ONCE,
    )

    # Questions to begin with come some seconds after the page, when they have been tried.
    drawer.click(None, js="() => window.articleQA.toggleFilters()")
    refresh.tick(reads(lambda: refreshed(shared, words)), outputs=[chat, refresh], **AT_ONCE)
    return tab


def refreshed(shared: Shared, words: Words) -> tuple[Any, Any]:
    """The chat's placeholder as the library is now, and the timer, which asks again where it is not complete."""
    complete = shared.ready() and (not len(shared.library) or shared.questions()[1])
    return gr.update(placeholder=_placeholder(shared, words)), gr.update(active=not complete)


def filter_choices(tab: AskTab, shared: Shared) -> dict[Any, Any]:
    """What the filters of authors, sites and languages offer now."""
    return {field: gr.update(choices=offered) for field, offered in zip(tab.fields, _choices(shared), strict=False)}


def opened(tab: AskTab, kept: Any, shared: Shared, words: Words) -> dict[Any, Any]:
    """A conversation that the browser kept, shown; or why it cannot be."""
    try:
        return _drawn(tab, View(reopened(kept, shared.library), words))
    except ArticleQAError as error:
        problem = words("conversations.unreadable", problem=sentence(str(error)))
        return _drawn(tab, View(Conversation(), words, typed=None, notice=problem))


def from_address(tab: AskTab, pairs: Sequence[tuple[str, str]], shared: Shared, words: Words) -> dict[Any, Any]:
    """The question and filters that the page's address asks for, filled in."""
    titles: dict[str, str] = {}
    for name, value in pairs:
        if name == "article":
            try:
                titles[value] = shared.library.article(value).title
            except UnknownArticle:
                continue
    question, chosen = from_link(pairs, titles)
    filled = _filled(tab, chosen) if chosen else {}
    # Without a question the box is left as it is: somebody may be quick enough to have typed.
    typed: dict[str, Any] = {"value": question[:2000]} if question.strip() else {}
    return {tab.box: gr.update(interactive=True, placeholder=words("ask.hint"), **typed), **filled}


def _goes_on(view: View) -> bool:
    return view.pending is not None


def _drawn(tab: AskTab, view: View) -> dict[Any, Any]:
    words, busy = view.words, view.pending is not None
    box: dict[str, Any] = {} if view.typed is None else {"value": view.typed}
    box |= {"submit_btn": False if busy else words("ask.send"), "stop_btn": words("ask.stop") if busy else False}
    values = (view.conversation, view.chat, view.panel, view.said, gr.update(**box), view.pending or "", view.editing)
    return dict(zip(tab.shown, values, strict=True))


def _filled(tab: AskTab, chosen: Chosen) -> dict[Any, Any]:
    values = (list(chosen.authors), list(chosen.sites), list(chosen.languages), chosen.since, chosen.until,
              chosen.articles_field)  # fmt: skip
    return dict(zip(tab.fields, values, strict=True))


def _placeholder(shared: Shared, words: Words) -> str:
    """What the empty chat shows. It is read as Markdown with HTML: everything is escaped for both."""
    if not len(shared.library):
        title, body = words("ask.no_articles_title"), words("ask.no_articles")
        return f"<h2>{chat_text(title)}</h2><p>{chat_text(body)}</p>"
    questions, _ = shared.questions()
    buttons = "".join(
        f'<li><button type="button" class="qa-starter">{chat_text(question)}</button></li>' for question in questions
    )
    offered = f"<p>{chat_text(words('ask.try'))}</p><ul>{buttons}</ul>" if buttons else ""
    return f"<h2>{chat_text(words('ask.welcome'))}</h2><p>{chat_text(words('ask.promise'))}</p>{offered}"


def _choices(shared: Shared) -> list[list[str]]:
    """The most frequent authors, sites and languages."""
    overview = shared.library.overview()
    offered = (overview.authors, overview.sites, overview.languages)
    return [[name for name in counts if name][:CHOICES] for counts in offered]


def _names(words: Words, name: str, offered: Sequence[str]) -> gr.Dropdown:
    return gr.Dropdown(
        offered,
        value=[],
        multiselect=True,
        allow_custom_value=True,
        label=words(f"filters.{name}"),
        elem_id=f"qa-{name}",
        min_width=140,
    )


def _date(words: Words, name: str) -> gr.Textbox:
    return gr.Textbox(
        "",
        label=words(f"filters.{name}"),
        placeholder=words(f"filters.{name}_hint"),
        elem_id=f"qa-{name}",
        min_width=140,
    )
