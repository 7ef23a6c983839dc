"""A conversation as one browser session holds it, how it is drawn, and how the browser keeps it. No Gradio here."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from qa.checked import whole_characters
from qa.errors import InvalidInput, UnknownArticle
from qa.saved import record, restored, standing
from qa.types import Answer, Article, Standing
from qa.ui.draw import Verdict, answer_html, idle_panel, kept_html, panel_html, question_html, step_html
from qa.ui.filtering import Chosen, link
from qa.ui.words import Words

if TYPE_CHECKING:
    from qa.library import Library

# Panels of the last answers stay in the page, hidden, so that their numbers show their passages at once; more would
# make every new answer slower to draw than to find. Those of older ones are drawn when they are asked for.
PANELS_KEPT = 8
MOST_EXCHANGES = 500  # that a kept conversation may have


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question, with the filters it was asked with, and its answer.

    `titles` are those of the articles in which copies of its passages stand; `stale` says of citations whose quotes do
    not stand in the library any more what became of them.
    """

    key: str
    question: str
    answer: Answer
    chosen: Chosen = field(default_factory=Chosen)
    verdict: Verdict | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    stale: Mapping[int, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Its exchanges, oldest first. `id` is the browser's name for it."""

    id: str = ""
    exchanges: tuple[Exchange, ...] = ()

    def with_answer(self, question: str, answer: Answer, chosen: Chosen, titles: Mapping[str, str]) -> Conversation:
        """With one more exchange; the first one gives the conversation its id."""
        key = f"a{len(self.exchanges) + 1}"
        exchange = Exchange(key, question, answer, chosen, titles=titles)
        return Conversation(self.id or uuid.uuid4().hex, (*self.exchanges, exchange))

    def before(self, key: str) -> Conversation:
        """What was said before an exchange; all, where there is none of that key."""
        at = next((i for i, one in enumerate(self.exchanges) if one.key == key), len(self.exchanges))
        return replace(self, exchanges=self.exchanges[:at])

    def judged(self, key: str, verdict: Verdict) -> Conversation:
        """With a verdict on an answer; the same once more takes it back."""
        exchanges = tuple(
            replace(one, verdict=None if one.verdict == verdict else verdict) if one.key == key else one
            for one in self.exchanges
        )
        return replace(self, exchanges=exchanges)

    def find(self, key: str) -> Exchange | None:
        return next((one for one in self.exchanges if one.key == key), None)


def messages(
    conversation: Conversation, words: Words, *, pending: str | None = None, step: str = ""
) -> list[dict[str, Any]]:
    """The conversation as gr.Chatbot takes it; `pending` is a question without an answer yet, `step` what is done."""
    drawn = []
    for one in conversation.exchanges:
        shown = answer_html(one.answer, words, key=one.key, verdict=one.verdict, stale=one.stale)
        drawn.append({"role": "user", "content": question_html(one.question, words, key=one.key)})
        drawn.append({"role": "assistant", "content": shown})
    if pending is not None:
        drawn.append({"role": "user", "content": question_html(pending, words)})
        if step:
            drawn.append({"role": "assistant", "content": step_html(step)})
    return drawn


def history(conversation: Conversation) -> list[dict[str, str]]:
    """The conversation as `Library.ask` takes it: plain text, no HTML."""
    turns = []
    for one in conversation.exchanges:
        turns.append({"role": "user", "content": one.question})
        turns.append({"role": "assistant", "content": one.answer.text})
    return turns


def panels(conversation: Conversation, words: Words, *, shown: str = "", changed: str | None = None) -> str:
    """The passages of the newest answers, and of that of the key `shown`, which alone is visible (else the newest).

    In front, hidden, what the browser keeps: `changed` is the key of an exchange that it does not have as it is now.
    """
    if not conversation.exchanges:
        return idle_panel(words)
    keys = [one.key for one in conversation.exchanges]
    visible = shown if shown in keys else keys[-1]
    kept = [one for one in conversation.exchanges if one.key == visible or one.key in keys[-PANELS_KEPT:]]
    drawn = [
        panel_html(
            one.answer,
            words,
            key=one.key,
            hidden=one.key != visible,
            question=one.question,
            filters=one.chosen.said(words),
            link=link(one.question, one.chosen),
            titles=one.titles,
            stale=one.stale,
        )
        for one in reversed(kept)
    ]
    new = next((one for one in conversation.exchanges if one.key == changed), None)
    return kept_html(conversation.id, keys, exchange_record(new) if new else None) + "".join(drawn)


def copy_titles(answer: Answer, library: Library) -> dict[str, str]:
    """The titles of the articles in which copies of an answer's passages stand, by id."""
    ids = {copy.article_id for hit in answer.hits for copy in hit.copies}
    titles = {}
    for article_id in ids:
        try:
            titles[article_id] = library.article(article_id).title
        except UnknownArticle:
            continue
    return titles


def exchange_record(one: Exchange) -> dict[str, Any]:
    """An exchange as JSON, for the browser to keep."""
    kept: dict[str, Any] = {"key": one.key, "question": one.question, "answer": record(one.answer)}
    if one.chosen:
        kept["chosen"] = one.chosen.record()
    if one.verdict:
        kept["verdict"] = one.verdict
    return kept


def reopened(kept: Any, library: Library) -> Conversation:
    """The conversation that a browser kept, with the texts that the library holds now.

    Raises InvalidInput where it is none: what a browser sends is looked at as any other input.
    """
    if not isinstance(kept, Mapping) or not isinstance(kept.get("exchanges"), Sequence):
        raise InvalidInput("a kept conversation needs an object with a list of exchanges")
    known: dict[str, Article] = {}

    def article_of(article_id: str) -> Article:
        if article_id not in known:
            known[article_id] = library.article(article_id)
        return known[article_id]

    exchanges = []
    for number, one in enumerate(kept["exchanges"][:MOST_EXCHANGES], 1):
        if not isinstance(one, Mapping) or not isinstance(one.get("question"), str):
            raise InvalidInput(f"exchange {number} of a kept conversation has no question")
        answer = restored(one.get("answer"), article_of)
        stale = {each.number: standing(each, article_of) for each in answer.citations}
        verdict = one.get("verdict")
        exchanges.append(
            Exchange(
                key=f"a{number}",
                question=whole_characters(one["question"]),
                answer=answer,
                chosen=Chosen.restored(one.get("chosen", {})),
                verdict=verdict if verdict in ("right", "wrong") else None,
                titles=copy_titles(answer, library),
                stale={each: became for each, became in stale.items() if became != "intact"},
            )
        )
    name = kept.get("id")
    return Conversation(name if isinstance(name, str) and name.isalnum() else uuid.uuid4().hex, tuple(exchanges))
