"""Wrong types, empty and huge values, NUL, lone surrogates, NaN, dates that do not exist.

For every public call, command and address: an error that names the argument, shows its value, shortened, and says what
to give instead; never a traceback, and nothing of it in the library.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client  # type: ignore[import-untyped]

from embeddings.encoder import Encoder
from qa import (
    Answer,
    Article,
    ArticleQAError,
    Block,
    Citation,
    Filters,
    Hit,
    InvalidInput,
    Library,
    Passage,
    Turn,
    UnknownArticle,
    export,
    feedback,
    questions,
    read_page,
    saved,
)
from qa.checked import shown, whole_characters
from qa.cli import main
from qa.commands import BAD_INPUT, DONE, NO_ANSWER, SOME_FAILED, UNUSABLE
from qa.periods import first_day
from qa.retriever import Candidate, fold_copies
from qa.types import Page, Removed
from qa.ui.ask import asking
from qa.ui.conversation import Conversation, exchange_record
from qa.ui.server import _listener, running
from qa.ui.words import words

HUGE = "word " * 200_000
SURROGATE = "half \ud800"
NAN = math.nan
NOT_UTF8 = os.fsdecode(b"\xff")
WHALES = Article("whales", "Whales", "The blue whale is the largest animal. It eats four tonnes of krill a day.")
PASSAGE = Passage("whales", 0, 4, "The ")
HIT = {"passage": PASSAGE, "article": WHALES, "score": 0.5}
ANSWER = {"question": "Who?", "found": False, "text": "None.", "citations": (), "hits": (), "support": 0.1}
CITATION = {"number": 1, "article_id": "whales", "title": "t", "url": None, "quote": "The ", "start": 0, "end": 4}
LONGEST_MESSAGE = 700


@pytest.fixture(scope="module")
def library(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One article. No refused call changes it, which is looked at in the end."""
    with Library.open(tmp_path_factory.mktemp("bad") / "library") as opened:
        opened._loaded = encoder
        opened.add(WHALES)
        stamp = opened.stamp
        yield opened
        assert opened.stamp == stamp
        assert opened.check() == []


def refused(call: Callable[[], object], *said: str, kind: type[ArticleQAError] = InvalidInput) -> None:
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert len(message) < LONGEST_MESSAGE
    assert [part for part in said if part not in message] == [], message


