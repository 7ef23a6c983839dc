"""What holds for any text and any course of changes: places, sameness, undoing, and a library against a dictionary."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from embeddings.encoder import Encoder
from qa import Answer, Article, Hit, InvalidInput, Library
from qa.split import split
from qa.store import StoredPassage

NO_SCORES = dict.fromkeys(("score", "dense", "lexical", "late", "named"), 0.0)
SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True, "print_blob": False}

# Pieces of which texts are drawn: prose, several scripts, marks that combine or turn the direction, odd white space,
# characters outside the basic plane, and what plain text is structured with.
_PIECES = (
    "The harbour was dug in 1911. ", "Who paid for it? ", "Dr. Li said: “No.” ", "El canal se abrió en 1869. ",
    "Гавань построили в 1911 году. ", "港は1911年に掘られた。", "حُفر الميناء عام ١٩١١. ", "\u202eright to left\u202c ",
    "\u200fנמל\u200e ", "e\u0301a\u0308 ", "🐋👩‍👩‍👧 ", "𝔄𝔟𝔠 ", "\u00a0\u2003\u3000", "\u2028", "\t", "\r\n", "\n",
    "\n\n", "\x0b\x0c\x85",
    "# Heading\n", "## Ünder it\n\n", "- an item\n", "1. first\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "> said\n",
    "x" * 400, "word " * 200, "\0", "\ufeff", "...", "!?", "http://example.org/a_b?c=d#e ", "<b>&amp;</b> ",
)  # fmt: skip
_CHARACTERS = st.characters(exclude_categories=["Cs"])
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(_CHARACTERS, max_size=30), min_size=1, max_size=25).map("".join)
_SHORT = st.lists(st.sampled_from(_PIECES) | st.text(_CHARACTERS, max_size=10), max_size=3).map("".join)

QUESTIONS = (
    "When was the harbour dug?", "harbour", "港はいつ掘られたか", "Which articles mention the harbour?",
    "How many articles do I have?",
)  # fmt: skip
BASE = [
    Article("a", "The harbour", "The harbour was dug in 1911. The town paid for it with a loan of nine years."),
    Article("b", "The pier", "The pier of the harbour burnt in 1923.\n\nIt was built again of iron.", published="1923"),
    Article("c", "港", "港は1911年に掘られた。町が費用を払った。", language="ja"),
    Article("d", "Bread", "- Knead the dough for ten minutes.\n- Bake it until it is brown.", published="2020-05"),
]


@pytest.fixture
def opened(encoder: Encoder, tmp_path: Path) -> Iterator[Callable[[], Library]]:
    """Opens empty libraries that share the loaded model."""
    libraries = []
    numbers = itertools.count()

    def new() -> Library:
        library = Library.open(tmp_path / f"library-{next(numbers)}")
        library._loaded = encoder
        libraries.append(library)
        return library

    yield new
    for library in libraries:
        library.close()


def stored(library: Library) -> list[StoredPassage]:
    """Every passage with its id, terms and vectors, in order of its id."""
    ids = [i for article in library.articles() for i in library._store.passage_ids_of(article.id)]
    found = library._store.stored_passages(ids)
    return [found[i] for i in sorted(found)]


def asked(library: Library) -> list[tuple[list[Hit], Answer]]:
    """All that is found and said."""
    return [(library.retrieve(question, k=50), library.ask(question)) for question in QUESTIONS]


def scores(hits: list[Hit]) -> list[tuple[float, ...]]:
    return [(hit.score, hit.dense, hit.lexical, hit.late, hit.named) for hit in hits]


# -- places


@given(text=_TEXTS, title=_SHORT, language=st.sampled_from([None, "en", "es", "ja", "ar", "xx"]))
@example(text="# Only a heading", title="", language=None)
@example(text="\u202e\u200f\u0301", title="\u0301", language=None)
@settings(max_examples=400, **SLOW)
def test_passages_and_sentences_stand_where_they_say(text: str, title: str, language: str | None) -> None:
    article = Article("a", title, text, language=language)
    before = 0
    for passage in split(article):
        assert before <= passage.start < passage.end <= len(text)
        assert text[passage.start : passage.end] == passage.text
        at = passage.start
        for start, end in passage.sentences:
            assert at <= start < end <= passage.end
            assert text[start:end] == text[start:end].strip() != ""
            at = end
        before = passage.end


@given(text=_TEXTS, question=_SHORT)
@settings(max_examples=12, **SLOW)
def test_citations_quote_to_the_letter(opened: Callable[[], Library], text: str, question: str) -> None:
    library = opened()
    library.add(Article("a", "A note", text))
    for each in (question, "When was the harbour dug?", text[:60]):
        if not each.replace("\0", " ").strip():
            continue
        answer = library.ask(each, found_from=0)
        for citation in answer.citations:
            assert text[citation.start : citation.end] == citation.quote
            if citation.span:
                assert citation.start <= citation.span[0] < citation.span[1] <= citation.end
        for hit in answer.hits:
            assert text[hit.passage.start : hit.passage.end] == hit.passage.text
    assert library.check() == []
    library.close()


# -- adding, and undoing it


@given(texts=st.lists(_TEXTS, min_size=1, max_size=3))
@settings(max_examples=4, **SLOW)
def test_adding_the_same_again_changes_nothing(opened: Callable[[], Library], texts: list[str]) -> None:
    articles = [*BASE, *(Article(f"drawn {number}", "Drawn", text) for number, text in enumerate(texts))]
    library = opened()
    first = library.add(articles)
    before = library.stamp, list(library.articles()), str(stored(library)), asked(library)
    again = library.add(articles)
    assert (again.added, again.replaced, again.skipped) == ((), (), first.added)
    assert again.failed == first.failed  # texts without a word
    assert (library.stamp, list(library.articles()), str(stored(library)), asked(library)) == before
    library.close()


@given(texts=st.lists(_TEXTS, min_size=1, max_size=3), changed=st.booleans())
@settings(max_examples=5, **SLOW)
def test_adding_and_removing_is_as_if_never_added(
    opened: Callable[[], Library], texts: list[str], changed: bool
) -> None:
    library = opened()
    library.add(BASE)
    before = counted(library), str(stored(library)), asked(library)
    added = library.add([Article(f"drawn {number}", "Drawn", text) for number, text in enumerate(texts)]).added
    for article_id in added:
        if changed:
            library.correct(article_id, {"title": "The harbour master", "authors": ["Ana Li"], "published": "2026"})
        library.remove(article_id)
    assert (counted(library), str(stored(library)), asked(library)) == before
    assert library.check() == []
    library.close()


def counted(library: Library) -> tuple[Any, ...]:
    """What the library knows in numbers and names."""
    store = library._store
    names = [store.names([article.id]) for article in library.articles()]
    terms = [store.passages_with_term([term]) for term in ("harbour", "dug", "1911", "drawn", "li")]
    named = store.search_names(["harbour", "drawn", "li"], ["title", "authors", "headings", "site"], 50)
    counts = len(library), library.passage_count, store.mean_terms, library.overview(), store.languages()
    return counts, names, terms, named, library.summaries()


@given(order=st.permutations([*BASE, replace(BASE[0], id="z"), replace(BASE[1], id="0"), replace(BASE[3], id="00")]))
@settings(max_examples=4, **SLOW)
def test_the_order_of_adding_does_not_change_the_answers(opened: Callable[[], Library], order: list[Article]) -> None:
    """Three of them stand there twice: equal scores are ordered by the articles' ids."""
    one, other = opened(), opened()
    one.add(sorted(order, key=lambda article: article.id))
    for article in order:
        other.add(article)
    for question in QUESTIONS:
        first, second = one.retrieve(question, k=50), other.retrieve(question, k=50)
        assert [replace(hit, **NO_SCORES) for hit in first] == [replace(hit, **NO_SCORES) for hit in second]
        # The same text is encoded a little otherwise beside other texts.
        assert np.allclose(scores(first), scores(second), rtol=0, atol=1e-5)
        told, again = one.ask(question), other.ask(question)
        assert (told.text, told.citations, told.said_by) == (again.text, again.citations, again.said_by)
        assert told.support == pytest.approx(again.support, abs=1e-4)
    one.close()
    other.close()


