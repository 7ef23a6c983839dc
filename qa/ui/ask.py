"""What happens on the Ask tab: one question in, the drawn conversation and panel out, step by step. No Gradio here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qa import feedback
from qa.checked import whole_characters
from qa.errors import ArticleQAError
from qa.types import Answer, Step
from qa.ui.conversation import Conversation, copy_titles, history, messages, panels
from qa.ui.draw import Verdict, found_html, text
from qa.ui.filtering import Chosen
from qa.ui.words import Words

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """What the Ask tab shows after a step."""

    conversation: Conversation
    words: Words
    pending: str | None = None  # a question that has no answer yet
    step: str = ""  # what is being done for it
    found: Answer | None = None  # a stand-in that holds the passages found for it so far
    typed: str | None = ""  # what the question box holds; None leaves it, somebody may be typing the next one
    notice: str = ""
    editing: str = ""  # the key of the exchange that the next question replaces
    shown: str = ""  # the key of the exchange whose passages are shown; "": the newest
    changed: str | None = None  # the key of the exchange that the browser is to keep anew

    @property
    def chat(self) -> list[dict[str, Any]]:
        return messages(self.conversation, self.words, pending=self.pending, step=self.step)

    @property
    def panel(self) -> str:
        if self.found is not None:
            return found_html(self.found, self.words)
        return panels(self.conversation, self.words, shown=self.shown, changed=self.changed)

    @property
    def said(self) -> str:
        """The notice as HTML, for the line above the question box."""
        if self.editing and not self.notice:
            keep = f'<button type="button" class="qa-tool" data-do="keep">{text(self.words("ask.keep"))}</button>'
            return f'<p class="qa-notice" role="status">{text(self.words("ask.editing"))} {keep}</p>'
        return f'<p class="qa-notice" role="alert">{text(self.notice)}</p>' if self.notice else ""


def asking(
    library: Library,
    question: str,
    conversation: Conversation,
    words: Words,
    *,
    chosen: Chosen = Chosen(),  # noqa: B008 - frozen
    editing: str = "",
    ready: Callable[[], bool] = lambda: True,
) -> Iterator[View]:
    """The steps of answering, each as what to show: the question, the passages found, then the answer or why not.

    `editing` is the key of an exchange that this question replaces, with all that came after it.
    """
    question = whole_characters(question).strip()
    if not question:
        yield View(conversation, words, notice=words("ask.type_first"), editing=editing)
        return
    before = conversation.before(editing) if editing else conversation

    def refused(reason: str) -> View:
        return View(conversation, words, typed=question, notice=reason, editing=editing)

    try:
        filters = chosen.filters(words)
        if len(library) == 0:
            yield refused(f"{words('ask.no_articles_title')}. {words('ask.no_articles')}")
            return
        notice = "" if ready() else words("ask.loading")
        answer = None
        for step in library.ask_in_steps(question, history=history(before), filters=filters):
            if step.answer is not None:
                answer = step.answer
                break
            yield View(before, words, question, _said(step, library, words), _stand_in(question, step), notice=notice)
        assert answer is not None
    except ArticleQAError as error:
        yield refused(sentence(str(error)))
    except Exception:
        log.exception("a question failed")
        yield refused(words("ask.unexpected"))
    else:
        after = before.with_answer(question, answer, chosen, copy_titles(answer, library))
        yield View(after, words, typed=None, changed=after.exchanges[-1].key)


def judge(library: Library, conversation: Conversation, key: str, verdict: Verdict, words: Words) -> View:
    """A verdict on an answer, or the same verdict again, which takes it back, noted in the library's folder."""
    judged = conversation.judged(key, verdict)
    one = judged.find(key)
    if one is None:
        return View(conversation, words, typed=None)
    try:
        feedback.keep(
            library.folder,
            one.question,
            one.answer,
            one.verdict,
            history=history(judged.before(key)),
            filters=one.chosen.filters(words),
        )
    except ArticleQAError as error:
        return View(conversation, words, typed=None, notice=sentence(str(error)), shown=key)
    return View(judged, words, typed=None, shown=key, changed=key)


def sentence(message: str) -> str:
    """An error's message, which may start in lower case and lack a full stop, as a sentence."""
    message = message.strip()
    return (message[:1].upper() + message[1:]).rstrip(".") + "."


def _said(step: Step, library: Library, words: Words) -> str:
    if step.name == "searching":
        return words("ask.searching", passages=words.count("passages", library.passage_count))
    return words("ask.reading")


def _stand_in(question: str, step: Step) -> Answer | None:
    return Answer(question, False, "", (), step.hits, 0.0) if step.hits else None