# -- values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        ("a\nb", "'a\\nb'"),
        (SURROGATE, "'half \\ud800'"),
        ("\u202etxt", "'\\u202etxt'"),
        (b"\xff", "b'\\xff'"),
        (10**30, "an int of 100 bits"),
        ([10**5000], "a list"),
    ],
)
def test_values_are_shown_on_one_short_line(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("value", [HUGE, HUGE.encode(), ["a"] * 10**6, {n: n for n in range(10**5)}, Path("a" * 9999)])
def test_long_values_are_shortened(value: object) -> None:
    assert len(shown(value)) < 250


def test_half_characters_are_replaced_and_pairs_are_one() -> None:
    assert whole_characters("a\ud800b \ud83d\udc0b") == "a\ufffdb 🐋"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id", SURROGATE, "lone surrogate at character 5"),
        ("id", HUGE.encode(), "bytes, b'word"),
        ("url", SURROGATE, "lone surrogate"),
        ("url", 3, "int, 3; it must be a str"),
        ("site", b"Tidemark", "bytes, b'Tidemark'"),
        ("language", ["en"], "list, ['en']"),
        ("source", Path("x"), "PosixPath" if os.name != "nt" else "WindowsPath"),
        ("authors", None, "NoneType"),
        ("authors", HUGE, "('word"),
        ("authors", b"Ana", "bytes, b'Ana'"),
        ("authors", {"Ana": 1}, "dict, {'Ana': 1}"),
        ("authors", ["Ana", 3], "holds 3, which is int"),
        ("authors", [SURROGATE], "lone surrogate"),
        ("blocks", 3, "int, 3"),
        ("blocks", [(0, 4)], "holds (0, 4), which is tuple"),
        ("pages", ["0"], "holds '0'"),
        ("pages", [True], "holds True"),
        ("pages", [9**99], "give offsets into its text"),
        ("flags", [[]], "holds []"),
        ("flags", [HUGE], "use consent-wall"),
        ("date_source", ["meta"], "['meta']; use one of"),
        ("published", "2023-02-30", "'2023-02-30'; give a date that exists"),
        ("published", "٢٠٢٣", "'٢٠٢٣'; give a date that exists"),
        ("published", HUGE, "give a date that exists"),
        ("published", 2023, "2023; give a date"),
    ],
)
def test_an_article_names_the_wrong_field(field: str, value: object, said: str) -> None:
    fields = {"id": "a", "title": "t", "text": "Text.", field: value}
    refused(lambda: Article(**fields), f"Article.{field}", said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Page("text", "x"), "Page.content is str, 'text'; it must be bytes"),  # type: ignore[arg-type]
        (lambda: Page(b"", SURROGATE), "Page.location"),
        (lambda: Page(b"", "x", url=3), "Page.url is int, 3"),  # type: ignore[arg-type]
        (lambda: Page(b"", "x", media_type=None), "Page.media_type is NoneType"),  # type: ignore[arg-type]
        (lambda: Block(["row"], 0, 1), "Block.kind is list"),  # type: ignore[arg-type]
        (lambda: Block("row", True, 2), "Block.start is bool, True; it must be int"),
        (lambda: Block("row", 0, 1.5), "Block.end is float, 1.5"),  # type: ignore[arg-type]
        (lambda: Block("row", 0, 1, -1), "level is -1"),
        (lambda: Turn("system", "x"), "Turn.role is 'system'; use one of user, assistant"),  # type: ignore[arg-type]
        (lambda: Turn("user", None), "Turn.content is NoneType"),  # type: ignore[arg-type]
        (lambda: Passage("a", "0", 4, "four"), "Passage.start is str, '0'"),  # type: ignore[arg-type]
        (lambda: Passage("a", 0, 4, None), "Passage.text is NoneType"),  # type: ignore[arg-type]
        (lambda: Citation(**CITATION | {"number": 0}), "Citation.number is 0"),  # type: ignore[arg-type]
        (lambda: Citation(**CITATION | {"span": "ab"}), "Citation.span is str, 'ab'"),  # type: ignore[arg-type]
        (lambda: Citation(**CITATION | {"start": -4, "end": 0}), "citation 1 spans -4..0"),  # type: ignore[arg-type]
        (lambda: Hit(**HIT | {"score": NAN}), "Hit.score is nan; give a finite number"),  # type: ignore[arg-type]
        (lambda: Hit(**HIT | {"late": math.inf}), "Hit.late is inf"),  # type: ignore[arg-type]
        (lambda: Hit(**HIT | {"article": "a"}), "Hit.article is str, 'a'; it must be Article"),  # type: ignore[arg-type]
        (lambda: Answer(**ANSWER | {"support": NAN}), "Answer.support is nan; give a probability"),  # type: ignore[arg-type]
        (lambda: Answer(**ANSWER | {"found": 1}), "Answer.found is int, 1; it must be bool"),  # type: ignore[arg-type]
        (lambda: Answer(**ANSWER | {"hits": [3]}), "Answer.hits holds 3"),  # type: ignore[arg-type]
        (lambda: Answer(**ANSWER | {"kind": []}), "an answer's kind is []"),  # type: ignore[arg-type]
        (lambda: Removed("a", 0, "", "", {}), "Removed.article is str"),  # type: ignore[arg-type]
        (lambda: read_page(None), "content is NoneType; it must be bytes, or a str"),  # type: ignore[arg-type]
        (lambda: read_page(b"x", 3), "url is int, 3"),  # type: ignore[arg-type]
        (lambda: read_page(b"x", media_type=b"text/html"), "media_type is bytes"),  # type: ignore[arg-type]
        (lambda: read_page(b"x", charset=3), "charset is int, 3"),  # type: ignore[arg-type]
        (lambda: first_day(None, "since"), "since is NoneType"),  # type: ignore[arg-type]
        (lambda: first_day("last month " * 10_000, "since"), "give a date that exists"),
    ],
)
def test_values_of_other_types_are_refused(make: Callable[[], object], said: str) -> None:
    refused(make, said)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"authors": 3}, "filter authors is 3; give a name or a list of names"),
        ({"authors": 0}, "filter authors is 0"),
        ({"sites": {"x": 1}}, "filter sites is {'x': 1}"),
        ({"sites": [SURROGATE]}, "lone surrogate at character 5"),
        ({"authors": ["Ana"] * 501}, "filter authors has 501 names, 'Ana' the first; give at most 500"),
        ({"since": 0}, "filter since is 0; give a date that exists"),
        ({"since": []}, "filter since is []"),
        ({"until": "yesterday-ish"}, "filter until is 'yesterday-ish'"),
        ({3: "x"}, "unknown filter 3; known: authors"),
        ({HUGE: "x"}, "known: authors"),
    ],
)
def test_filters_name_what_is_wrong(filters: Any, said: str) -> None:
    refused(lambda: Filters.of(filters), said)