# -- a library against a dictionary


@dataclass(frozen=True)
class Told:
    """What an article's source says, and the title that was put in place of its own, if any."""

    title: str
    text: str
    corrected: str | None = None


def word(slot: object, version: int) -> str:
    """A word that only one version of one article has."""
    return f"zor{slot}quax{'abcdefghij'[version]}"


def text_of(slot: object, version: int) -> str:
    return (
        f"The keeper wrote {word(slot, version)} into his book on the first evening of the year. "
        f"Nobody knew in those days what it was to mean, and he never told the town of it.\n\n"
        f"The pilots of the port were told of it in the spring, when the ice had gone from the mole."
    )


SLOTS = st.integers(0, 3)
VERSIONS = st.integers(0, 9)


class AgainstADictionary(RuleBasedStateMachine):
    """Articles made by code ("code 0" …) and files of a followed folder, changed in every way that there is."""

    encoder: Encoder

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="qa-model-")).resolve()
        self.folder = self.place / "pages"
        self.folder.mkdir()
        self.library = self._open(self.place / "library")
        self.articles: dict[str, Told] = {}
        self.files: dict[int, int] = {}  # slot -> version
        self.ids: dict[int, str] = {}  # of the articles that files have become
        self.unwanted: set[int] = set()  # files whose article was removed
        self.put_away: list[tuple[Any, str, Told]] = []
        self.backups = itertools.count()

    def _open(self, folder: Path) -> Library:
        library = Library.open(folder)
        library._loaded = self.encoder
        return library

    def teardown(self) -> None:
        self.library.close()
        shutil.rmtree(self.place)

    def _known(self, number: int) -> str:
        return sorted(self.articles)[number % len(self.articles)]

    def _told(self, article_id: str, title: str, text: str) -> str:
        """What becomes of a source that is read: as `add` reports it."""
        old = self.articles.get(article_id)
        self.articles[article_id] = Told(title, text, old.corrected if old else None)
        return "added" if old is None else "skipped" if (old.title, old.text) == (title, text) else "replaced"

    @initialize()
    def follow_the_folder(self) -> None:
        assert self.library.add(self.folder).failed == ()

    @rule(slot=SLOTS, version=VERSIONS)
    def add(self, slot: int, version: int) -> None:
        article_id, title, text = f"code {slot}", f"Code {slot}", text_of(slot, version)
        stamp = self.library.stamp
        report = self.library.add(Article(article_id, title, text))
        outcome = self._told(article_id, title, text)
        assert getattr(report, outcome) == (article_id,)
        assert (self.library.stamp == stamp) == (outcome == "skipped")

    @rule(slot=SLOTS, version=VERSIONS)
    def write_a_file(self, slot: int, version: int) -> None:
        body = "".join(f"<p>{part}</p>" for part in text_of(f"f{slot}", version).split("\n\n"))
        page = f"<title>File {slot}</title><body><article><h1>File {slot}</h1>{body}</article></body>"
        (self.folder / f"{slot}.html").write_text(page, encoding="utf-8")
        self.files[slot] = version

    @precondition(lambda self: self.files)
    @rule(number=SLOTS)
    def delete_a_file(self, number: int) -> None:
        slot = sorted(self.files)[number % len(self.files)]
        (self.folder / f"{slot}.html").unlink()
        del self.files[slot]

    def _read_files(self, slots: list[int], report: Any) -> None:
        where = {str(self.folder / f"{slot}.html"): slot for slot in slots}
        for article in self.library.articles():
            if article.source in where:
                self.ids[where[article.source]] = article.id
        for slot in slots:
            told = self._told(self.ids[slot], f"File {slot}", text_of(f"f{slot}", self.files[slot]))
            assert self.ids[slot] in getattr(report, told)

    @rule()
    def sync(self) -> None:
        report = self.library.sync()
        gone = {self.ids[slot] for slot in self.ids if slot not in self.files} & set(self.articles)
        assert set(report.removed) == gone
        for article_id in gone:
            del self.articles[article_id]
        self.unwanted &= set(self.files)  # another file of that name is another article
        self._read_files(sorted(set(self.files) - self.unwanted), report)
        assert report.failed == ()

    @rule()
    def add_the_folder(self) -> None:
        self.unwanted -= set(self.files)
        self._read_files(sorted(self.files), self.library.add(self.folder))

    @precondition(lambda self: self.articles)
    @rule(number=SLOTS)
    def remove(self, number: int) -> None:
        article_id = self._known(number)
        self.put_away.append((self.library.remove(article_id), article_id, self.articles.pop(article_id)))
        self.unwanted |= {slot for slot, each in self.ids.items() if each == article_id}

    @precondition(lambda self: self.put_away)
    @rule()
    def restore(self) -> None:
        removed, article_id, told = self.put_away.pop()
        if article_id in self.articles:
            stamp = self.library.stamp
            with pytest.raises(InvalidInput, match="is in the library again"):
                self.library.restore(removed)
            assert self.library.stamp == stamp
            return
        self.library.restore(removed)
        self.articles[article_id] = told
        self.unwanted -= {slot for slot, each in self.ids.items() if each == article_id}

    @precondition(lambda self: self.articles)
    @rule(number=SLOTS, title=st.sampled_from(["By hand", "Otherwise"]))
    def correct(self, number: int, title: str) -> None:
        article_id = self._known(number)
        assert self.library.correct(article_id, {"title": title}).title == title
        self.articles[article_id] = replace(self.articles[article_id], corrected=title)

    @precondition(lambda self: self.articles)
    @rule(number=SLOTS)
    def uncorrect(self, number: int) -> None:
        article_id = self._known(number)
        told = self.articles[article_id] = replace(self.articles[article_id], corrected=None)
        assert self.library.uncorrect(article_id).title == told.title

    @rule(how=st.sampled_from(["reopened", "reopened", "reindexed", "from a backup"]))
    def begin_again(self, how: str) -> None:
        home = self.place / "library"
        if how == "reindexed":
            assert self.library.reindex()
        elif how == "from a backup":
            file = self.place / f"backup-{next(self.backups)}"
            assert self.library.back_up(file)
        self.library.close()
        if how == "from a backup":
            shutil.rmtree(home)
            Library.from_backup(file, home).close()
        self.library = self._open(home)

    @invariant()
    def it_holds_what_the_dictionary_holds(self) -> None:
        found = {article.id: (article.title, article.text) for article in self.library.articles()}
        assert found == {key: (told.corrected or told.title, told.text) for key, told in self.articles.items()}
        passages = {key: self.library.passages(key) for key in found}
        for key, own in passages.items():
            assert [found[key][1][one.start : one.end] for one in own] == [one.text for one in own]
        assert self.library.passage_count == sum(map(len, passages.values()))
        assert len(self.library) == len(found) == sum(self.library.overview().years.values())
        assert {each.id: each.passages for each in self.library.summaries()} == {k: len(v) for k, v in passages.items()}
        assert {key for key in found if self.library.corrected(key)} == {
            key for key, told in self.articles.items() if told.corrected
        }
        assert self.library.check() == []

    @invariant()
    def each_article_is_found_by_its_own_word(self) -> None:
        for key, told in itertools.islice(self.articles.items(), 2):
            own = told.text.split()[3]
            best = self.library.retrieve(f"What is {own}?", k=1)
            assert [(hit.article.id, own in hit.passage.text) for hit in best] == [(key, True)]
        words = {told.text.split()[3] for told in self.articles.values()}
        for _, _, told in self.put_away[-1:]:
            if (own := told.text.split()[3]) not in words:
                assert self.library._store.passages_with_term([own]) == {}


def test_a_library_does_what_a_dictionary_does(encoder: Encoder) -> None:
    AgainstADictionary.encoder = encoder
    run_state_machine_as_test(AgainstADictionary, settings=settings(max_examples=10, stateful_step_count=20, **SLOW))
