"""`article-qa`: a library of articles from the shell.

The commands are in qa/commands.py: each is a function from parsed options to an `Outcome`, what to print as text, the
same as JSON, and the exit code. Only `main` prints.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from qa import __version__, commands
from qa.accounts import ROLES
from qa.blocks import printable
from qa.commands import INTERRUPTED, Outcome
from qa.errors import ArticleQAError
from qa.terminal import for_terminal, prepare_streams, silence

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code (see EXIT_CODES); argparse exits by itself on wrong usage."""
    options = build_parser().parse_args(arguments)
    prepare_streams(as_json=options.json)
    logging.basicConfig(level=logging.ERROR if options.quiet else logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        outcome: Outcome = options.run(options)
    except ArticleQAError as error:
        outcome = commands.failure(error)
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
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: Callable[[argparse.Namespace], Outcome], summary: str, *, model: bool = False
    ) -> argparse.ArgumentParser:
        parents = [_shared_options(top=False)] + ([_model_options()] if model else [])
        added = subparsers.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=parents,
        )
        added.set_defaults(run=run)
        return added

    add = command("add", commands.add, "add pages, folders, URLs and feeds; unchanged ones are skipped", model=True)
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

    ask = command("ask", commands.ask, "answer a question with cited sentences", model=True)
    ask.add_argument("question")
    ask.add_argument("--k", type=int, default=5, metavar="N", help="how many passages to look at (default 5)")
    ask.add_argument(
        "--quotes", type=int, default=3, metavar="N", help="how many sentences to quote (default 3, at most 20)"
    )
    ask.add_argument("--history", type=Path, metavar="FILE.json", help='what was said: [{"role": …, "content": …}, …]')
    _add_filter_options(ask)

    listing = command("list", commands.list_articles, "list the articles")
    listing.add_argument("search", nargs="?", default="", help="only those with this in title, author or site")

    remove = command("remove", commands.remove, "remove articles")
    remove.add_argument("articles", nargs="+", metavar="ID", help="an article's id, as `list` shows it")
    remove.add_argument("--yes", action="store_true", help="do not ask first")

    summary = "look at every source again: new pages are added, changed ones replaced, files that are gone removed"
    _add_web_options(command("sync", commands.sync, summary, model=True))

    following = command(
        "sources", commands.sources, "list the folders, feeds and lists that sync looks at for new pages"
    )
    following.add_argument("--forget", nargs="+", default=[], metavar="SOURCE", help="look at these no more")

    command("reindex", commands.reindex, "encode every article again, with another --model if one is given", model=True)

    command("check", commands.check, "look whether the library is whole: its file, each article, the index")

    backup = command("backup", commands.backup, "write all of the library to one file, also while it is in use")
    backup.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet")

    restore = command("restore", commands.restore, "make a library of what backup wrote, where there is none")
    restore.add_argument("file", type=Path, metavar="FILE", help="what backup wrote")

    exporting = command(
        "export", commands.export, "write every article as a line of JSON, for other programs and libraries"
    )
    exporting.add_argument("file", type=Path, metavar="FILE.jsonl", help="a file that is not there yet")

    importing = command("import", commands.import_articles, "add the articles that export wrote", model=True)
    importing.add_argument("file", type=Path, metavar="FILE.jsonl", help="what export wrote")

    verify = command("verify", commands.verify, "say of each quote of saved answers whether the library still has it")
    verify.add_argument("file", type=Path, metavar="ANSWERS.json", help="what `ask --json` wrote, one or many")

    serve = command("serve", commands.serve, "serve the chat for the browser")
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
    account = command("account", commands.account, summary)
    account.add_argument("name", nargs="?", metavar="NAME", help="whose account; without it, all are listed")
    account.add_argument("--role", choices=ROLES, help="reader (asks and reads; default) or editor (changes too)")
    account.add_argument("--remove", action="store_true", help="remove the account; its sessions end")
    _add_accounts_option(account)

    evaluation = command(
        "eval", commands.measure, "measure answers on a file of questions with known answers", model=True
    )
    evaluation.add_argument("questions", type=Path, metavar="QUESTIONS.jsonl")
    evaluation.add_argument("--articles", nargs="+", metavar="SOURCE", help="measure on a library of only these")
    evaluation.add_argument("--ranking", choices=RANKINGS, default="full", help="how to rank passages (default full)")
    evaluation.add_argument("--compare", choices=RANKINGS, help="measure this ranking too, and show the difference")
    evaluation.add_argument("--limit", type=int, metavar="N", help="only the first N questions")
    evaluation.add_argument("--misses", action="store_true", help="list the questions that went wrong")
    _add_web_options(evaluation)
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


def _print(outcome: Outcome, *, as_json: bool) -> None:
    failed = "error" in outcome.data
    try:
        if failed:
            print(f"article-qa: {printable(outcome.data['error']['message'])}", file=sys.stderr)
        if as_json:
            print(json.dumps(outcome.data, ensure_ascii=False, indent=2))
        elif outcome.text and not failed:
            print(for_terminal(outcome.text))
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)  # whoever read us has seen enough, as `| head`


if __name__ == "__main__":
    raise SystemExit(main())
