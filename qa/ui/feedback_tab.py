"""The Feedback tab: what people said of answers."""

from __future__ import annotations

import gradio as gr

from qa import feedback
from qa.errors import ArticleQAError
from qa.ui.adding import notice
from qa.ui.events import AT_ONCE, part, told
from qa.ui.roles import reads
from qa.ui.shared import Shared
from qa.ui.verdicts import verdicts_html
from qa.ui.words import Words


def layout(shared: Shared, words: Words, tab: gr.Tab) -> None:
    """Draws the tab and wires it."""
    library = shared.library
    shown = part("", "qa-verdicts", words)

    def on_click(event: gr.EventData) -> str:
        click = told(event)
        if click.get("do") == "forget":
            try:
                feedback.take_back(library.folder, str(click.get("id", "")))
            except ArticleQAError as error:
                return notice(str(error)) + verdicts_html(library, words)
        return verdicts_html(library, words)

    tab.select(reads(lambda: verdicts_html(library, words)), outputs=shown, **AT_ONCE)
    shown.click(on_click, outputs=shown, **AT_ONCE)
