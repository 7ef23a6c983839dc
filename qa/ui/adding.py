"""Adding files, addresses, feeds and folders, looking at them again, and how that is told. No Gradio here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.gather import Source
from qa.types import FLAGS, AddReport, Failure, SyncReport
from qa.ui import uploads
from qa.ui.draw import exact, text
from qa.ui.shelf import title_of
from qa.ui.words import Words
from qa.ui.work import Job, OnProgress, State, Work

if TYPE_CHECKING:
    from qa.library import Library

_TITLES_SHOWN = 200


def start_adding(
    library: Library,
    work: Work,
    files: Sequence[str],
    addresses: str,
    folder: str,
    words: Words,
    *,
    local: bool,
    allow_private: bool = False,
) -> str:
    """Begins adding uploaded files, the web addresses of a text, one a line, and a folder; "" or why not, as HTML.

    Only http and https addresses are taken as such, and folders only where `local`, the page is served to this
    computer alone: a line of the page must not read the server's own files. Nor the network that it stands in, unless
    `allow_private`, which is for whoever started the server to say. The files are deleted once they are copied beside
    the library and the work has begun.
    """
    lines = [line.strip() for line in addresses.splitlines() if line.strip()]
    wrong = [line for line in lines if not line.lower().startswith(("http://", "https://"))]
    refused = [Failure(line, words("library.not_address")) for line in wrong]
    sources: list[Source] = [line for line in lines if line not in wrong]
    if folder.strip():
        if local:
            sources.append(Path(folder.strip()).expanduser())
        else:
            refused.append(Failure(folder.strip(), words("library.no_folders")))
    if not files and not sources and not refused:
        return notice(words("library.nothing_chosen"))
    if work.is_running:
        return notice(words("library.busy"))
    try:
        sources = [*(uploads.keep(library, Path(file)) for file in files), *sources]
    except OSError as error:
        return notice(str(error))
    job = Job("adding", lambda some, tell: _add(library, some, tell, allow_private=allow_private), tuple(sources))
    started = work.start(job, refused=refused)
    if not started:
        return notice(words("library.busy"))
    for file in files:
        Path(file).unlink(missing_ok=True)  # the server's temporary file, which counts towards what may wait
    return ""


def start_looking(library: Library, work: Work, words: Words, *, allow_private: bool = False) -> str:
    """Begins looking at every feed, folder and page again; "" or why not, as HTML."""

    def run(_: Sequence[Source], on_progress: OnProgress) -> AddReport:
        return library.sync(on_progress=on_progress, allow_private=allow_private)

    return "" if work.start(Job("looking", run)) else notice(words("library.busy"))


def start_reading_again(
    library: Library, work: Work, article_id: str, words: Words, *, allow_private: bool = False
) -> str:
    """Begins reading one article's page again; "" or why not, as HTML."""
    source = library.article(article_id).source
    if source is None:
        return notice(words("article.no_source"))

    def run(some: Sequence[Source], on_progress: OnProgress) -> AddReport:
        return library.add(some, on_progress=on_progress, allow_private=allow_private)

    job = Job("reading_again", run, (source,))
    return "" if work.start(job) else notice(words("library.busy"))


def notice(message: str) -> str:
    return f'<p class="qa-notice" role="alert">{text(message)}</p>'


def told(library: Library, state: State | None, words: Words) -> str:
    """How the work is going, or what came of it, as HTML; "" where there is nothing to tell."""
    if state is None:
        return ""
    if state.running:
        return _progress(library, state, words)
    parts = []
    if state.problem is not None:
        parts.append(notice(state.problem or words("library.failed")))
    if state.report is not None or state.refused:
        parts.append(report(library, state.report or AddReport(), words, state.refused))
    buttons = {"resume": state.can_resume, "dismiss": True}
    drawn = "".join(
        f'<button type="button" class="qa-tool" data-do="{name}">{text(words(f"library.{name}"))}</button>'
        for name, wanted in buttons.items()
        if wanted
    )
    return f'{"".join(parts)}<p class="qa-tools">{drawn}</p>'


