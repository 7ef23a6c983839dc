"""`article-qa`: a library of articles from the shell.

Each command is a function from parsed options to an `Outcome`: what to print as text, the same as JSON, and
the exit code. Only `main` prints.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import getpass
import json
import logging
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, get_args

from qa import __version__
from qa.accounts import ROLES, Accounts, accounts_file
from qa.blocks import one_line, printable
from qa.errors import ArticleQAError, InvalidInput, LibraryError, ModelError, UnknownArticle
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

EXIT_CODES = """\
exit codes:
  0    done
  1    add, sync, import: done, but some sources failed; verify: a quote is changed or gone (they are listed)
  2    usage or bad input: an unknown option, article or file, a value out of range
  3    the library or its model cannot be used: busy, damaged, built with another model
  4    ask: the articles do not answer the question
  130  interrupted; what was committed before stays

environment:
  ARTICLE_QA_LIBRARY   the library where --library is not given (else ./library)
"""

RANKINGS = ("full", "unread", "hybrid", "dense", "lexical")
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: as JSON-able data, as text for people, and as an exit code."""

    data: dict[str, Any]
    text: str
    code: int = DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (see EXIT_CODES); argparse exits by itself on wrong usage."""
    options = build_parser().parse_args(arguments)
    _prepare_streams(as_json=options.json)
    logging.basicConfig(level=logging.ERROR if options.quiet else logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        outcome: Outcome = options.run(options)
    except ArticleQAError as error:
        outcome = _failure(error)
    except KeyboardInterrupt:
        outcome = Outcome({"error": {"type": "Interrupted", "message": "interrupted"}}, "interrupted", INTERRUPTED)
    _print(outcome, as_json=options.json)
    gc.freeze()  # the process ends: to search what it leaves for garbage takes a second
    return outcome.code


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command; options shared by all may stand before or after the command's name."""
    parser = argparse.ArgumentParser(
        prog="article-qa",
        description="Ask questions of your own articles; get the sentences that answer, each cited to its place.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_shared_options(top=True)],
    )
    parser.add_argument("--version", action="version", version=f"article-qa {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], Outcome], summary: str, *, model: bool = False
    ) -> argparse.ArgumentParser:
        parents = [_shared_options(top=False)] + ([_model_options()] if model else [])
        added = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=parents,
        )
        added.set_defaults(run=run)
        return added

    add = command("add", _add, "add pages, folders, URLs and feeds; unchanged ones are skipped", model=True)
    add.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a file, a folder (with all in it) or a URL; a feed (RSS, Atom, JSON), a sitemap, an OPML or bookmarks "
        "file or a list of URLs stands for the pages that it lists",
    )
    _add_web_options(add)
    add.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="read and encode files on a Ray cluster (article-qa[ray]); without an address, one of this machine",
    )

    ask = command("ask", _ask, "answer a question with cited sentences", model=True)
    ask.add_argument("question")
    ask.add_argument("--k", type=int, default=5, metavar="N", help="how many passages to look at (default 5)")
    ask.add_argument(
        "--quotes", type=int, default=3, metavar="N", help="how many sentences to quote (default 3, at most 20)"
    )
    ask.add_argument("--history", type=Path, metavar="FILE.json", help='what was said: [{"role": …, "content": …}, …]')
    _add_filter_options(ask)

    listing = command("list", _list, "list the articles")
    listing.add_argument("search", nargs="?", default="", help="only those with this in title, author or site")

    remove = command("remove", _remove, "remove articles")
    remove.add_argument("articles", nargs="+", metavar="ID", help="an article's id, as `list` shows it")
    remove.add_argument("--yes", action="store_true", help="do not ask first")

    summary = "look at every source again: new pages are added, changed ones replaced, files that are gone removed"
    _add_web_options(command("sync", _sync, summary, model=True))

    following = command("sources", _sources, "list the folders, feeds and lists that sync looks at for new pages")
    following.add_argument("--forget", nargs="+", default=[], metavar="SOURCE", help="look at these no more")

    command("reindex", _reindex, "encode every article again, with another --model if one is given", model=True)

    command("check", _check, "look whether the library is whole: its file, each article, the index")

    backup = command("backup", _backup, "write all of the library to one file, also while it is in use")
    backup.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet")

    restore = command("restore", _restore, "make a library of what backup wrote, where there is none")
    restore.add_argument("file", type=Path, metavar="FILE", help="what backup wrote")

    exporting = command("export", _export, "write every article as a line of JSON, for other programs and libraries")
    exporting.add_argument("file", type=Path, metavar="FILE.jsonl", help="a file that is not there yet")

    importing = command("import", _import, "add the articles that export wrote", model=True)
    importing.add_argument("file", type=Path, metavar="FILE.jsonl", help="what export wrote")

    verify = command("verify", _verify, "say of each quote of saved answers whether the library still has it")
    verify.add_argument("file", type=Path, metavar="ANSWERS.json", help="what `ask --json` wrote, one or many")

    serve = command("serve", _serve, "serve the chat for the browser")
    serve.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1, this machine only)"
    )
    serve.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    serve.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="what the page is called in a browser's address, if not localhost or an address; may be given again",
    )
    serve.add_argument("--open", action="store_true", help="open a browser window on it")
    serve.add_argument("--examples", type=Path, metavar="FOLDER", help="articles to add where the library is empty")
    serve.add_argument(
        "--allow-private",
        action="store_true",
        help="whoever uses the page may add pages of this machine and its network",
    )
    _add_accounts_option(serve)
    serve.add_argument("--no-auth", action="store_true", help="ask nobody for a password, whoever reaches the address")
    serve.add_argument("--certificate", type=Path, metavar="FILE.pem", help="serve https with this certificate")
    serve.add_argument("--key", type=Path, metavar="FILE.pem", help="its private key, where that is another file")

    summary = "list who may use the page, or make, change (a password is asked for) or remove one"
    account = command("account", _account, summary)
    account.add_argument("name", nargs="?", metavar="NAME", help="whose account; without it, all are listed")
    account.add_argument("--role", choices=ROLES, help="reader (asks and reads; default) or editor (changes too)")
    account.add_argument("--remove", action="store_true", help="remove the account; its sessions end")
    _add_accounts_option(account)

    evaluation = command("eval", _eval, "measure answers on a file of questions with known answers", model=True)
    evaluation.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    evaluation.add_argument("--articles", nargs="+", metavar="SOURCE", help="measure on a library of only these")
    evaluation.add_argument("--ranking", choices=RANKINGS, default="full", help="how to rank passages (default full)")
    evaluation.add_argument("--compare", choices=RANKINGS, help="measure this ranking too, and show the difference")
    evaluation.add_argument("--limit", type=int, metavar="N", help="only the first N questions")
    evaluation.add_argument("--misses", action="store_true", help="list the questions that went wrong")
    return parser