# -- a library


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("question", [HUGE], "question is list"),
        ("k", HUGE, "give a whole number of 1 or more"),
        ("k", NAN, "k is nan"),
        ("k", -(10**30), "k is an int of 100 bits"),
        ("history", {"role": "user"}, "it must be a list of"),
        ("history", [{"role": 3, "content": HUGE}], "each entry needs a 'role'"),
        ("history", [HUGE], "history holds 'word"),
        ("filters", ["authors"], "filters is list, ['authors']"),
        ("min_score", True, "min_score is True; give a number, or None"),
        ("min_score", HUGE, "min_score is 'word"),
        ("rerank", ["reader"], "rerank is ['reader']; use 'reader'"),
        ("quotes", 21, "quotes is 21; give a whole number from 1 to 20"),
        ("quotes", True, "quotes is True"),
        ("found_from", NAN, "found_from is nan; give a support, 0 to 1"),
        ("found_from", True, "found_from is True"),
    ],
)
def test_questions_name_what_is_wrong(library: Library, argument: str, value: Any, said: str) -> None:
    for call in (library.ask, library.retrieve):
        if argument in call.__annotations__:
            refused(lambda call=call: call(**{"question": "What do whales eat?", argument: value}), said)  # type: ignore[misc, operator]


@pytest.mark.parametrize(
    "question", [HUGE, "\ud800 whales", "whales\0", "\u202ewhales\u200f", "🐋" * 5_000, "'\"*()[]{}|&;\\" * 500]
)
def test_text_of_any_kind_is_answered(library: Library, question: str) -> None:
    answer = library.ask(question, history=[{"role": "user", "content": f"Ana{question[:99]}Li ate krill?"}])
    assert 0 <= answer.support <= 1
    json.dumps(saved.answer_dict(answer), ensure_ascii=False, allow_nan=False).encode()


def test_numbers_beyond_all_bounds_are_answered(library: Library) -> None:
    ids = {"article_ids": [f"id {number}" for number in range(300_000)]}
    assert library.retrieve("whales", k=10**30, min_score=-math.inf) == library.retrieve("whales")
    assert library.ask("whales", filters=ids).text == "No article passes the filters."
    assert len(library.retrieve("whales", filters={"article_ids": [*ids["article_ids"], "whales"]})) == 1
    turns = [{"role": "user", "content": f"Does whale {number} eat?"} for number in range(10_000)]
    assert library.ask("And what does it eat?", history=turns).hits


@pytest.mark.parametrize("value", [None, 3, b"whales", ["whales"], 10**30])
def test_an_id_is_a_str(library: Library, value: Any) -> None:
    for call in (library.article, library.passages, library.remove, library.corrected, library.uncorrect):
        refused(lambda call=call: call(value), "article_id is", "it must be an article's id")  # type: ignore[misc]
    refused(lambda: library.correct(value, {"title": "x"}), "article_id is")


