"""A conversation as one browser session holds it, and how it is drawn. Values only; no Gradio, no globals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qa.render import answer_html, panel_html, question_html
from qa.types import Answer, Filters, iso_date

# Panels of older answers stay in the page, hidden, so that their numbers can be clicked; more than this
# many would make every new answer slower to draw than to find.
PANELS_KEPT = 20

EMPTY_PANEL = (
    '<section class="qa-passages qa-idle"><p class="qa-note">The passages an answer quotes from appear here, '
    "with the quoted sentence marked and a link to its place in the article.</p></section>"
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and what came of it. `reply` is the answer as plain text, for the history of follow-ups.

    `panel` is None where there was no answer (an error): then only `shown` says what happened.
    """

    key: str
    question: str
    reply: str
    shown: str
    panel: Answer | None = None


def answered(question: str, answer: Answer, *, number: int) -> Exchange:
    key = f"a{number}"
    return Exchange(key, question, answer.text, answer_html(answer, key=key), answer)


def messages(conversation: Sequence[Exchange], *, pending: str | None = None) -> list[dict[str, Any]]:
    """The conversation as gr.Chatbot takes it; `pending` is a question that has no answer yet."""
    drawn = []
    for exchange in conversation:
        drawn.append({"role": "user", "content": question_html(exchange.question)})
        drawn.append({"role": "assistant", "content": exchange.shown})
    if pending is not None:
        drawn.append({"role": "user", "content": question_html(pending)})
    return drawn


def history(conversation: Sequence[Exchange]) -> list[dict[str, str]]:
    """The conversation as `Library.ask` takes it: plain text, no HTML."""
    turns = []
    for exchange in conversation:
        turns.append({"role": "user", "content": exchange.question})
        turns.append({"role": "assistant", "content": exchange.reply})
    return turns


def panels(conversation: Sequence[Exchange]) -> str:
    """The passages of the newest answer, and hidden below them those of the answers before."""
    kept = [exchange for exchange in conversation if exchange.panel is not None][-PANELS_KEPT:]
    if not kept:
        return EMPTY_PANEL
    drawn = [
        panel_html(exchange.panel, key=exchange.key, hidden=exchange is not kept[-1])
        for exchange in reversed(kept)
        if exchange.panel is not None
    ]
    return "".join(drawn)


def filters(authors: str, sites: str, since: str, until: str) -> Filters:
    """Filters from the four fields of the page; names are separated by commas. InvalidInput for a bad date."""
    return Filters(
        authors=tuple(authors.split(",")),
        sites=tuple(sites.split(",")),
        since=iso_date(since, "“From”") if since.strip() else None,
        until=iso_date(until, "“Until”") if until.strip() else None,
    )