def _shared_options(*, top: bool) -> argparse.ArgumentParser:
    """Options of every command. Below the top they have no default, or it would undo what stood before the command."""
    shared = argparse.ArgumentParser(add_help=False)
    group = shared.add_argument_group("shared options")
    library: Any = None if top else argparse.SUPPRESS
    flag: Any = False if top else argparse.SUPPRESS
    group.add_argument(
        "--library", metavar="FOLDER", default=library, help="the library: a folder, or milvus://HOST:PORT/NAME"
    )
    group.add_argument("--json", action="store_true", default=flag, help="one JSON document on stdout, nothing else")
    group.add_argument("--quiet", action="store_true", default=flag, help="no progress bars, no warnings")
    return shared


def _model_options() -> argparse.ArgumentParser:
    model = argparse.ArgumentParser(add_help=False)
    group = model.add_argument_group("model options")
    group.add_argument("--model", metavar="NAME", help="a sentence-transformers model: its folder or hub name")
    group.add_argument("--dtype", choices=DTYPES, default="auto", help="precision of the weights (default auto)")
    return model


def _add_web_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--delay",
        type=float,
        metavar="SECONDS",
        help="time between two requests to one host (default 1); a site's robots.txt is kept to, and may ask for more",
    )
    parser.add_argument("--allow-private", action="store_true", help="also read pages of this machine and its network")


def _add_accounts_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accounts", type=Path, metavar="FILE", help="where they stand (default accounts.json in the library's folder)"
    )


def _add_filter_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("filters (those that repeat are alternatives)")
    group.add_argument("--author", action="append", default=[], metavar="NAME")
    group.add_argument("--site", action="append", default=[], metavar="NAME")
    group.add_argument("--language", action="append", default=[], metavar="CODE", help="as en, de")
    group.add_argument("--article", action="append", default=[], metavar="ID")
    group.add_argument("--since", metavar="DATE", help="as 2023-02-17, 2023-02, 2023 or “last month”; inclusive")
    group.add_argument("--until", metavar="DATE", help="inclusive")


# Commands


def _add(options: argparse.Namespace) -> Outcome:
    if options.ray is not None:
        from qa.bulk import bulk_add

        with _progress(options, "adding") as on_progress:
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
    with _open(options) as library, _progress(options, "adding") as on_progress:
        report = library.add(
            options.sources, on_progress=on_progress, delay=options.delay, allow_private=options.allow_private
        )
        return _reported(report)