@pytest.mark.parametrize("value", ["", SURROGATE, "\0", HUGE, "whales "])
def test_an_id_that_no_article_has_is_shown(library: Library, value: str) -> None:
    for call in (library.article, library.passages, library.remove, library.corrected, library.uncorrect):
        refused(lambda call=call: call(value), "no article has the id '", kind=UnknownArticle)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda it: it.add(None), "sources is NoneType"),
        (lambda it: it.add({"x": 1}), "sources is dict, {'x': 1}; it must be paths"),
        (lambda it: it.add(b"x"), "sources is bytes"),
        (lambda it: it.add([WHALES, [HUGE]]), "is list; give a path, a URL or an Article"),
        (lambda it: it.add(WHALES, on_progress=3), "on_progress is int, 3; it must be a function"),
        (lambda it: it.add(WHALES, delay=NAN), "delay is nan; give the seconds"),
        (lambda it: it.add(WHALES, delay=True), "delay is True"),
        (lambda it: it.sync(on_progress="x"), "on_progress is str"),
        (lambda it: it.sync(delay=-1), "delay is -1"),
        (lambda it: it.check(on_progress=3), "on_progress is int"),
        (lambda it: it.reindex(on_progress=3), "on_progress is int"),
        (lambda it: it.reindex(model=3), "model is int, 3"),
        (lambda it: it.restore(WHALES), "removed is Article"),
        (lambda it: it.restore(None), "removed is NoneType"),
        (lambda it: it.correct("whales", "title"), "facts is str, 'title'"),
        (lambda it: it.correct("whales", {HUGE: 1}), "use one of title, authors, published, site, language"),
        (lambda it: it.correct("whales", {"title": "\0 \u200f"}), "title is empty"),
        (lambda it: it.correct("whales", {"title": HUGE}), "of 1000000 characters; give at most 1000"),
        (lambda it: it.correct("whales", {"authors": 3}), "authors is 3"),
        (lambda it: it.correct("whales", {"authors": [SURROGATE]}), "lone surrogate"),
        (lambda it: it.correct("whales", {"site": SURROGATE}), "site is 'half"),
        (lambda it: it.correct("whales", {"language": "English"}), "give an ISO 639 code"),
        (lambda it: it.correct("whales", {"published": "2023-02-30"}), "Article.published is '2023-02-30'"),
        (lambda it: it.summaries(3), "search is int, 3"),
        (lambda it: it.browse(None), "search is NoneType"),
        (lambda it: it.browse(order=["title"]), "order is ['title']; use one of added"),
        (lambda it: it.browse(offset=-1), "offset is -1; give a whole number of 0 or more"),
        (lambda it: it.browse(limit=NAN), "limit is nan"),
        (lambda it: it.sample(0), "most is 0"),
        (lambda it: it.unfollow(3), "3 is no collection"),
        (lambda it: it.unfollow(SURROGATE), "is no collection of this library; those it looks at: there are none"),
        (lambda it: it.back_up(3), "file is int, 3"),
        (lambda it: it.back_up(""), "file is an empty str; give a path"),
        (lambda it: it.back_up("."), ". is there already"),
        (lambda it: it.back_up("a\0b"), "with a NUL character"),
        (lambda it: it.back_up("a" * 5_000), "of 5000 bytes; give a shorter path"),
        (lambda it: it.back_up("x", on_progress=3), "on_progress is int"),
        (lambda it: it.export_jsonl(3), "file is int, 3"),
        (lambda it: it.export_jsonl("."), ". is there already"),
        (lambda it: it.export_jsonl("x", on_progress=3), "on_progress is int"),
        (lambda it: it.import_jsonl("a\0b"), "with a NUL character"),
        (lambda it: it.import_jsonl("none.jsonl"), "none.jsonl cannot be read"),
        (lambda it: it.verify(None), "there is no answer in it"),
        (lambda it: it.verify({"citations": [HUGE]}), "a saved citation cannot be read: TypeError"),
        (lambda it: it.verify({"citations": [{**CITATION, "start": NAN}]}), "start of a saved citation is nan"),
        (lambda it: it.verify({"citations": [{**CITATION, "title": b"x"}]}), "title of a saved citation is b'x'"),
        (lambda it: feedback.keep(it.folder, None, Answer(**ANSWER), "right"), "question is NoneType"),
        (lambda it: feedback.keep(it.folder, "q", 3, "right"), "answer is int, 3"),
        (lambda it: feedback.keep(it.folder, "q", Answer(**ANSWER), HUGE), "a verdict is 'word"),
        (lambda it: feedback.keep(it.folder, "q", Answer(**ANSWER), "right", history=3), "history is int"),
        (lambda it: feedback.keep(None, "q", Answer(**ANSWER), "right"), "folder is NoneType"),
        (lambda it: feedback.take_back(it.folder, 3), "feedback_id is int, 3"),
        (lambda it: saved.answer_dict(3), "answer is int, 3; it must be a qa.Answer"),
        (lambda it: saved.record(None), "answer is NoneType"),
        (lambda it: saved.hit_dict("x"), "hit is str"),
        (lambda it: export.conversation_html(None, []), "title is NoneType"),
        (lambda it: export.conversation_markdown("t", [("q",)]), "asked holds ('q',)"),
        (lambda it: export.conversation_markdown("t", [("q", 3)]), "an answer in asked is int"),
        (lambda it: export.bibtex(["x"]), "articles holds 'x', which is str"),
        (lambda it: export.csl_json(3), "articles is int"),
        (lambda it: questions.read_questions(3), "questions is int"),
        (lambda it: questions.read_questions("a\0b"), "with a NUL character"),
    ],
)
def test_calls_on_a_library_name_what_is_wrong(library: Library, call: Callable[[Any], object], said: str) -> None:
    refused(lambda: call(library), said)


