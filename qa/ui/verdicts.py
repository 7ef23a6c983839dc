"""The page of what people said of answers, as HTML. No Gradio here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qa import feedback
from qa.errors import ArticleQAError
from qa.ui.adding import notice
from qa.ui.draw import reading_link, text
from qa.ui.words import Words

if TYPE_CHECKING:
    from qa.library import Library

SHOWN = 500


def verdicts_html(library: Library, words: Words) -> str:
    """The verdicts that count, newest first, as a table with a button each to take one back."""
    try:
        given = feedback.read(library.folder)
    except ArticleQAError as error:
        return notice(str(error))
    command = f"<code>article-qa eval {text(f'{library.folder.name}/{feedback.FILE}')}</code>"
    said = text(words("feedback.intro", command="\0")).replace("\0", command)
    intro = f'<p class="qa-note">{said}</p>'
    if not given:
        return f'{intro}<p class="qa-empty">{text(words("feedback.none"))}</p>'
    rows = "".join(_row(each, words) for each in given[:SHOWN])
    heads = "".join(
        f'<th scope="col">{text(words(f"feedback.{name}"))}</th>' for name in ("question", "verdict", "answer", "time")
    )
    last = f'<th scope="col"><span class="qa-unseen">{text(words("feedback.remove"))}</span></th>'
    return (
        f'{intro}<div class="qa-table"><table><thead><tr>{heads}{last}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(one: feedback.Feedback, words: Words) -> str:
    name = one.verdict if one.found else f"none_{one.verdict}"
    answer = text(words("feedback.no_answer"))
    if one.found:
        link = text(reading_link(one.article_id))
        answer = f'“{text(one.quote)}” <a href="{link}" target="_blank" rel="noopener">{text(one.title)}</a>'
    return (
        f'<tr><th scope="row" dir="auto">{text(one.question)}</th>'
        f'<td><span class="qa-verdict qa-{one.verdict}">{text(words(f"feedback.{name}"))}</span></td>'
        f'<td dir="auto">{answer}</td><td data-label="date">{text(one.time[:16].replace("T", " "))}</td>'
        f'<td><button type="button" class="qa-tool" data-do="forget" data-id="{text(one.id)}" '
        f'aria-label="{text(words("feedback.remove"))}: {text(one.question)}">{text(words("feedback.remove"))}</button>'
        "</td></tr>"
    )