def report(library: Library, done: AddReport, words: Words, refused: Sequence[Failure] = ()) -> str:
    """What adding did, as HTML: how many of each, their titles, and every failure with its reason."""
    failed = [*done.failed, *refused]
    parts = []
    told = [("added", done.added), ("replaced", done.replaced), ("skipped", done.skipped)]
    if isinstance(done, SyncReport):
        told += [("removed", done.removed), ("gone", done.gone)]
    for word, ids in told:
        if ids:
            titles = [title for each in ids[:_TITLES_SHOWN] if (title := title_of(library, each))]
            parts.append(_list(words(f"library.{word}", articles=words.count("articles", len(ids))), titles))
    if done.flagged:
        notes = "".join(
            f'<li><span dir="auto">{text(title_of(library, each.article_id))}</span>: '
            f"{text(words(f'library.{each.flag}_help') if each.flag in FLAGS else each.flag)}</li>"
            for each in done.flagged
        )
        what = words("library.not_whole", articles=words.count("articles", len(done.flagged)))
        parts.append(f"<details open><summary>{text(what)}</summary><ul>{notes}</ul></details>")
    if failed:
        parts.append(_failures(library, failed, words))
    if done.stopped:
        parts.append(f'<p class="qa-note">{text(words("library.stopped"))}</p>')
    return f'<div class="qa-report" role="status">{"".join(parts) or text(words("library.nothing"))}</div>'


def _add(library: Library, sources: Sequence[Source], on_progress: OnProgress, *, allow_private: bool) -> AddReport:
    done = library.add(list(sources), on_progress=on_progress, allow_private=allow_private)
    followed = {each.location for each in library.collections()}  # bookmarks of which a few were left out, say
    for failure in done.failed:
        if failure.source not in followed:
            uploads.forget(library, failure.source)
    return done


def _progress(library: Library, state: State, words: Words) -> str:
    total, done = max(state.total, 1), state.done
    facts = [words("library.progress", done=f"{done:,}", total=f"{state.total:,}")]
    if state.pace:
        facts.append(words("library.speed", rate=f"{state.pace:.1f}" if state.pace < 10 else f"{state.pace:.0f}"))
    if state.left is not None and done < state.total:
        facts.append(words("library.left", time=_time(state.left, words)))
    outcomes = {"read": "library.read", "unchanged": "library.unchanged", "listed": "library.listed"}
    items = []
    for step in state.last:
        said = words("library.not_added", reason=step.reason) if step.outcome == "failed" else ""
        said = said or words(outcomes.get(step.outcome, "library.read"))
        name = text(uploads.shown(library, step.current))
        items.append(f'<li class="qa-{step.outcome}"><span dir="auto">{name}</span> <span>{text(said)}</span></li>')
    stop = text(words("library.stopping" if state.stopping else "library.stop"))
    dead = " disabled" if state.stopping else ""
    last = f"<p class='qa-note'>{text(words('library.so_far'))}</p><ul class='qa-steps'>{''.join(items)}</ul>"
    failed = _failures(library, state.failed, words) if state.failed else ""
    title = text(words(f"library.{state.kind}"))
    return (
        f'<div class="qa-report qa-work"><p><strong>{title}</strong> <span role="status">{text(" · ".join(facts))}'
        f'</span></p><progress max="{total}" value="{done}" aria-label="{title}"></progress>'
        f'<p class="qa-tools"><button type="button" class="qa-tool" data-do="stop"{dead}>{stop}</button></p>'
        f"{last if items else ''}{failed}</div>"
    )


def _failures(library: Library, failed: Sequence[Failure], words: Words) -> str:
    reasons = "".join(
        f'<li><span dir="auto">{text(uploads.shown(library, each.source))}</span>{text(each.said)}</li>'
        for each in failed
    )
    return (
        f"<details open><summary>{text(words('library.failures', n=len(failed)))}</summary><ul>{reasons}</ul></details>"
    )


def _list(summary: str, titles: Sequence[str]) -> str:
    items = "".join(f'<li dir="auto">{text(title)}</li>' for title in titles)
    return f"<details><summary>{text(summary)}</summary><ul>{items}</ul></details>"


def _time(seconds: float, words: Words) -> str:
    if seconds < 90:
        return words("library.seconds", n=max(1, round(seconds)))
    if seconds < 5400:
        return words("library.minutes", n=round(seconds / 60))
    return words("library.hours", n=round(seconds / 3600))


def collections_table(library: Library, words: Words) -> str:
    """The feeds and folders that are looked at again, as an HTML table with a button each to look no more."""
    followed = library.collections()
    if not followed:
        return f'<p class="qa-note">{text(words("library.no_sources"))}</p>'
    rows = "".join(
        f'<tr><th scope="row" dir="auto">{text(each.location)}</th><td>{text(each.kind)}</td>'
        f'<td><button type="button" class="qa-tool" data-do="forget" data-location="{exact(each.location)}" '
        f'aria-label="{text(words("library.forget"))}: {text(each.location)}">{text(words("library.forget"))}</button>'
        "</td></tr>"
        for each in followed
    )
    return (
        f'<div class="qa-table"><table><thead><tr><th scope="col">{text(words("library.location"))}</th>'
        f'<th scope="col">{text(words("library.kind"))}</th><th scope="col"><span class="qa-unseen">'
        f"{text(words('library.forget'))}</span></th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