@pytest.mark.parametrize("source", ["\0", SURROGATE, "\u202e", "a" * 100_000, "~nobody/x", "none.html", NOT_UTF8])
def test_a_source_that_is_none_fails_by_itself(library: Library, source: str) -> None:
    report = library.add([source, WHALES])
    assert (report.added, report.skipped) == ((), ("whales",))
    assert len(report.failed) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_files_whose_names_are_not_utf_8_are_named_and_the_others_go_in(encoder: Encoder, tmp_path: Path) -> None:
    page = "<html><body><article><p>The mole of the old port was finished in 1911.</p></article></body></html>"
    folder = tmp_path / "pages"
    (folder / os.fsdecode(b"d\xff")).mkdir(parents=True)
    for name in (b"mole.html", b"caf\xe9.html", b"d\xff/x.html"):
        (folder / os.fsdecode(name)).write_text(page)
    with Library.open(tmp_path / "library") as library:
        library._loaded = encoder
        report = library.add([folder, folder / NOT_UTF8])
        assert len(report.added) == 1
        assert ["not UTF-8" in failure.reason for failure in report.failed] == [True] * 3
        assert library.add(folder / os.fsdecode(b"d\xff")).failed
        assert [one.location for one in library.collections()] == [str(folder)]
    refused(lambda: Library.open(tmp_path / NOT_UTF8), "folder is", "not UTF-8; rename it")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"folder": None}, "folder is NoneType; it must be a path"),
        ({"folder": b"x"}, "folder is bytes, b'x'"),
        ({"folder": ""}, "folder is an empty str"),
        ({"folder": "a\0b"}, "'a\\x00b', with a NUL character"),
        ({"folder": "\ud800"}, "folder is '\\ud800'"),
        ({"folder": "a" * 300}, "of 300 bytes; give a shorter path"),
        ({"folder": "milvus://\ud800"}, "lone surrogate"),
        ({"folder": "ftp://x/y"}, "'ftp://x/y' is no address of a library"),
        ({"model": True}, "model is bool, True"),
        ({"dtype": ["float32"]}, "dtype is ['float32']; use one of auto, float32"),
        ({"device": HUGE}, "give a torch device"),
        ({"ranking": ["dense"]}, "ranking is ['dense']; use one of full"),
    ],
)
def test_opening_names_what_is_wrong(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    refused(lambda: Library.open(**{"folder": tmp_path / "new", **options}), said)
    assert list(tmp_path.iterdir()) == []


def test_what_a_browser_kept_is_looked_at(library: Library) -> None:
    kept = saved.record(library.ask("What do whales eat?"))
    assert saved.restored(kept, library.article).citations
    cut = {**kept["citations"][0], "cut_after": True}
    assert saved.restored({**kept, "citations": [cut]}, library.article).citations[0].cut_after
    citation, hit = kept["citations"][0], kept["hits"][0]
    for wrong, said in (
        ({"support": NAN}, "Answer.support is nan"),
        ({"support": "1"}, "Answer.support is '1'"),
        ({"found": "yes"}, "Answer.found is str, 'yes'"),
        ({"question": None}, "'question' is NoneType"),
        ({"kind": HUGE}, "use one of articles"),
        ({"citations": "abc"}, "'citations' is str"),
        ({"citations": [{**citation, "start": "0"}]}, "Citation.start is str"),
        ({"citations": [{**citation, "span": [1]}]}, "Citation.span is tuple, (1,)"),
        ({"citations": [{**citation, "cut_after": 1}]}, "Citation.cut_after is int"),
        ({"citations": [{**citation, "published": "2023-02-30"}]}, "'2023-02-30'"),
        ({"hits": [{**hit, "score": math.inf}]}, "Hit.score is inf"),
        ({"hits": [{**hit, "passage": {**hit["passage"], "start": -1}}]}, "the start of a kept passage is -1"),
        ({"differs": [7]}, "names citation 7"),
    ):
        refused(lambda wrong=wrong: saved.restored({**kept, **wrong}, library.article), "a kept answer", said)  # type: ignore[misc]
    gone = {**kept, "citations": [{**citation, "article_id": "\ud800"}]}
    assert saved.restored(gone, library.article).citations[0].url is None


def test_lines_of_feedback_that_are_none_are_passed_over(tmp_path: Path) -> None:
    good = {"id": "a", "question": "Who?", "verdict": "right", "article_ids": 5}
    lines = ["[" * 100_000, "1" * 5_000, '{"id": 3}', json.dumps(good)]
    (tmp_path / feedback.FILE).write_text("\n".join(lines), encoding="utf-8")
    assert [(each.question, each.article_id) for each in feedback.read(tmp_path)] == [("Who?", "")]
    feedback.keep(tmp_path, "Who \ud800?", Answer(**ANSWER), "wrong")  # type: ignore[arg-type]
    assert [each.question for each in feedback.read(tmp_path)] == ["Who \ufffd?", "Who?"]
    refused(lambda: questions.read_questions(tmp_path / feedback.FILE), "line 1: maximum recursion depth")


def test_folding_ten_thousand_passages_ends() -> None:
    """Compared with all before them, they would take minutes (tests/test_copies.py has texts that share phrases)."""
    texts = [" ".join(f"w{number}x{at}" for at in range(20)) for number in range(10_000)]
    made = [_candidate(number, text) for number, text in enumerate([*texts, texts[5]])]
    kept = fold_copies(made, 10_000)
    assert len(kept) == 10_000
    assert [copy.article_id for copy in kept[5].copies] == ["10000"]


def _candidate(number: int, text: str) -> Candidate:
    import numpy as np

    from embeddings.late import TokenVectors
    from qa.store import StoredPassage, Vectors

    tokens = TokenVectors(np.empty((0, 1), np.uint8), np.empty((0, 2), np.int16))
    stored = StoredPassage(
        number, Passage(str(number), 0, len(text), text), Vectors(np.zeros(1, np.float16), tokens.to_bytes())
    )
    return Candidate(stored, 1.0, 0.0, 0.0, 0.0, tokens)


# -- commands


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ask", ""), BAD_INPUT, "question is empty"),
        (("ask", "x", "--k", "0"), BAD_INPUT, "k is 0"),
        (("ask", "x", "--quotes", "21"), BAD_INPUT, "quotes is 21"),
        (("ask", "x", "--since", "2023-02-30"), BAD_INPUT, "--since is '2023-02-30'"),
        (("ask", "x", "--since", "9" * 90_000), BAD_INPUT, "--since is '9999"),
        (("ask", "x", "--author", NOT_UTF8), BAD_INPUT, "filter authors is '\\udcff'"),
        (("ask", "x", "--history", "none.json"), BAD_INPUT, "--history 'none.json' cannot be read"),
        (("ask", "x", "--history", "folder"), BAD_INPUT, "--history 'folder' cannot be read"),
        (("ask", "x", "--history", "deep.json"), BAD_INPUT, "--history 'deep.json' is not JSON"),
        (("ask", "x", "--history", "binary"), BAD_INPUT, "--history 'binary' is not JSON"),
        (("ask", "x", "--model", "a" * 5_000), UNUSABLE, "no model at 'aaa"),
        (("add", ""), BAD_INPUT, "source is an empty string"),
        (("add", "x", "--delay", "nan"), BAD_INPUT, "delay is nan"),
        (("remove", NOT_UTF8, "--yes"), BAD_INPUT, "no article has the id '\\udcff'"),
        (("remove", "a" * 5_000, "--yes"), BAD_INPUT, "no article has the id 'aaa"),
        (("sources", "--forget", NOT_UTF8), BAD_INPUT, "'\\udcff' is no collection"),
        (("backup", "folder"), BAD_INPUT, "folder is there already"),
        (("backup", "a" * 5_000), BAD_INPUT, "give a shorter path"),
        (("restore", "binary", "--library", "new"), BAD_INPUT, "binary is no backup"),
        (("restore", "folder", "--library", "new"), BAD_INPUT, "there is no file folder"),
        (("export", "folder"), BAD_INPUT, "folder is there already"),
        (("import", "none.jsonl"), BAD_INPUT, "none.jsonl cannot be read"),
        (("import", "folder"), BAD_INPUT, "folder cannot be read"),
        (("import", "a" * 5_000), BAD_INPUT, "give a shorter path"),
        (("verify", "folder"), BAD_INPUT, "the file of answers 'folder' cannot be read"),
        (("verify", "deep.json"), BAD_INPUT, "the file of answers 'deep.json' is not JSON"),
        (("verify", "binary"), BAD_INPUT, "the file of answers 'binary' is not JSON"),
        (("eval", "folder"), BAD_INPUT, "questions 'folder' cannot be read"),
        (("eval", "deep.json"), BAD_INPUT, "questions 'deep.json', line 1"),
        (("list", "--library", NOT_UTF8), BAD_INPUT, "folder is '\\udcff', whose name is not UTF-8"),
        (("list", "--library", "a" * 5_000), BAD_INPUT, "give a shorter path"),
        (("add", "x", "--library", "binary"), UNUSABLE, "binary is a file, or below one; give a folder"),
        (("list", "--library", "ftp://x"), BAD_INPUT, "'ftp://x' is no address"),
        (("serve", "--host", "a" * 500), BAD_INPUT, "give the name or address of this computer"),
        (("serve", "--host", "no host", "--port", "1"), BAD_INPUT, "Choose another host or port"),
    ],
)
def test_commands_say_what_is_wrong(
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARTICLE_QA_LIBRARY", str(library.folder))
    (tmp_path / "folder").mkdir()
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    assert main([*arguments, "--json"]) == code
    out, err = capsys.readouterr()
    message = json.loads(out)["error"]["message"]
    assert said in message
    assert err == f"article-qa: {message}\n"
    assert len(message) < LONGEST_MESSAGE
    assert main(arguments) == code
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("location", [NOT_UTF8, "a" * 5_000, "ftp://x"])
def test_the_library_of_the_environment_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], location: str
) -> None:
    monkeypatch.setenv("ARTICLE_QA_LIBRARY", location)
    assert main(["list"]) == BAD_INPUT
    assert capsys.readouterr().err.startswith("article-qa: ")


