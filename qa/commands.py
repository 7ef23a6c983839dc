"""What each command of `article-qa` does: a function from parsed options to an Outcome.

Nothing is printed here: `qa/cli.py` prints the Outcome.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from qa.accounts import Accounts, accounts_file
from qa.blocks import one_line
from qa.errors import ArticleQAError, InvalidInput, LibraryError, ModelError, UnknownArticle
from qa.terminal import confirmed, new_password, or_interrupt, progress_bar
from qa.types import (
    FLAGS,
    AddReport,
    Answer,
    ArticleSummary,
    Filters,
    Hit,
    Progress,
    Standing,
    SyncReport,
    Turn,
    Verified,
    turns,
)

if TYPE_CHECKING:
    from qa.library import Library

DONE, SOME_FAILED, BAD_INPUT, UNUSABLE, NO_ANSWER, INTERRUPTED = 0, 1, 2, 3, 4, 130
_SHOWN = 20  # problems of a library


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: as JSON-able data, as text for people, and as an exit code."""

    data: dict[str, Any]
    text: str
    code: int = DONE


def add(options: argparse.Namespace) -> Outcome:
    if options.ray is not None:
        from qa.bulk import bulk_add

        with progress_bar("adding", quiet=options.quiet) as on_progress:
            return _reported(
                bulk_add(
                    _location(options),
                    options.sources,
                    address=options.ray or None,
                    model=options.model,
                    dtype=options.dtype,
                    on_progress=on_progress,
                    delay=options.delay,
                    allow_private=options.allow_private,
                )
            )
    with _open(options) as library, progress_bar("adding", quiet=options.quiet) as on_progress:
        report = library.add(
            options.sources, on_progress=on_progress, delay=options.delay, allow_private=options.allow_private
        )
        return _reported(report)