def _sync(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library, _progress(options, "looking again") as on_progress:
        report = library.sync(on_progress=on_progress, delay=options.delay, allow_private=options.allow_private)
        gone = [library.article(article_id) for article_id in report.gone]
    return _reported(report, gone=[f"{article.title} ({article.source})" for article in gone])


def _sources(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library:
        for location in options.forget:
            library.unfollow(location)
        collections = library.collections()
    lines = [f"{each.kind}  {one_line(each.location)}" for each in collections]
    return Outcome({"sources": [asdict(each) for each in collections]}, "\n".join(lines) or "none")


def _reindex(options: argparse.Namespace) -> Outcome:
    # Opened without the model: that is what `reindex` replaces.
    with _open(options, create=False, model=None) as library, _progress(options, "encoding") as on_progress:
        if not library.reindex(model=options.model, on_progress=on_progress):
            text = "stopped; the library is as it was, and the same command goes on from here"
            return Outcome({"stopped": True}, text, INTERRUPTED)
        articles, passages, identity = len(library), library.passage_count, library.encoder.identity
    data = {"articles": articles, "passages": passages, "model": identity}
    return Outcome(data, f"encoded {_count(passages, 'passage')} with {identity}")


def _ask(options: argparse.Namespace) -> Outcome:
    from qa.saved import answer_dict

    filters, history = _filters(options), _history(options.history)
    with _open(options, create=False) as library:
        answer = library.ask(options.question, k=options.k, history=history, filters=filters, quotes=options.quotes)
    return Outcome(answer_dict(answer), _answer_lines(answer), DONE if answer.found else NO_ANSWER)


def _list(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library:
        summaries = library.summaries(options.search)
    passages = sum(summary.passages for summary in summaries)
    lines = [_summary_line(summary) for summary in summaries]
    lines.append(f"{_count(len(summaries), 'article')}, {_count(passages, 'passage')}")
    return Outcome({"articles": [asdict(summary) for summary in summaries], "passages": passages}, "\n".join(lines))


def _remove(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library:
        ids = list(dict.fromkeys(options.articles))
        titles = {article_id: library.article(article_id).title for article_id in ids}  # all known, or none is removed
        if not options.yes and not _confirmed([f"{key}  {one_line(title)}" for key, title in titles.items()]):
            return Outcome({"removed": []}, "nothing removed")
        for article_id in ids:
            library.remove(article_id)
    return Outcome({"removed": ids}, f"removed {_count(len(ids), 'article')}")


def _check(options: argparse.Namespace) -> Outcome:
    with _open(options, create=False) as library, _progress(options, "checking") as on_progress:
        problems, articles = library.check(on_progress=_or_interrupt(on_progress)), len(library)
    if not problems:
        return Outcome({"problems": [], "articles": articles}, f"{_count(articles, 'article')}, all whole")
    advice = "To go back to a backup, move the library away and give its file to `article-qa restore`."
    more = [f"and {len(problems) - _SHOWN} more; --json has all"] if len(problems) > _SHOWN else []
    lines = [*map(one_line, problems[:_SHOWN]), *more, advice]
    return Outcome({"problems": problems, "articles": articles}, "\n".join(lines), UNUSABLE)


def _backup(options: argparse.Namespace) -> Outcome:
    return _written(options, "copying", lambda library, tell: library.back_up(options.file, on_progress=tell))


def _written(
    options: argparse.Namespace, what: str, write: Callable[[Library, Callable[[Progress], bool]], bool]
) -> Outcome:
    """What became of a library that was written to `options.file`, whole or not at all."""
    with _open(options, create=False) as library, _progress(options, what) as on_progress:
        if not write(library, on_progress):
            return Outcome({"stopped": True}, "stopped; nothing was written", INTERRUPTED)
        articles = len(library)
    return Outcome({"file": str(options.file), "articles": articles}, f"{options.file}: {_count(articles, 'article')}")


def _restore(options: argparse.Namespace) -> Outcome:
    from qa.library import Library

    folder = _location(options)
    with Library.from_backup(options.file, folder) as library:
        articles = len(library)
    return Outcome({"library": str(folder), "articles": articles}, f"{folder}: {_count(articles, 'article')}")


def _export(options: argparse.Namespace) -> Outcome:
    return _written(options, "writing", lambda library, tell: library.export_jsonl(options.file, on_progress=tell))


def _import(options: argparse.Namespace) -> Outcome:
    with _open(options) as library, _progress(options, "adding") as on_progress:
        return _reported(library.import_jsonl(options.file, on_progress=on_progress))


def _verify(options: argparse.Namespace) -> Outcome:
    answers = _read_json(options.file, "the file of answers")
    with _open(options, create=False) as library:
        found = library.verify(answers)
    lines = [_verified_line(one) for one in found]
    counts = Counter(one.standing for one in found)
    lines.append(", ".join(f"{counts[standing]} {standing}" for standing in get_args(Standing)))
    code = DONE if counts["intact"] == len(found) else SOME_FAILED
    return Outcome({"quotes": [asdict(one) for one in found], "counts": counts}, "\n".join(lines), code)


def _serve(options: argparse.Namespace) -> Outcome:
    if options.port is not None and not 0 < options.port < 65536:
        raise InvalidInput(f"--port is {options.port}; give a number from 1 to 65535")
    from qa.ui import serve

    serve(
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


def _account(options: argparse.Namespace) -> Outcome:
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
    account = accounts.set(options.name, _new_password(), role)
    done = "changed" if before else "made"
    return Outcome({"name": account.name, "role": account.role}, f"{done} {account.name} ({account.role})")


def _eval(options: argparse.Namespace) -> Outcome:
    from qa.evaluate import comparison_table, evaluate, misses, read_questions

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
            with _open(options, folder=folder) as library, _progress(options, "adding") as on_progress:
                report = library.add(options.articles, on_progress=on_progress)
            if report.failed or report.stopped:
                return _reported(report)
        for ranking in rankings:
            with (
                _open(options, folder=folder, create=False, ranking=ranking) as library,
                _progress(options, ranking) as on_progress,
            ):
                results = evaluate(library, questions, on_progress=_or_interrupt(on_progress))
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


def _confirmed(lines: list[str]) -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput("remove asks first, and stdin is no terminal; give --yes to remove without asking")
    print(*lines, f"Remove {_count(len(lines), 'article')}? [y/N] ", sep="\n", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _new_password() -> str:
    """Typed twice on a terminal, else a line of stdin: never an option, which every process of the machine sees."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("The same again: ") != password:
        raise InvalidInput("the two passwords differ; nothing was changed")
    return password


# Progress and interruption


@contextlib.contextmanager
def _progress(options: argparse.Namespace, what: str) -> Iterator[Callable[[Progress], bool]]:
    """A progress bar on stderr; Ctrl-C asks the call to stop after what it has committed, twice stops it at once."""
    from tqdm import tqdm

    stopping = threading.Event()

    def interrupt(*_: object) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    in_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, interrupt) if in_main_thread else None
    try:
        with tqdm(desc=what, disable=options.quiet or not sys.stderr.isatty(), leave=False, dynamic_ncols=True) as bar:

            def show(progress: Progress) -> bool:
                bar.total = progress.total
                bar.set_postfix_str(one_line(progress.current)[-40:], refresh=False)
                bar.update(progress.done - bar.n)
                return not stopping.is_set()

            yield show
    finally:
        if in_main_thread:
            signal.signal(signal.SIGINT, before)


def _or_interrupt(on_progress: Callable[[Progress], bool]) -> Callable[[Progress], None]:
    """For a call of which a half is worth nothing: Ctrl-C ends the command."""

    def show(progress: Progress) -> None:
        if not on_progress(progress):
            raise KeyboardInterrupt

    return show


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


def _failure(error: ArticleQAError) -> Outcome:
    unusable = isinstance(error, (LibraryError, ModelError)) and not isinstance(error, UnknownArticle)
    data = {"error": {"type": type(error).__name__, "message": str(error)}}
    return Outcome(data, one_line(str(error)), UNUSABLE if unusable else BAD_INPUT)


# Streams


def _prepare_streams(*, as_json: bool) -> None:
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            # A terminal that cannot show a character gets an escape, not a traceback; JSON is UTF-8 everywhere.
            reconfigure(errors="backslashreplace", **({"encoding": "utf-8"} if as_json else {}))


def _print(outcome: Outcome, *, as_json: bool) -> None:
    failed = "error" in outcome.data
    try:
        if failed:
            print(f"article-qa: {printable(outcome.data['error']['message'])}", file=sys.stderr)
        if as_json:
            print(json.dumps(outcome.data, ensure_ascii=False, indent=2))
        elif outcome.text and not failed:
            print(_for_terminal(outcome.text))
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)  # whoever read us has seen enough, as `| head`


def _for_terminal(text: str) -> str:
    """`text` without what would steer a terminal: it comes from web pages."""
    return printable(text.replace("\r", "\n"))


def _silence(stream: TextIO) -> None:
    """Lets the interpreter flush `stream` at exit without a complaint that its reader is gone."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
