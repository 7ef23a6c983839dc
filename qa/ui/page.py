"""The page: its views, and what happens when it is opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.events import api

from qa.ui import ask_tab, conversations_tab, feedback_tab, library_tab, overview_tab, shelf
from qa.ui.draw import text
from qa.ui.endpoints import Endpoints
from qa.ui.events import AT_ONCE, asset, part
from qa.ui.roles import reads, restrict
from qa.ui.shared import Shared
from qa.ui.sign_in import account_html
from qa.ui.upload_limits import FILE_MB
from qa.ui.words import LANGUAGES, Words, words

if TYPE_CHECKING:
    from qa.library import Library

_SCRIPTS = ("citations.js", "conversations.js", "keys.js", "signed-out.js")
_SHORTCUTS = (("ask", "/"), ("new", "n"), ("number", "1 … 9"), ("copy", "c"), ("tabs", "g a/c/l/o/f"), ("help", "?"),
              ("escape", "Esc"))  # fmt: skip

_MOST_EVENTS = 500  # that wait in Gradio's queue: questions wait in a line of their own, the others take no time


def build(
    library: Library,
    *,
    ready: Callable[[], bool] = lambda: True,
    language: str = "en",
    shared: Shared | None = None,
) -> gr.Blocks:
    """The page for an open library in one of qa.ui.words.LANGUAGES, to be mounted with `mount_options()`.

    `ready` says whether the model is loaded: until then a question says that it will take longer. `shared` is what
    this page has in common with others on the same library, `Shared(library)` where none is given. Everything
    a person types or sees lives in their own session, and conversations are kept in their browser.
    """
    said = words(language)
    shared = shared or Shared(library, ready=ready)

    def header() -> str:
        return _header(library, said, busy=shared.work.is_running)

    page = _Page(title=said("title"), analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600))
    with page:
        who = part(account_html(None, said, demanded=shared.sign_ins.demanded), "qa-who", said)
        counts = part(header(), "qa-top", said)
        part(_shortcuts(said), "qa-help-holder", said)
        part(conversations_tab.full(said), "qa-storage", said)
        with gr.Tabs(elem_id="qa-tabs") as tabs:
            with gr.Tab(said("tabs.ask"), id="ask"):
                ask = ask_tab.layout(shared, said)
            with gr.Tab(said("tabs.conversations"), id="conversations"):
                part(conversations_tab.frame(said), "qa-conversations", said)
            with gr.Tab(said("tabs.library"), id="library") as shelf_tab:
                library_tab.layout(shared, said, shelf_tab, tabs, counts, header, ask.only)
            with gr.Tab(said("tabs.overview"), id="overview") as overview:
                overview_tab.layout(shared, said, overview, ask.conversation)
            with gr.Tab(said("tabs.feedback"), id="feedback") as verdicts:
                feedback_tab.layout(shared, said, verdicts)

        @reads
        def on_load(request: gr.Request) -> dict[Any, Any]:
            account = shared.sign_ins.account(request.username or "")
            pairs = list(getattr(request.query_params, "multi_items", list)())
            return {
                **ask_tab.from_address(ask, pairs, shared, said),
                **dict(zip([ask.chat, ask.refresh], ask_tab.refreshed(shared, said), strict=True)),
                counts: header(),
                who: account_html(account, said, demanded=shared.sign_ins.demanded),
            }

        # What is typed before Gradio's handlers are in place would be lost: its own load event opens the box.
        outputs = [ask.box, *ask.fields, ask.chat, ask.refresh, counts, who]
        page.load(on_load, outputs=outputs, **AT_ONCE).then(None, js=_WHEN_LOADED)

        @reads
        def on_change() -> dict[Any, Any]:
            if shared.work.is_running:
                return {ask.refresh: gr.skip()}
            placeholder, timer = ask_tab.refreshed(shared, said)
            return {ask.chat: placeholder, ask.refresh: timer, **ask_tab.filter_choices(ask, shared)}

        outputs = [ask.chat, ask.refresh, *ask.fields]
        counts.change(on_change, outputs=outputs, trigger_mode="always_last", **AT_ONCE)
        if language == "en":
            endpoints = Endpoints(library, shared.line)
            # They wait in a line of our own, which has an end.
            api(endpoints.ask, api_name="ask", concurrency_limit=None)
            api(endpoints.retrieve, api_name="retrieve", concurrency_limit=None)
    restrict(page, shared.sign_ins.may_edit, said)
    page.queue(default_concurrency_limit=8, max_size=_MOST_EVENTS)
    page.has_launched = True  # of what is only mounted, Gradio does not look whether "files" sent to it were uploaded
    return page


class _Page(gr.Blocks):
    """Takes as files what was uploaded: what is sent in place of one may name any address, which Gradio would fetch."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *others: Any, **more: Any) -> Any:
        if _names_an_address(inputs):
            raise gr.Error("a file is uploaded, and not named by its address", print_exception=False)
        return await super().preprocess_data(block_fn, inputs, *others, **more)