def sync(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library, progress_bar("looking again", quiet=options.quiet) as on_progress:
        report = library.sync(on_progress=on_progress, delay=options.delay, allow_private=options.allow_private)
        gone = [library.article(article_id) for article_id in report.gone]
    return _reported(report, gone=[f"{article.title} ({article.source})" for article in gone])


def sources(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library:
        for location in options.forget:
            library.unfollow(location)
        collections = library.collections()
    lines = [f"{each.kind}  {one_line(each.location)}" for each in collections]
    return Outcome({"sources": [asdict(each) for each in collections]}, "\n".join(lines) or "none")


def reindex(options: argparse.Namespace) -> Outcome:
    # Opened without the model: that is what `reindex` replaces.
    with (
        _open(options, create=False, model=None) as library,
        progress_bar("encoding", quiet=options.quiet) as on_progress,
    ):
        if not library.reindex(model=options.model, on_progress=on_progress):
            text = "stopped; the library is as it was, and the same command goes on from here"
            return Outcome({"stopped": True}, text, INTERRUPTED)
        articles, passages, identity = len(library), library.passage_count, library.encoder.identity
    data = {"articles": articles, "passages": passages, "model": identity}
    return Outcome(data, f"encoded {_count(passages, 'passage')} with {identity}")


def ask(options: argparse.Namespace) -> Outcome:
    from qa.saved import answer_dict

    filters, history = _filters(options), _history(options.history)
    with _open(options, create=False) as library:
        answer = library.ask(options.question, k=options.k, history=history, filters=filters, quotes=options.quotes)
    return Outcome(answer_dict(answer), _answer_lines(answer), DONE if answer.found else NO_ANSWER)


def list_articles(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library:
        summaries = library.summaries(options.search)
    passages = sum(summary.passages for summary in summaries)
    lines = [_summary_line(summary) for summary in summaries]
    lines.append(f"{_count(len(summaries), 'article')}, {_count(passages, 'passage')}")
    return Outcome({"articles": [asdict(summary) for summary in summaries], "passages": passages}, "\n".join(lines))


def remove(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library:
        ids = list(dict.fromkeys(options.articles))
        titles = {article_id: library.article(article_id).title for article_id in ids}  # all known, or none is removed
        lines = [f"{key}  {one_line(title)}" for key, title in titles.items()]
        if not options.yes and not confirmed("\n".join([*lines, f"Remove {_count(len(ids), 'article')}?"])):
            return Outcome({"removed": []}, "nothing removed")
        for article_id in ids:
            library.remove(article_id)
    return Outcome({"removed": ids}, f"removed {_count(len(ids), 'article')}")


def check(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library, progress_bar("checking", quiet=options.quiet) as on_progress:
        problems, articles = library.check(on_progress=or_interrupt(on_progress)), len(library)
    if not problems:
        return Outcome({"problems": [], "articles": articles}, f"{_count(articles, 'article')}, all whole")
    advice = "To go back to a backup, move the library away and give its file to `article-qa restore`."
    more = [f"and {len(problems) - _SHOWN} more; --json has all"] if len(problems) > _SHOWN else []
    lines = [*map(one_line, problems[:_SHOWN]), *more, advice]
    return Outcome({"problems": problems, "articles": articles}, "\n".join(lines), UNUSABLE)


def backup(options: argparse.Namespace) -> Outcome:
    return _written(options, "copying", lambda library, tell: library.back_up(options.file, on_progress=tell))


def _written(
    options: argparse.Namespace, what: str, write: Callable[[Library, Callable[[Progress], bool]], bool]
) -> Outcome:
    """What became of a library that was written to `options.file`, whole or not at all."""
    with _open(options, create=False) as library, progress_bar(what, quiet=options.quiet) as on_progress:
        if not write(library, on_progress):
            return Outcome({"stopped": True}, "stopped; nothing was written", INTERRUPTED)
        articles = len(library)
    return Outcome({"file": str(options.file), "articles": articles}, f"{options.file}: {_count(articles, 'article')}")


def restore(options: argparse.Namespace) -> Outcome:
    from qa.library import Library

    folder = _location(options)
    with Library.from_backup(options.file, folder) as library:
        articles = len(library)
    return Outcome({"library": str(folder), "articles": articles}, f"{folder}: {_count(articles, 'article')}")


def export(options: argparse.Namespace) -> Outcome:
    return _written(options, "writing", lambda library, tell: library.export_jsonl(options.file, on_progress=tell))


def import_articles(options: argparse.Namespace) -> Outcome:
    with _open(options) as library, progress_bar("adding", quiet=options.quiet) as on_progress:
        return _reported(library.import_jsonl(options.file, on_progress=on_progress))


def verify(options: argparse.Namespace) -> Outcome:
    answers = _read_json(options.file, "the file of answers")
    with _open(options, create=False) as library:
        found = library.verify(answers)
    lines = [_verified_line(one) for one in found]
    counts = Counter(one.standing for one in found)
    lines.append(", ".join(f"{counts[standing]} {standing}" for standing in get_args(Standing)))
    code = DONE if counts["intact"] == len(found) else SOME_FAILED
    return Outcome({"quotes": [asdict(one) for one in found], "counts": counts}, "\n".join(lines), code)


def serve(options: argparse.Namespace) -> Outcome:
    if options.port is not None and not 0 < options.port < 65536:
        raise InvalidInput(f"--port is {options.port}; give a number from 1 to 65535")
    from qa import ui

    ui.serve(
        _location(options),
        host=options.host,
        port=options.port,
        examples=options.examples,
        names=options.name,
        open_browser=options.open,
        allow_private=options.allow_private,
        auth=not options.no_auth,
        accounts=options.accounts,
        certificate=options.certificate,
        key=options.key,
    )
    return Outcome({"served": _location(options)}, "")


def account(options: argparse.Namespace) -> Outcome:
    path = options.accounts or accounts_file(_location(options))
    if path is None:
        raise InvalidInput(f"{_location(options)} has no folder for accounts; name their file with --accounts FILE")
    accounts = Accounts(path)
    if options.name is None:
        if options.role or options.remove:
            raise InvalidInput("--role and --remove need the NAME of an account")
        held = [{"name": each.name, "role": each.role} for each in accounts.all().values()]
        return Outcome({"accounts": held}, "\n".join(f"{each['role']}  {each['name']}" for each in held) or "none")
    if options.remove:
        accounts.remove(options.name)
        return Outcome({"removed": options.name}, f"removed {options.name}")
    before = accounts.find(options.name)
    role = options.role or (before.role if before else "reader")
    kept = accounts.set(options.name, new_password(), role)
    done = "changed" if before else "made"
    return Outcome({"name": kept.name, "role": kept.role}, f"{done} {kept.name} ({kept.role})")


def measure(options: argparse.Namespace) -> Outcome:
    from qa.evaluate import comparison_table, evaluate, misses
    from qa.questions import read_questions

    questions = read_questions(options.questions)
    if options.limit is not None:
        if options.limit < 1:
            raise InvalidInput(f"--limit is {options.limit}; give a number of questions from 1")
        questions = questions[: options.limit]
    rankings = list(dict.fromkeys([options.ranking, *([options.compare] if options.compare else [])]))
    scores, wrong = {}, []
    with contextlib.ExitStack() as stack:
        folder = _location(options)
        if options.articles:
            import tempfile

            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="article-qa-eval-"))
            with _open(options, folder=folder) as library, progress_bar("adding", quiet=options.quiet) as on_progress:
                report = library.add(
                    options.articles,
                    on_progress=on_progress,
                    delay=options.delay,
                    allow_private=options.allow_private,
                )
            if report.failed or report.stopped:
                return _reported(report)
        for ranking in rankings:
            with (
                _open(options, folder=folder, create=False, ranking=ranking) as library,
                progress_bar(ranking, quiet=options.quiet) as on_progress,
            ):
                results = evaluate(library, questions, on_progress=or_interrupt(on_progress))
            scores[ranking] = results.scores
            wrong += [f"{ranking}: {line}" for line in misses(results)]
    data = {"rankings": {name: asdict(score) for name, score in scores.items()}, "misses": wrong}
    text = comparison_table(scores)
    return Outcome(data, "\n".join([text, "", *wrong]) if options.misses else text)


# Options to values


def _location(options: argparse.Namespace) -> str:
    return options.library or os.environ.get("ARTICLE_QA_LIBRARY") or "library"


def _open(options: argparse.Namespace, *, folder: str | None = None, create: bool = True, **overrides: Any) -> Library:
    from qa.library import Library

    settings: dict[str, Any] = {"model": getattr(options, "model", None), "dtype": getattr(options, "dtype", "auto")}
    return Library.open(folder or _location(options), create=create, **(settings | overrides))


def _filters(options: argparse.Namespace) -> Filters:
    from qa.periods import first_day, last_day

    return Filters(
        authors=tuple(options.author),
        sites=tuple(options.site),
        languages=tuple(options.language),
        article_ids=tuple(options.article),
        since=first_day(options.since, "--since") if options.since else None,
        until=last_day(options.until, "--until") if options.until else None,
    )


def _history(path: Path | None) -> tuple[Turn, ...]:
    if path is None:
        return ()
    said = _read_json(path, "--history")
    try:
        return turns(said)
    except InvalidInput as error:
        raise InvalidInput(f"--history {str(path)!r}: {error}") from error


def _read_json(path: Path, what: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{what} {str(path)!r} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{what} {str(path)!r} is not JSON: {error}") from error


# Results as text


def _reported(report: AddReport, *, gone: Sequence[str] = ()) -> Outcome:
    counts = {name: len(ids) for name, ids in asdict(report).items() if name != "stopped"}
    parts = [f"{counts['added']} added", f"{counts['replaced']} replaced", f"{counts['skipped']} unchanged"]
    if isinstance(report, SyncReport):
        parts += [f"{counts['removed']} removed", f"{counts['gone']} gone"]
    parts.append(f"{counts['failed']} failed")
    lines = [f"not whole: {one_line(each.source)}: {FLAGS[each.flag]}" for each in report.flagged]
    lines += [f"failed: {one_line(failure.source + failure.said)}" for failure in report.failed]
    lines += [f"gone from the web, and kept: {one_line(each)}" for each in gone]
    lines.append(", ".join(parts))
    if report.stopped:
        lines.append("stopped before the end; the same command goes on from here")
    code = INTERRUPTED if report.stopped else SOME_FAILED if report.failed else DONE
    return Outcome(asdict(report), "\n".join(lines), code)


def _answer_lines(answer: Answer) -> str:
    from qa.render import answer_support, answer_text

    if answer.found:
        return f"{answer_text(answer)}\n\nsupport: {answer_support(answer)}"
    nearest = f"\n\nNearest passages:\n{_hit_lines(answer.hits[:3])}" if answer.hits else ""
    return answer_text(answer) + nearest


def _hit_lines(hits: Sequence[Hit]) -> str:
    lines = []
    for number, hit in enumerate(hits, start=1):
        article = hit.article
        about = [article.title, " and ".join(article.authors), article.site or "", article.published or ""]
        lines.append(f"{number}. {hit.score:.2f}  {', '.join(one_line(part) for part in about if part)}")
        lines.append(f"   {one_line(hit.passage.text)}")
        lines += [f"   {one_line(article.url)}"] if article.url else []
    return "\n".join(lines)


def _summary_line(summary: ArticleSummary) -> str:
    about = [summary.title, " and ".join(summary.authors), summary.site or ""]
    flags = f" ({', '.join(summary.flags)})" if summary.flags else ""
    return (
        f"{one_line(summary.id)}  {summary.published or '-':10}  {summary.passages:4}  "
        f"{', '.join(one_line(part) for part in about if part)}{flags}"
    )


def _verified_line(one: Verified) -> str:
    said = "changed (not as it was saved)" if one.altered else one.standing
    where = f", at {one.start}" if one.start is not None else ""
    return f"{said}: {one_line(one.title)}{where}: “{one_line(one.quote)}”"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def failure(error: ArticleQAError) -> Outcome:
    """What a command comes to that ended with `error`."""
    unusable = isinstance(error, (LibraryError, ModelError)) and not isinstance(error, UnknownArticle)
    data = {"error": {"type": type(error).__name__, "message": str(error)}}
    return Outcome(data, one_line(str(error)), UNUSABLE if unusable else BAD_INPUT)
