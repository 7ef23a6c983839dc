"""What happens on the Ask tab: one question in, the drawn conversation and panel out."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qa.errors import ArticleQAError
from qa.ui.conversation import Exchange, answered, filters, history, messages, panels

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

UNEXPECTED = "Something went wrong here; the details are in the server’s log. Asking again may work."
NO_ARTICLES = "There are no articles yet. Add some on the Library tab, then ask."

# Questions for the example articles, each with a part of the title of the article that it needs.
EXAMPLE_QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Six days in the sand", "Whose estimate put the goods delayed by the Suez closure at 9.6 billion dollars a day?"),
    ("what Hunga Tonga did to the sea", "How deep is the caldera of the Tongan volcano since the eruption?"),
    ("Turbines on a leash", "Why did the floating turbines off Peterhead have to go back to Norway?"),
    ("The seeds that went home", "How many samples went back into the Svalbard mountain in February 2017?"),
)


@dataclass(frozen=True, slots=True)
class View:
    """What the Ask tab shows after a step."""

    conversation: tuple[Exchange, ...]
    pending: str | None = None
    typed: str | None = ""  # what the question box holds; None leaves it, somebody may be typing the next one
    notice: str = ""

    @property
    def chat(self) -> list[dict[str, Any]]:
        return messages(self.conversation, pending=self.pending)

    @property
    def panel(self) -> str:
        return panels(self.conversation)


def notice(message: str) -> str:
    """A message as HTML for the line under the question box."""
    return f'<p class="qa-notice" role="alert">{html.escape(message)}</p>' if message else ""


def asking(
    library: Library,
    question: str,
    conversation: tuple[Exchange, ...],
    *,
    authors: str = "",
    sites: str = "",
    since: str = "",
    until: str = "",
    ready: Callable[[], bool] = lambda: True,
) -> Iterator[View]:
    """The steps of answering, each as what to show: first the question, then the answer or why there is none."""
    question = question.strip()
    if not question:
        yield View(conversation, notice="Type a question first.")
        return
    try:
        chosen = filters(authors, sites, since, until)
    except ArticleQAError as error:
        yield View(conversation, typed=question, notice=sentence(str(error)))
        return
    try:
        if len(library) == 0:
            yield View(conversation, typed=question, notice=NO_ARTICLES)
            return
        busy = "" if ready() else "The language model is still loading; this first answer takes a few seconds longer."
        yield View(conversation, pending=question, notice=busy)
        answer = library.ask(question, history=history(conversation), filters=chosen)
    except ArticleQAError as error:
        yield View(conversation, typed=question, notice=sentence(str(error)))
    except Exception:
        log.exception("a question failed")
        yield View(conversation, typed=question, notice=UNEXPECTED)
    else:
        yield View((*conversation, answered(question, answer, number=len(conversation) + 1)), typed=None)


def example_questions(library: Library) -> list[str]:
    """Questions to start with: those whose example article is in the library."""
    return [question for title, question in EXAMPLE_QUESTIONS if library.summaries(title)]


def sentence(message: str) -> str:
    """An error's message, which may start in lower case and lack a full stop, as a sentence."""
    message = message.strip()
    return (message[:1].upper() + message[1:]).rstrip(".") + "."
