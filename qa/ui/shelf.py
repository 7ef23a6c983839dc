"""What happens on the Library tab: the table of articles, adding files and addresses, removing."""

from __future__ import annotations

import hashlib
import html
import logging
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.errors import ArticleQAError, UnknownArticle
from qa.render import long_date, reading_link
from qa.types import FLAGS, AddReport, ArticleSummary, Failure, Progress

if TYPE_CHECKING:
    from qa.library import Library

log = logging.getLogger(__name__)

_FLAG_NAMES = {"consent-wall": "asks for consent", "paywall": "only the beginning", "cut-short": "file cut short"}
ROWS_SHOWN = 200  # a page with more rows is slow to draw, and nobody reads on: search narrows it
UPLOADS = "uploads"

EMPTY_LIBRARY = (
    '<div class="qa-empty"><p><strong>No articles yet.</strong></p><p>Add saved web pages (HTML or MHTML), PDF, '
    "DOCX, EPUB, text or Markdown files, or paste the addresses of articles or feeds above. Everything stays on this "
    "computer.</p></div>"
)


def counts(library: Library) -> str:
    """How much the library holds, as HTML: "18 articles · 143 passages"."""
    return f"{_plural(len(library), 'article')} · {_plural(library.passage_count, 'passage')}"


def table(library: Library, search: str = "") -> str:
    """The articles whose title, author or site match, as an HTML table with a box to select each row."""
    if len(library) == 0:
        return EMPTY_LIBRARY
    found = library.summaries(search.strip())
    if not found:
        return f'<p class="qa-empty">No title, author or site matches “{html.escape(search.strip())}”.</p>'
    rows = "".join(_row(summary) for summary in found[:ROWS_SHOWN])
    more = len(found) - ROWS_SHOWN
    rest = f'<p class="qa-note">{_plural(more, "more article")}: search to narrow the list.</p>' if more > 0 else ""
    return (
        '<div class="qa-table"><table><thead><tr><th scope="col"><span class="qa-unseen">Select</span></th>'
        '<th scope="col">Title</th><th scope="col">Author</th><th scope="col">Date</th><th scope="col">Site</th>'
        f'<th scope="col" class="qa-count">Passages</th></tr></thead><tbody>{rows}</tbody></table></div>{rest}'
    )