@pytest.mark.skipif(os.name == "nt", reason="arguments are UTF-16 there")
def test_bytes_on_the_command_line_are_no_traceback(library: Library, tmp_path: Path) -> None:
    for arguments, code in (
        ([b"ask", b"whales \xff"], (DONE, NO_ANSWER)),
        ([b"add", b"\xff.html"], (SOME_FAILED,)),
        ([b"serve", b"--host", b"\xff", b"--port", b"9"], (BAD_INPUT,)),
    ):
        command = [os.fsencode(sys.executable), b"-m", b"qa", *arguments, b"--library", os.fsencode(library.folder)]
        done = subprocess.run(command, capture_output=True, cwd=Path(__file__).parent.parent, check=False)
        assert done.returncode in code, done.stderr
        assert b"Traceback" not in done.stderr
        done.stdout.decode()  # UTF-8, whatever was given


# -- the app


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with _listener("127.0.0.1", 0) as probe:
        port = int(probe.getsockname()[1])
    with running(library, port=port) as url:
        yield url


@pytest.fixture(scope="module")
def kept(library: Library) -> dict[str, Any]:
    *_, view = asking(library, "What do whales eat?", Conversation(), words())
    return exchange_record(view.conversation.exchanges[0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((None,), "question is NoneType"),
        (("\0",), "question is empty"),
        ((["whales"],), "question is list, ['whales']"),
        (("whales", -1), "k is -1"),
        (("whales", True), "k is True"),
        (("whales", 2.5), "k is 2.5"),
        (("whales", 5, 0), "history is int, 0"),
        (("whales", 5, [1]), "history holds 1"),
        (("whales", 5, None, "x"), "filters is str, 'x'"),
        (("whales", 5, None, {"since": "2023-02-30"}), "filter since is '2023-02-30'"),
        (("whales", 5, None, {"authors": ["\ud800"]}), "lone surrogate"),
        (("whales", 5, None, {"authors": ["a"] * 5_000}), "has 5000 names"),
    ],
)
def test_the_api_says_what_is_wrong(address: str, arguments: tuple[Any, ...], said: str) -> None:
    for name, defaults in (("ask", [None, 5, None, None, 3]), ("retrieve", [None, 5, None, None])):
        data = {"data": [*arguments, *defaults[len(arguments) :]]}
        begun = httpx.post(
            f"{address}gradio_api/call/{name}", content=json.dumps(data), headers={"Content-Type": "application/json"}
        )
        told = httpx.get(f"{address}gradio_api/call/{name}/{begun.json()['event_id']}", timeout=60).text
        assert told.startswith("event: error\n")
        assert said in json.loads(told.partition("data: ")[2])["error"]