def _names_an_address(value: Any) -> bool:
    if isinstance(value, dict):
        path = value.get("path")
        if "meta" in value and isinstance(path, str) and path.lower().startswith(("http:", "https:")):
            return True
        return any(map(_names_an_address, value.values()))
    return isinstance(value, list) and any(map(_names_an_address, value))


def mount_options(language: str = "en") -> dict[str, Any]:
    """What `gr.mount_gradio_app` (or `Blocks.launch`) needs to show the page as meant: theme, style, script."""
    said = words(language)
    # Gradio names the browser's language in the page; what the page is written in is another matter.
    own = (
        f'(() => {{ const root = document.documentElement; const set = () => {{ if (root.lang !== "{said.language}") '
        f'root.lang = "{said.language}"; root.dir = "{said.direction}"; }}; set(); '
        'new MutationObserver(set).observe(root, { attributeFilter: ["lang"] }); })();'
    )
    script = "\n".join([own, *map(asset, _SCRIPTS)])
    return {
        "theme": _theme(),
        "css": asset("style.css"),
        # Gradio says "ltr" of every block.
        "head": f"<style>html[dir=rtl] .block {{ direction: rtl; }}</style><script>{script}</script>",
        "footer_links": [],
        "run_history": False,
        "max_file_size": f"{FILE_MB}mb",
        "show_error": False,
        "ssr_mode": False,
    }


_WHEN_LOADED = "() => window.articleQA.loaded()"


def _header(library: Library, words: Words, *, busy: bool) -> str:
    """Title and counts. It differs whenever the library does, and what shows articles is drawn anew when it changes;
    also when work on it ends, which some wait for."""
    links = []
    for language in LANGUAGES:
        place = 'href="" aria-current="page"' if language == words.language else f'href="/language/{language}"'
        links.append(f'<a {place} lang="{language}" hreflang="{language}">{text(_named(language))}</a>')
    return (
        f'<header class="qa-header" data-stamp="{library.stamp}" data-busy="{busy}"><h1>{text(words("title"))}</h1>'
        f"<p>{text(shelf.counts(library, words))}</p>"
        f'<nav aria-label="{text(words("header.languages"))}">{"".join(links)}</nav>'
        f'<button type="button" class="qa-tool" id="qa-show-help">{text(words("header.shortcuts"))}</button></header>'
    )


def _named(language: str) -> str:
    return words(language).name


def _shortcuts(words: Words) -> str:
    rows = "".join(
        f"<tr><th scope='row'><kbd>{text(keys)}</kbd></th><td>{text(words(f'shortcuts.{name}'))}</td></tr>"
        for name, keys in _SHORTCUTS
    )
    return (
        f'<dialog id="qa-help" aria-labelledby="qa-help-title"><h2 id="qa-help-title">{text(words("shortcuts.title"))}'
        f'</h2><table>{rows}</table><p><label><input type="checkbox" id="qa-single-keys" checked> '
        f"{text(words('shortcuts.off'))}</label></p>"
        f'<span id="qa-copied" hidden>{text(words("answer.copied"))}</span>'
        f'<form method="dialog"><button class="qa-tool">{text(words("shortcuts.close"))}</button></form></dialog>'
    )


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