def add(
    library: Library,
    files: Sequence[str],
    addresses: str,
    *,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> str:
    """Adds uploaded files and the web addresses of a text, one a line; what came of it as HTML.

    Only http and https addresses are taken: a line of the page must not read the server's own files.
    """
    lines = [line.strip() for line in addresses.splitlines() if line.strip()]
    refused = [line for line in lines if not line.lower().startswith(("http://", "https://"))]
    wrong = tuple(Failure(line, "not a web address; it must start with https:// or http://") for line in refused)
    sources: list[str | Path] = [line for line in lines if line not in refused]
    if not files and not lines:
        return '<p class="qa-notice" role="alert">Choose files or paste addresses first.</p>'
    try:
        kept = [_kept(library, Path(file)) for file in files]
        done = library.add([*kept, *sources], on_progress=on_progress)
    except ArticleQAError as error:
        return f'<p class="qa-notice" role="alert">{html.escape(str(error))}</p>'
    except Exception:
        log.exception("adding articles failed")
        return (
            '<p class="qa-notice" role="alert">Adding stopped because of an unexpected error; the details are in the '
            "server’s log. What was added before it is kept.</p>"
        )
    followed = {each.location for each in library.collections()}  # bookmarks of which a few were left out, say
    for failure in done.failed:
        if failure.source not in followed:
            _forget(library, failure.source)
    return report(library, done, wrong)


def report(library: Library, done: AddReport, refused: Sequence[Failure] = ()) -> str:
    """What adding did, as HTML: how many of each, their titles, and every failure with its reason."""
    failed = [*done.failed, *refused]
    parts = []
    for word, ids in (("added", done.added), ("replaced", done.replaced), ("already there", done.skipped)):
        if ids:
            titles = "".join(f'<li dir="auto">{html.escape(_title(library, each))}</li>' for each in ids[:ROWS_SHOWN])
            parts.append(
                f"<details><summary>{_plural(len(ids), 'article')} {word}</summary><ul>{titles}</ul></details>"
            )
    if done.flagged:
        notes = "".join(
            f'<li><span dir="auto">{html.escape(_title(library, each.article_id))}</span>: {FLAGS[each.flag]}</li>'
            for each in done.flagged
        )
        parts.append(f"<details open><summary>{len(done.flagged)} not whole</summary><ul>{notes}</ul></details>")
    if failed:
        reasons = "".join(
            f'<li><span dir="auto">{html.escape(_shown(library, each.source))}</span>{html.escape(each.said)}</li>'
            for each in failed
        )
        parts.append(f"<details open><summary>{len(failed)} not added</summary><ul>{reasons}</ul></details>")
    if done.stopped:
        said = "Stopped before the end. What was added stays; adding the same again goes on from there."
        parts.append(f'<p class="qa-note">{said}</p>')
    return f'<div class="qa-report" role="status">{"".join(parts) or "Nothing to add."}</div>'


def confirmation(library: Library, article_ids: Sequence[str]) -> str:
    """The question to confirm before articles are removed, as HTML; "" where none is selected or left."""
    titles = [summary for each in article_ids if (summary := _title(library, each))]
    if not titles:
        return ""
    what = f"“{titles[0]}”" if len(titles) == 1 else f"these {len(titles)} articles"
    items = "" if len(titles) == 1 else "".join(f'<li dir="auto">{html.escape(title)}</li>' for title in titles)
    return (
        f'<div class="qa-confirm" role="alert"><p>Remove <bdi>{html.escape(what)}</bdi> from the library?</p>'
        f"{f'<ul>{items}</ul>' if items else ''}</div>"
    )


def remove(library: Library, article_ids: Sequence[str]) -> str:
    """Removes articles, and the copies kept of uploaded files; what came of it as HTML."""
    removed, problems = 0, []
    for article_id in article_ids:
        try:
            source = library.article(article_id).source
            library.remove(article_id)
        except UnknownArticle:
            continue  # somebody else removed it meanwhile: it is gone, as asked
        except ArticleQAError as error:
            problems.append(str(error))
        else:
            removed += 1
            _forget(library, source)
    said = "".join(f'<p class="qa-notice" role="alert">{html.escape(problem)}</p>' for problem in problems)
    return f'<div class="qa-report" role="status">{_plural(removed, "article")} removed.</div>{said}'


def _row(summary: ArticleSummary) -> str:
    title = html.escape(summary.title)
    reading = html.escape(reading_link(summary.id, 0, 0).partition("#")[0])
    flags = "".join(
        f' <span class="qa-flag" title="{FLAGS[flag]}">{_FLAG_NAMES[flag]}</span>' for flag in summary.flags
    )
    return (
        f'<tr><td><input type="checkbox" value="{html.escape(summary.id)}" aria-label="Select {title}"></td>'
        f'<th scope="row" dir="auto"><a href="{reading}" target="_blank" rel="noopener">{title}</a>{flags}</th>'
        f'<td dir="auto" data-label="Author">{html.escape(", ".join(summary.authors))}</td>'
        f'<td data-label="Date">{html.escape(long_date(summary.published))}</td>'
        f'<td dir="auto" data-label="Site">{html.escape(summary.site or "")}</td>'
        f'<td class="qa-count" data-label="Passages">{summary.passages}'
        f'<span class="qa-unit"> passage{"" if summary.passages == 1 else "s"}</span></td></tr>'
    )


def _kept(library: Library, upload: Path) -> Path:
    """A copy of an uploaded file beside the library, so that `sync` finds it after the server's temporary files go.

    Another file of the same name gets a name of its own, by content: two sites both have an index.html.
    """
    folder = Path(library.folder) / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    content = upload.read_bytes()
    kept = folder / upload.name
    if kept.exists() and kept.read_bytes() != content:
        kept = folder / f"{upload.stem}-{hashlib.sha256(content).hexdigest()[:8]}{upload.suffix}"
    if not kept.exists():
        shutil.copyfile(upload, kept)
    return kept


def _forget(library: Library, source: str | None) -> None:
    """Deletes the kept copy that `source` names; other files are never touched."""
    folder = (Path(library.folder) / UPLOADS).resolve()
    if source and Path(source).resolve().parent == folder:
        Path(source).unlink(missing_ok=True)


def _shown(library: Library, source: str) -> str:
    folder = (Path(library.folder) / UPLOADS).resolve()
    return Path(source).name if Path(source).resolve().parent == folder else source


def _title(library: Library, article_id: str) -> str:
    try:
        return library.article(article_id).title
    except UnknownArticle:
        return ""


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
