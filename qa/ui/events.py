"""How the page's parts tell the server of clicks, and how its handlers run."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import gradio as gr

from qa.ui.words import Words

# Events of the page are its own business: other programs call the named endpoints.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# What is done at once is answered in its own response. Gradio's queue, for what takes long or comes in steps, tells
# results over an event stream that it closes when nothing is left to tell; a click in that very moment is lost to
# Gradio's client (seen in 4 of 12 runs on a busy machine when a search followed a chain of queued refreshes).
AT_ONCE: dict[str, Any] = {**QUIET, "queue": False}


def asset(name: str) -> str:
    return files("qa.ui").joinpath("assets", name).read_text(encoding="utf-8")


def part(value: str, name: str, words: Words) -> gr.HTML:
    """A part of the page that is HTML of ours: buttons in it with a data-do tell its click event (see `told`)."""
    return gr.HTML(
        value,
        elem_id=name,
        apply_default_css=False,
        js_on_load=asset("send.js"),
        html_template=f'<div dir="{words.direction}">${{value}}</div>',  # Gradio says "ltr" of every part
    )


def told(event: gr.EventData) -> dict[str, Any]:
    """What a click says: the button's data-* attributes, "do" among them; texts, or what the page's scripts send."""
    data = event._data
    return dict(data) if isinstance(data, dict) else {}
