"""The Overview tab: pictures of what the library holds, and a map of its passages on demand."""

from __future__ import annotations

from typing import Any

import gradio as gr

from qa.atlas import FEWEST
from qa.ui.conversation import Conversation
from qa.ui.draw import text
from qa.ui.events import AT_ONCE, part
from qa.ui.pictures import few_html, map_html, overview_html
from qa.ui.roles import reads
from qa.ui.shared import Shared
from qa.ui.words import Words

TICK = 1.0


def layout(shared: Shared, words: Words, tab: gr.Tab, conversation: gr.State) -> None:
    """Draws the tab and wires it: pictures are made when somebody looks."""
    maps, library = shared.maps, shared.library
    pictures = part("", "qa-overview", words)
    part(
        (
            f'<h2 class="qa-group">{text(words("overview.map"))}</h2>'
            f'<p class="qa-note">{text(words("overview.map_help"))}</p>'
        ),
        "qa-map-help",
        words,
    )
    with gr.Row(elem_id="qa-map-tools"):
        draw = gr.Button(words("overview.draw"), size="sm", elem_id="qa-draw", scale=0)
        stop = gr.Button(words("overview.map_stop"), size="sm", elem_id="qa-map-stop", visible=False, scale=0)
    picture = part("", "qa-map", words)
    timer = gr.Timer(TICK, active=False)

    @reads
    def shown(held: Conversation) -> tuple[Any, ...]:
        busy = maps.done is not None
        name = words("overview.redraw" if maps.atlas is not None else "overview.draw")
        buttons = gr.update(visible=not busy, value=name), gr.update(visible=busy)
        if busy:
            said = words("overview.drawing", percent=round(100 * (maps.done or 0)))
            return _progress(said, maps.done or 0), *buttons, gr.update(active=True)
        if maps.failed:
            return f'<p class="qa-notice" role="alert">{text(words("overview.map_failed"))}</p>', *buttons, _IDLE
        if maps.atlas is None:
            return "", *buttons, _IDLE
        old = f'<p class="qa-note" role="status">{text(words("overview.old"))}</p>' if maps.is_old else ""
        newest = held.exchanges[-1] if held.exchanges else None
        if newest is None:
            return old + map_html(maps.atlas, words), *buttons, _IDLE
        vector = library.encoder.encode_questions([newest.answer.question])[0]
        at = maps.atlas.of_vector(vector) if vector.shape == maps.atlas.vectors.shape[1:] else None
        drawn = map_html(maps.atlas, words, question=newest.answer.question, at=at, hits=newest.answer.hits)
        return old + drawn, *buttons, _IDLE

    @reads
    def on_open(held: Conversation) -> tuple[Any, ...]:
        return overview_html(library.overview(), words), *shown(held)

    @reads
    def on_draw(held: Conversation) -> tuple[Any, ...]:
        if library.passage_count < FEWEST:
            return few_html(words), gr.skip(), gr.skip(), _IDLE
        maps.start()
        return shown(held)

    @reads
    def on_stop(held: Conversation) -> tuple[Any, ...]:
        maps.stop()
        return shown(held)

    outputs = [picture, draw, stop, timer]
    tab.select(on_open, conversation, [pictures, *outputs], **AT_ONCE)
    draw.click(on_draw, conversation, outputs, **AT_ONCE)
    stop.click(on_stop, conversation, outputs, **AT_ONCE)
    timer.tick(shown, conversation, outputs, **AT_ONCE)


_IDLE = gr.update(active=False)


def _progress(said: str, share: float) -> str:
    return (
        f'<div class="qa-report"><p role="status">{text(said)}</p>'
        f'<progress max="1" value="{share:.2f}" aria-label="{text(said)}"></progress></div>'
    )