def test_the_api_answers_text_of_any_kind(address: str) -> None:
    assert Client(address, verbose=False).predict("\u202ewhales \0", api_name="/ask")["hits"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("article", 422),
        ("article?id=", 404),
        ("article?id=%00", 404),
        ("article?id=%ED%A0%80", 404),
        ("article?id=whales&start=abc", 422),
        ("article?id=whales&start=-5&end=99999999999999999999999", 200),
        ("export?format=md", 404),
        ("language/%0d%0aX", 303),
        ("?q=%ED%A0%80&since=2023-02-30&author=%00", 200),
    ],
)
def test_addresses_of_any_kind_are_answered(address: str, path: str, status: int) -> None:
    assert httpx.get(f"{address}{path}", timeout=60).status_code == status


@pytest.mark.parametrize("format_", ["md", "html", "bib", "json"])
def test_no_kept_conversation_breaks_the_server(address: str, kept: dict[str, Any], format_: str) -> None:
    answer = kept["answer"]
    (citation,) = answer["citations"]

    def posted(body: Any) -> tuple[int, str]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = httpx.post(f"{address}export?format={format_}", content=content, timeout=60)
        return response.status_code, response.text

    def conversation(**changed: Any) -> dict[str, Any]:
        return {"title": "t", "exchanges": [{**kept, **changed}]}

    assert posted(conversation())[0] == 200
    for body, said in (
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 200_000, "not JSON: maximum recursion depth"),
        (b"1" * 6_000, "not JSON"),
        ({"exchanges": "abc"}, "exchange 1 of a kept conversation has no question"),
        (conversation(answer={**answer, "support": NAN}), "Answer.support is nan"),
        (conversation(answer={**answer, "text": None}), "'text' is NoneType"),
        (conversation(answer={**answer, "citations": [{**citation, "number": -1}]}), "Citation.number is -1"),
        (conversation(answer={**answer, "hits": 3}), "'hits' is int"),
        (conversation(chosen=3), "kept filters cannot be read"),
    ):
        status, text = posted(body)
        assert (status, said in text) == (422, True), text
    half = {**citation, "title": "\ud800", "article_id": "\ud800"}
    for body in (
        conversation(question="\ud800 \0"),
        conversation(answer={**answer, "text": "\ud800", "citations": [half]}),
        {**conversation(), "title": "\ud800"},
    ):
        assert posted(body)[0] == 200
    if format_ in ("md", "html"):
        assert posted({**conversation(), "title": ["t"]}) == (422, "title is list, ['t']; it must be a str")
