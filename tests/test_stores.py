"""What every store has to do, whatever it keeps a library in: the contract of qa/store.py, by values.

A further store is one more name in STORES and one more case in `place`. The servers: tests/milvus_servers.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import milvus_servers
import numpy as np
import pytest

from qa import (
    Article,
    Block,
    Filters,
    InvalidInput,
    Library,
    LibraryClosed,
    LibraryError,
    UnknownArticle,
    lexical,
    postings,
)
from qa.milvus import open_milvus
from qa.split import split
from qa.sqlite import SqliteStore
from qa.store import EncodedPassage, Names, Store, Vectors
from qa.types import Removed, Validators

STORES = ["sqlite", "milvus-lite", "milvus"]
DIMENSION = 16
_REQUIRED = "ARTICLE_QA_REQUIRE_MILVUS"  # set where a server that is not there is a failure


@pytest.fixture(scope="session", params=STORES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the engine, started; "" where none is needed."""
    if request.param == "sqlite":
        yield ""
        return
    running = milvus_servers.running(request.param, tmp_path_factory.mktemp(request.param))
    try:
        address = running.__enter__()
    except milvus_servers.Unavailable as error:
        if os.environ.get(_REQUIRED):
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield address
    running.__exit__(None, None, None)


@pytest.fixture
def place(server: str, tmp_path: Path) -> str:
    """Where an empty library is: what `opened` opens."""
    if not server:
        return str(tmp_path / "library.sqlite")
    url = f"milvus://{server}/contract"
    milvus_servers.empty(url)
    return url


def opened(place: str) -> Store:
    return open_milvus(place) if place.startswith("milvus://") else SqliteStore(Path(place))


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    one = opened(place)
    yield one
    one.close()


def vector_of(text: str) -> np.ndarray:
    """A unit vector, float16, that only this text has."""
    drawn = np.random.default_rng(list(text.encode())).normal(size=DIMENSION)
    return (drawn / np.linalg.norm(drawn)).astype(np.float16)


def encoded(article: Article) -> list[EncodedPassage]:
    result = []
    for passage in split(article):
        key = hashlib.sha256(passage.text.encode()).digest()[:16]
        result.append(EncodedPassage(passage, key, Vectors(vector_of(passage.text), key * 3)))
    return result


def text_hash(article: Article) -> str:
    return hashlib.sha256(article.text.encode()).hexdigest()


def put(store: Store, *articles: Article) -> None:
    with store.write():
        for article in articles:
            fingerprint = text_hash(article) + article.title
            store.put(article, fingerprint=fingerprint, text_hash=text_hash(article), passages=encoded(article))


def found(store: Store, words: str, filters: Filters | None = None) -> set[str]:
    """The articles of the passages that hold any of these words."""
    rows = store.search_terms(lexical.terms(words, "en"), 50, filters or Filters())
    return {one.passage.article_id for one in store.stored_passages([each for each, _ in rows]).values()}


def brute_counts(store: Store) -> dict[str, int]:
    """In how many passages each term stands, from the passages themselves."""
    counts: dict[str, int] = {}
    ids = [each for article in store.articles() for each in store.passage_ids_of(article.id)]
    for one in store.stored_passages(ids).values():
        for term in set(one.terms.split()):
            counts[term] = counts.get(term, 0) + 1
    return counts


def check_whole(store: Store) -> None:
    """Every article that is there is there whole, and what is counted is what is there."""
    with store.snapshot():
        _check_whole(store)


def _check_whole(store: Store) -> None:
    articles = list(store.articles())
    assert len(articles) == len(store)
    for article in articles:
        assert store.passages(article.id) == split(article)
    assert store.passage_count == sum(len(split(article)) for article in articles)
    counts = brute_counts(store)
    assert store.passages_with_term([*counts, "nowhere"]) == counts
    total = sum(len(one.split()) for article in articles for one in words_of(article))
    assert store.mean_terms == pytest.approx(total / max(1, store.passage_count))


def words_of(article: Article) -> list[str]:
    return [
        " ".join(
            lexical.terms((f"{article.text[slice(*p.outside)]}\n" if p.outside else "") + p.text, article.language)
        )
        for p in split(article)
    ]


WHALES = Article("whales", "Whales", "# Size\n\nBlue whales are large.\n\n# Food\n\nThey eat krill.", language="en")
CABLES = Article("cables", "Cables", "Cables lie on the sea floor. Whales pass.", language="en", source="/c.html")
TIDES = Article("tides", "Tides", "The sea rises twice a day.", language="en")
ODD = Article(
    "ä/1 \"quoted\" \\ 100% '_' \x07 😀",
    'Títle “quoted” \\" or 1 == 1',
    'Odd \x01 text\r\n\r\n\twith  spaces\\ and "quotes" and 100%. And a line. 😀 שלום עולם.\n\nمرحبا بالعالم هنا.',
    url="https://example.org/ä?a=\"b\"&c='d'",
    authors=("Ana Li", 'Bo, "Jr." O\'Hara'),
    published="2023-02",
    site="Example",
    language="en",
    blocks=(Block("heading", 0, 3, 2), Block("row", 4, 10, 1)),
    source="/some/file.html",
    date_source="meta",
    pages=(0, 4),
    flags=("paywall",),
)


# -- articles


def test_articles_come_back_as_they_were_given(store: Store) -> None:
    put(store, ODD, WHALES)
    assert store.article(ODD.id) == ODD
    assert list(store.articles()) == [ODD, WHALES]
    assert len(store) == 2
    assert store.articles_by_id(["whales", "none", "whales"]) == {"whales": WHALES}
    assert store.passages("whales") == split(WHALES)
    assert store.passages(ODD.id) == split(ODD)
    assert store.passages("none") == []
    assert store.passage_ids_of("none") == []
    with pytest.raises(UnknownArticle, match="no article has the id 'none'"):
        store.article("none")


def test_stored_passages_have_what_was_put(store: Store) -> None:
    put(store, ODD, WHALES)
    ids = store.passage_ids_of(ODD.id)
    stored = store.stored_passages([*ids, 12345])
    assert list(stored) == ids
    for one, given, words in zip(stored.values(), encoded(ODD), words_of(ODD), strict=True):
        assert one.passage == given.passage
        assert one.vectors.vector.dtype == np.float16
        assert one.vectors.vector.tobytes() == given.vectors.vector.tobytes()
        assert one.vectors.tokens == given.vectors.tokens
        assert one.terms == words


@pytest.mark.parametrize("letters", ["ab", "ä😀"])
def test_long_articles(store: Store, letters: str) -> None:
    """Longer than any field of an engine: text, headings, facts, one passage, its terms, its token vectors."""
    words = [f"{letters}{i} word." for i in range(200_000 // 14)]
    text = "\n\n".join(f"# Heading {i} {letters * 8}\n\n{' '.join(words[i::400])}" for i in range(400))
    assert len(text) > 200_000
    article = Article("long", "L" * 70_000, text, authors=tuple(f"Author {letters} {i}" for i in range(6_000)))
    big = Article("big", "Big", "x" + " wörter" * 30_000)
    whole = split(big)[0]
    passage = replace(whole, start=0, end=len(big.text), text=big.text, sentences=((0, len(big.text)),), leads=())
    tokens = bytes(range(256)) * 400
    put(store, article, TIDES)
    store.put(
        big,
        fingerprint="f",
        text_hash="t",
        passages=[EncodedPassage(passage, b"k" * 16, Vectors(vector_of("big"), tokens))],
    )
    assert store.article("long") == article
    assert store.passages("long") == split(article)
    assert store.summaries_of(["long"])["long"].authors == article.authors
    assert store.fingerprint("long") == text_hash(article) + article.title
    assert store.passages_with_term(["head"]) == {}
    assert store.names(["long"])["long"].headings[399][1] == "399"
    (stored,) = store.stored_passages(store.passage_ids_of("big")).values()
    assert stored.passage == passage
    assert stored.vectors.tokens == tokens
    assert stored.terms.split() == lexical.terms(big.text)
    assert store.article("big") == big


def test_a_new_version_takes_the_place_of_the_old(store: Store) -> None:
    put(store, WHALES, CABLES)
    before = store.passage_ids_of("whales")
    changed = replace(WHALES, text="Whales sing long songs.", title="Songs")
    put(store, changed)
    assert list(store.articles()) == [changed, CABLES]  # in its place
    assert store.passages("whales") == split(changed)
    assert store.passage_count == 2
    assert not set(before) & set(store.passage_ids_of("whales"))
    assert store.stored_passages(before) == {}
    assert (found(store, "krill"), found(store, "songs")) == (set(), {"whales"})
    assert store.passages_with_term(["krill", "whale"]) == {"whale": 2}
    assert store.fingerprint("whales") == text_hash(changed) + "Songs"
    check_whole(store)


def test_ids_are_never_used_again(store: Store) -> None:
    seen: set[int] = set()
    for _ in range(3):
        put(store, WHALES)
        ids = store.passage_ids_of("whales")
        assert len(set(ids)) == 2
        assert not seen & set(ids)
        seen |= set(ids)
        store.remove("whales")
    assert store.stored_passages(sorted(seen)) == {}


def test_replaced_passages(store: Store) -> None:
    put(store, WHALES, CABLES)
    before = store.passage_ids_of("whales")
    other = [replace(one, vectors=Vectors(vector_of("other"), b"other")) for one in encoded(WHALES)]
    store.replace_passages("whales", other)
    after = store.passage_ids_of("whales")
    assert not set(before) & set(after)
    assert {one.vectors.tokens for one in store.stored_passages(after).values()} == {b"other"}
    assert (store.article("whales"), store.passage_count) == (WHALES, 3)
    assert [article.id for article in store.articles()] == ["whales", "cables"]
    with pytest.raises(UnknownArticle):
        store.replace_passages("none", other)


def test_removed_and_put_back(store: Store) -> None:
    put(store, WHALES, CABLES, TIDES)
    with store.write():
        store.place("/c.html", "cables", Validators("e", "m"))
        store.place("/d.html", "cables")
        store.place("/w.html", "whales")
    removed = store.as_removed("cables")
    assert removed == Removed(
        CABLES,
        removed.position,
        text_hash(CABLES) + "Cables",
        text_hash(CABLES),
        {},
        (("/c.html", Validators("e", "m")), ("/d.html", Validators())),
    )
    store.remove("cables", for_good=True)
    assert [article.id for article in store.articles()] == ["whales", "tides"]
    assert (store.passages("cables"), store.passage_count, len(store)) == ([], 3, 2)
    assert found(store, "floor") == set()
    assert store.near(vector_of("x").astype(np.float32), 10, Filters(article_ids=("cables",))) == []
    assert store.removed_locations() == ["/c.html", "/d.html"]
    assert (store.is_removed("/c.html"), store.is_removed("/w.html")) == (True, False)
    assert store.article_at("/c.html") is None
    for call in (store.remove, store.as_removed, store.article):
        with pytest.raises(UnknownArticle):
            call("cables")
    store.put(
        CABLES,
        fingerprint=removed.fingerprint,
        text_hash=removed.text_hash,
        passages=encoded(CABLES),
        position=removed.position,
    )
    assert [article.id for article in store.articles()] == ["whales", "cables", "tides"]
    store.place("/c.html", "cables")
    store.forget_removal("/d.html")
    assert store.removed_locations() == []
    # Its place is taken: another goes to the end.
    other = replace(CABLES, id="other")
    store.put(other, fingerprint="f", text_hash="t", passages=encoded(other), position=removed.position)
    assert [article.id for article in store.articles()] == ["whales", "cables", "tides", "other"]
    store.remove("whales")
    assert store.removed_locations() == []
    check_whole(store)


def test_what_was_corrected(store: Store) -> None:
    said = {"title": 'Old "title"', "authors": ["A", "B"], "date_source": None}
    store.put(WHALES, fingerprint="f", text_hash="t", passages=encoded(WHALES), corrected=said)
    assert store.corrected("whales") == said
    assert store.as_removed("whales").corrected == said
    store.replace_passages("whales", encoded(WHALES))
    assert (store.corrected("whales"), store.fingerprint("whales")) == (said, "f")
    put(store, WHALES)
    assert (store.corrected("whales"), store.corrected("none"), store.fingerprint("none")) == ({}, {}, None)


def test_the_article_that_has_a_text(store: Store) -> None:
    by_code, first, second = (
        Article(name, "Same", "The same text.", source=source)
        for name, source in (("code", None), ("first", "/1"), ("second", "/2"))
    )
    put(store, by_code, first, second)
    assert store.article_with_text(text_hash(first)) == "first"
    store.remove("first")
    assert store.article_with_text(text_hash(first)) == "second"
    assert store.article_with_text("no such hash' or 1 == 1") is None


# -- what is known of the library


def test_notes_and_stamp(store: Store, place: str) -> None:
    first = store.stamp
    assert store.meta("key") is None
    store.set_meta("key", "välue \"x\" 'y' \\ %")
    assert store.meta("key") == "välue \"x\" 'y' \\ %"
    assert store.stamp == store.stamp
    put(store, WHALES)
    second = store.stamp
    with store.write():
        store.set_meta("key", "2")
        with store.write():
            store.set_meta("other", "3")
    assert len({first, second, store.stamp}) == 3
    other = opened(place)
    assert (other.meta("key"), other.meta("other"), other.stamp) == ("2", "3", store.stamp)
    other.close()


def test_folder_and_closing(store: Store, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    if place.startswith("milvus://"):
        host, port = place.removeprefix("milvus://").removesuffix("/contract").split(":")
        assert store.folder == tmp_path / "state" / "article-qa" / "milvus" / f"{host}-{port}" / "contract"
    else:
        assert store.folder == Path(place).parent
    store.checkpoint()
    store.close()
    store.close()
    for call in (
        lambda: store.meta("key"),
        lambda: len(store),
        lambda: store.article("x"),
        lambda: store.near(vector_of("x").astype(np.float32), 1, Filters()),
        lambda: put(store, WHALES),
    ):
        with pytest.raises(LibraryClosed, match="closed"):
            call()


def test_a_library_that_is_there_is_opened_and_no_other(place: str) -> None:
    opened(place).close()
    if place.startswith("milvus://"):
        open_milvus(place, create=False).close()
        with pytest.raises(LibraryError, match=r"milvus://.*/none holds no library"):
            open_milvus(f"{place.rpartition('/')[0]}/none", create=False)


# -- where articles came from


def test_locations(store: Store) -> None:
    put(store, WHALES, CABLES)
    odd = "https://example.org/a?q=\"x\"&y='z'%20\\ü"
    with store.write():
        store.place("/w.html", "whales", Validators('"etag"', "Mon, 01 Jan 2024"))
        store.place(odd, "whales")
        store.place("/c.html", "cables")
    assert store.article_at(odd) == "whales"
    assert store.article_at("/none") is None
    assert sorted(store.locations()) == sorted([("/w.html", "whales"), (odd, "whales"), ("/c.html", "cables")])
    assert store.locations("whales") == [("/w.html", "whales"), (odd, "whales")]
    assert store.validators("/w.html") == Validators('"etag"', "Mon, 01 Jan 2024")
    assert store.validators(odd) == Validators()
    assert store.validators("/none") is None
    store.place("/c.html", "whales", Validators("new"))
    assert (store.article_at("/c.html"), store.validators("/c.html")) == ("whales", Validators("new"))
    assert store.locations("cables") == []
    store.forget_location(odd)
    assert store.article_at(odd) is None
    store.place_alias("http://a", "/w.html")
    store.place_alias("http://b", "/w.html")
    store.place_alias("http://c", "/c.html")
    store.move("/w.html", "/moved.html")
    assert (store.article_at("/w.html"), store.article_at("/moved.html")) == (None, "whales")
    assert store.validators("/moved.html") == Validators()
    aliases = [store.alias(address) for address in ("http://a", "http://b", "/w.html", "http://c", "http://none")]
    assert aliases == ["/moved.html", "/moved.html", "/moved.html", "/c.html", None]
    store.remove("whales")
    assert store.locations() == []


def test_collections(store: Store) -> None:
    store.remember("https://b.org/feed", "feed", given=False)
    store.remember("/folder", "folder", given=True)
    assert store.collections() == [("/folder", "folder")]
    store.remember("https://b.org/feed", "atom", given=True)
    store.remember("https://b.org/feed", "atom", given=False)
    assert store.collections() == [("/folder", "folder"), ("https://b.org/feed", "atom")]
    store.set_version("https://b.org/feed", "https://b.org/found", Validators("e", "m"))
    store.set_version("/unknown", "/x", Validators("e"))
    assert store.validators("https://b.org/found") is None
    assert store.validators("https://b.org/found", collections=True) == Validators("e", "m")
    assert store.validators("/x", collections=True) is None
    store.remember("https://b.org/feed", "rss", given=True)
    assert store.validators("https://b.org/found", collections=True) == Validators("e", "m")
    assert store.forget_collection("https://b.org/feed")
    assert not store.forget_collection("https://b.org/feed")
    assert store.collections() == [("/folder", "folder")]


# -- lists and filters

LISTED = (
    Article("a", "Zebra", "Text one.", authors=("Ana Líndqvist", "Bo"), published="2021-03-05", site="BBC News",
            language="en", url="https://www.bbc.co.uk/a"),
    Article("b", "éclair", "Text two.", authors=("Cem",), published="2021", site="Nature", language="de",
            url="https://nature.com/b?x=bbc.co.uk"),
    Article("c", "apple 100%", "Text three.", published="2022-04", language="EN"),
    Article("d", "Echo", "# One\n\nText four.\n\n# Two\n\nText five.", authors=("Bo",), site="bbc sport",
            url="http://bbc.co.uk/d"),
)  # fmt: skip


def test_lists(store: Store) -> None:
    assert (store.summaries(), store.counted("years"), store.languages()) == ([], {}, set())
    put(store, *LISTED)

    def listed(search: str = "", order: str = "added", descending: bool = False) -> str:
        total, page = store.browse(search, order=order, descending=descending, offset=0, limit=10)
        assert total == len(page)
        return "".join(each.id for each in page)

    summary = store.summaries()[3]
    assert (summary.id, summary.title, summary.passages, summary.authors) == ("d", "Echo", 2, ("Bo",))
    assert [each.id for each in store.summaries("BBC")] == ["a", "d"]
    assert [each.id for each in store.summaries("lindq")] == ["a"]
    assert [each.id for each in store.summaries("100%")] == ["c"]
    assert store.summaries_of(["d", "none", "b"]).keys() == {"d", "b"}
    assert (listed(), listed(descending=True), listed("bo")) == ("abcd", "dcba", "ad")
    assert (listed(order="title"), listed(order="title", descending=True)) == ("cdba", "abdc")
    assert (listed(order="author"), listed(order="author", descending=True)) == ("adbc", "bdac")
    assert (listed(order="date"), listed(order="date", descending=True)) == ("bacd", "cabd")
    assert (listed(order="site"), listed(order="site", descending=True)) == ("adbc", "bdac")
    assert (listed(order="passages"), listed(order="passages", descending=True)) == ("abcd", "dcba")
    assert store.browse("", order="added", descending=False, offset=1, limit=2) == (4, store.summaries()[1:3])
    assert store.counted("years") == {"": 1, "2021": 2, "2022": 1}
    assert list(store.counted("years")) == ["", "2021", "2022"]
    assert list(store.counted("authors").items()) == [("Bo", 2), ("Ana Líndqvist", 1), ("Cem", 1)]
    assert store.counted("sites") == {"": 1, "BBC News": 1, "Nature": 1, "bbc sport": 1}
    assert store.counted("languages") == {"": 1, "EN": 1, "de": 1, "en": 1}
    assert store.languages() == {"en", "EN", "de", None}
    assert store.languages_of(["a", "d", "none"]) == {"a": "en", "d": None}
    assert sorted(store.articles_at("bbc.co.uk")) == ["a", "d"]
    assert store.articles_at("co.bbc") == []


FILTERED = [
    (Filters(), "abcd"),
    (Filters(authors=("lindq",)), "a"),
    (Filters(authors=("LÍND", "bo")), "ad"),
    (Filters(authors=("ana lindqvist bo",)), "a"),
    (Filters(sites=("bbc",)), "ad"),
    (Filters(languages=("en",)), "ac"),
    (Filters(languages=("de", "fr")), "b"),
    (Filters(article_ids=("d", "a", "none", 'x" or 1 == 1')), "ad"),
    (Filters(since="2021-03"), "abc"),
    (Filters(since="2021-03-06"), "bc"),
    (Filters(since="2022"), "c"),
    (Filters(since="2022-05"), ""),
    (Filters(until="2021"), "ab"),
    (Filters(until="2021-02"), "b"),
    (Filters(until="2020"), ""),
    (Filters(since="2021-03", until="2021-03"), "ab"),
    (Filters(sites=("bbc",), authors=("bo",), since="2020"), "a"),
    (Filters(authors=('" or 1 == 1 or "',)), ""),
    (Filters(authors=("%",)), ""),
]


def test_filters(store: Store) -> None:
    put(store, *LISTED)
    everything = vector_of("x").astype(np.float32)
    with store.snapshot():
        for filters, ids in FILTERED:
            assert "".join(store.article_ids(filters)) == ids, filters
            near = store.stored_passages([each for each, _ in store.near(everything, 10, filters)])
            assert {one.passage.article_id for one in near.values()} == set(ids), filters
            assert len(near) == len(ids) + ("d" in ids), filters
            assert found(store, "text", filters) == set(ids), filters


# -- search


def many(count: int) -> list[Article]:
    """Articles of one to three passages each, of words that stand in few and in many of them."""
    drawn = np.random.default_rng(0)
    words = [f"word{i}" for i in range(200)]
    common = 1 / np.arange(1, 201)
    articles = []
    for i in range(count):
        parts = [
            f"# Part {j}\n\n{' '.join(drawn.choice(words, size=int(drawn.integers(5, 60)), p=common / common.sum()))}."
            for j in range(i % 3 + 1)
        ]
        articles.append(Article(f"m{i}", f"Title {i}", "\n\n".join(parts), language="en", site=f"site {i % 10}"))
    return articles


def test_near_is_the_nearest(store: Store) -> None:
    articles = many(150)
    put(store, *articles)
    with store.snapshot():
        ids = [each for article in articles for each in store.passage_ids_of(article.id)]
    owners = [article.id for article in articles for _ in split(article)]
    matrix = np.stack([store.stored_passages([each])[each].vectors.vector for each in ids[:5]])
    assert matrix.shape == (5, DIMENSION)
    matrix = np.stack([one.vectors.vector for article in articles for one in encoded(article)]).astype(np.float32)
    for question, filters, let in (
        ("one", Filters(), lambda owner: True),
        ("two", Filters(sites=("site 3",)), lambda owner: int(owner[1:]) % 10 == 3),
        ("three", Filters(article_ids=("m5", "m17")), lambda owner: owner in ("m5", "m17")),
    ):
        wanted = vector_of(question).astype(np.float32)
        scores = matrix @ wanted / np.linalg.norm(matrix, axis=1) / np.linalg.norm(wanted)
        order = [i for i in np.argsort(-scores) if let(owners[i])]
        for limit in (3, 20, 1_000):
            near = store.near(wanted, limit, filters)
            assert [each for each, _ in near] == [ids[i] for i in order[:limit]], (question, limit)
            assert [score for _, score in near] == pytest.approx([scores[i] for i in order[:limit]], abs=2e-3)
    assert store.near(np.ones(DIMENSION, np.float32) / 4, 10_000, Filters())


def test_best_by_terms(store: Store) -> None:
    """The order and the scores of BM25 over all passages, worked out here."""
    articles = many(150)
    put(store, *articles)
    with store.snapshot():
        ids = [each for article in articles for each in store.passage_ids_of(article.id)]
    words = [text.split() for article in articles for text in words_of(article)]
    lengths = np.array([len(one) for one in words], np.float32)
    owners = [article.id for article in articles for _ in split(article)]
    for terms in (["word7"], ["word3", "word50", "word199"], ["word90", "nowhere", "word91", "word120"], ["title"]):
        scores = np.zeros(len(words))
        for term in terms:
            often = np.array([one.count(term) for one in words], np.float32)
            weight = postings.weight(len(words), int((often > 0).sum()))
            scores += weight * postings.saturated(often, lengths, float(lengths.mean()))
        for filters, let in ((Filters(), ""), (Filters(article_ids=("m3", "m8", "m77", "m149")), "m3 m8 m77 m149")):
            fits = np.array([not let or owner in let.split() for owner in owners])
            expected = sorted((s for s in np.where(fits, scores, 0) if s > 0), reverse=True)
            best = store.search_terms(terms, 10, filters)
            assert [score for _, score in best] == pytest.approx(expected[:10], rel=1e-4), (terms, let)
            for passage_id, score in best:
                assert score == pytest.approx(scores[ids.index(passage_id)], rel=1e-4)
                assert fits[ids.index(passage_id)]
    assert store.search_terms([], 10, Filters()) == []


def test_counts_and_vocabulary(store: Store) -> None:
    assert (store.passage_count, store.mean_terms, store.passages_with_term(["whale"])) == (0, 0, {})
    assert (store.terms_from("w", 1, 9), store.search_terms(["whale"], 5, Filters()), store.sample_ids(5)) == (
        [],
        [],
        [],
    )
    assert store.near(vector_of("x").astype(np.float32), 5, Filters()) == []
    put(store, WHALES, CABLES, TIDES)
    assert store.passages_with_term(["whale", "sea", "krill", "none", "whale"]) == {"whale": 2, "sea": 2, "krill": 1}
    assert store.passages_with_term(['whale") or (id > 0', '"', "\\", "'", "%"]) == {}  # a term is no condition
    assert [store.terms_from(each, 1, 9) for each in ('w%"', "_", "w_a", "\\", "wh'")] == [[]] * 5
    assert store.mean_terms == pytest.approx((4 + 3 + 8 + 6) / 4)
    assert sorted(store.terms_from("wh", 1, 9)) == ["whale"]
    assert sorted(store.terms_from("l", 1, 9)) == ["larg", "lie"]
    assert (store.terms_from("l", 4, 9), store.terms_from("l", 1, 3)) == (["larg"], ["lie"])
    store.remove("whales")
    assert (sorted(store.terms_from("l", 1, 9)), store.terms_from("k", 1, 9)) == (["lie"], [])
    assert store.passages_with_term([*(f"x{i}" for i in range(300)), "whale", "krill"]) == {"whale": 1}
    check_whole(store)


def test_a_sample_is_of_passages_that_are_there(store: Store) -> None:
    put(store, *many(60))
    with store.snapshot():
        ids = {each for article in store.articles() for each in store.passage_ids_of(article.id)}
    assert (len(ids), set(store.sample_ids(1_000)), set(store.sample_ids(len(ids)))) == (120, ids, ids)
    some = store.sample_ids(40)
    assert set(some) <= ids
    assert 20 <= len(some) <= 40
    assert len({one.passage.article_id for one in store.stored_passages(some).values()}) > 15


def test_what_passages_hold(store: Store) -> None:
    put(store, WHALES, CABLES, TIDES)
    size, food = store.passage_ids_of("whales")
    (cables,) = store.passage_ids_of("cables")
    (tides,) = store.passage_ids_of("tides")
    hold = store.passages_holding
    assert hold([["blue", "whale"]], in_a_row=True) == {"whales": [size]}
    assert hold([["whale", "blue"]], in_a_row=True) == {}
    assert hold([["whale", "blue"]], in_a_row=False) == {"whales": [size]}
    assert hold([["whale"], ["krill"]], in_a_row=True) == {"whales": [size, food], "cables": [cables]}
    assert hold([["sea", "floor"], ["sea", "rise"]], in_a_row=True) == {"cables": [cables], "tides": [tides]}
    assert hold([["sea", "day"]], in_a_row=False) == {"tides": [tides]}
    assert hold([["lue", "whale"], ["nowher"], []], in_a_row=True) == {}


def test_what_articles_go_by(store: Store) -> None:
    songs = Article(
        "songs",
        "The songs of whales",
        "# Blue whales\n\n## At night\n\nThey sing.",
        authors=("Ana Líndqvist", "Bo Whale"),
        site="Sea Notes",
        published="2023-02-01",
        language="en",
    )
    put(store, WHALES, songs, CABLES)
    names = store.names(["songs", "none", "whales"])
    assert names["songs"] == Names(
        ("the", "song", "of", "whale"),
        (("blue", "whale"), ("at", "night")),
        (("ana", "lindqvist"), ("bo", "whale")),
        ("sea", "note"),
        "2023-02-01",
    )
    assert names["whales"] == Names(("whale",), (("size",), ("food",)), (), (), None)
    assert store.articles_named([["whale"]], in_a_row=True) == {"whales", "songs"}
    assert store.articles_named([["blue", "whale"], ["food"]], in_a_row=True) == {"whales", "songs"}
    assert store.articles_named([["whale", "blue"]], in_a_row=True) == set()
    assert store.articles_named([["night", "song"]], in_a_row=False) == {"songs"}
    assert store.articles_named([["lindqvist"], []], in_a_row=True) == set()
    search = store.search_names
    assert search(["whale"], ["title"], 5) == ["whales", "songs"]  # the shorter one first
    assert search(["whale"], ["authors"], -1) == ["songs"]
    assert search(["sea", "lindqvist"], ["authors", "site"], 5) == ["songs"]
    assert search(["whale", "cabl", "song"], ["title", "authors"], 2) == ["cables", "songs"]  # rare, then shorter
    assert search(["nobody"], ["title", "authors", "site", "headings"], 5) == []
    assert search([], ["title"], 5) == []


def test_vectors_known_by_their_text(store: Store) -> None:
    put(store, WHALES, CABLES, replace(CABLES, id="copy"))
    known = store.known_vectors([one.hash for one in encoded(WHALES)[:1] + encoded(CABLES)] + [b"?" * 16])
    assert known.keys() == {encoded(WHALES)[0].hash, encoded(CABLES)[0].hash}
    one = known[encoded(CABLES)[0].hash]
    assert one.vector.tobytes() == encoded(CABLES)[0].vectors.vector.tobytes()
    assert one.tokens == encoded(CABLES)[0].vectors.tokens
    pending = {bytes([i]) * 16: Vectors(vector_of(str(i)), bytes([i]) * 90_000) for i in range(3)}
    store.put_pending(pending)
    assert store.known_vectors([b"\0" * 16]) == {}
    back = store.known_vectors([b"\0" * 16, b"\1" * 16, b"\7" * 16], pending=True)
    assert {key: (value.vector.tobytes(), value.tokens) for key, value in back.items()} == {
        key: (pending[key].vector.tobytes(), pending[key].tokens) for key in (b"\0" * 16, b"\1" * 16)
    }
    store.clear_pending()
    assert store.known_vectors([b"\0" * 16], pending=True) == {}


# -- many at once


def test_who_reads_after_a_write_sees_it(store: Store, place: str) -> None:
    other = opened(place)
    for i in range(3):
        article = Article(f"n{i}", f"Number {i}", f"Unusual{i} things.", language="en", authors=(f"Author{i}",))
        put(store, article)
        with other.snapshot():
            assert other.article(article.id) == article
            assert other.passages(article.id) == split(article)
            assert len(other) == i + 1
            assert found(other, f"Unusual{i}") == {article.id}
            assert other.passages_with_term([f"unusual{i}"]) == {f"unusual{i}": 1}
            assert other.article_ids(Filters(authors=(f"author{i}",))) == [article.id]
            assert other.terms_from(f"unusual{i}", 1, 20) == [f"unusual{i}"]
            best = other.near(encoded(article)[0].vectors.vector.astype(np.float32), 1, Filters())
            assert [each for each, _ in best] == store.passage_ids_of(article.id)
    other.remove("n1")
    assert (len(store), found(store, "Unusual1"), store.passages("n1")) == (2, set(), [])
    other.close()


def test_a_thread_sees_what_it_wrote_before_the_write_is_over(store: Store) -> None:
    put(store, CABLES)
    with store.write():
        put(store, WHALES)
        store.place("/w.html", "whales")
        assert store.article("whales") == WHALES
        assert (store.article_at("/w.html"), store.locations("whales")) == ("whales", [("/w.html", "whales")])
        assert (found(store, "krill"), store.passage_count, len(store)) == ({"whales"}, 3, 2)
        store.remove("cables")
        assert (found(store, "floor"), len(store)) == (set(), 1)
        put(store, CABLES)
    assert [article.id for article in store.articles()] == ["whales", "cables"]
    check_whole(store)


def versions(count: int) -> list[Article]:
    """Versions of one article, each with passages of its own, and more of them than the one before."""
    return [
        Article(
            "v", f"Version {i}", "\n\n".join(f"# H{j}\n\nv{i}x{j} everywhere." for j in range(i + 1)), language="en"
        )
        for i in range(count)
    ]


def test_readers_see_one_version_or_the_other(store: Store, place: str) -> None:
    if getattr(getattr(store, "_engine", None), "is_double", False):
        pytest.skip("Milvus Lite takes a row away before it puts the new one: for a moment there is none")
    texts = versions(4)
    put(store, texts[0])
    over = threading.Event()

    def read() -> int:
        reader, looks = opened(place), 0
        try:
            while not over.is_set() or not looks:
                (article,) = reader.articles_by_id(["v"]).values()
                assert article in texts
                with reader.snapshot():
                    ids = [each for each, _ in reader.search_terms(["everywher"], 50, Filters())]
                    titles = {one.passage.text[:2] for one in reader.stored_passages(ids).values()}
                    assert len(titles) <= 1, titles  # of one version
                looks += 1
        finally:
            reader.close()
        return looks

    with ThreadPoolExecutor(2) as pool:
        looking = [pool.submit(read) for _ in range(2)]
        try:
            for i in range(8):
                put(store, texts[i % 4])
        finally:
            over.set()
        assert all(each.result() for each in looking)
    assert store.article("v") == texts[3]
    check_whole(store)


def test_threads_add_the_same_and_others(store: Store) -> None:
    shared = versions(3)

    def work(which: int) -> None:
        for i in range(3):
            put(
                store,
                shared[(which + i) % 3],
                Article(f"t{which}-{i}", "T", f"Thread{which} wrote {i}.", language="en"),
            )

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(work, which) for which in range(4)]:
            each.result()
    assert sorted(article.id for article in store.articles()) == [
        *sorted(f"t{which}-{i}" for which in range(4) for i in range(3)),
        "v",
    ]
    assert store.article("v") in shared
    check_whole(store)


WORKER = """
import json, os, signal, sys
import test_stores as t
place, task = sys.argv[1], json.loads(sys.argv[2])
store = t.opened(place)
print("ready", flush=True)
sys.stdin.readline()
if task["die"]:
    def die(*args, **options):
        os.kill(os.getpid(), signal.SIGKILL)
    module, name, method = task["die"]
    setattr(getattr(__import__(module, fromlist=[name]), name), method, die)
for which in task["versions"]:
    t.put(store, t.versions(8)[which], *(
        t.Article(f"p{task['name']}-{which}-{i}", "P", f"Process {task['name']} wrote {i}.", language="en")
        for i in range(task["others"])
    ))
print("done", flush=True)
store.close()
"""


def work(
    place: str, name: str, versions: Sequence[int], *, others: int = 0, die: object = None
) -> subprocess.Popen[str]:
    """A process that stores these versions of one article, and others with each, once it reads a line."""
    task = json.dumps({"name": name, "versions": list(versions), "others": others, "die": die})
    root = Path(__file__).resolve().parent
    path = os.pathsep.join([str(root.parent), str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, place, task],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> Callable[[], str]:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return lambda: process.communicate()[0]


def test_processes_add_the_same_and_others(store: Store, place: str) -> None:
    ends = [go(each) for each in [work(place, "a", [1, 2, 3], others=3), work(place, "b", [3, 2, 1], others=3)]]
    assert [end() for end in ends] == ["done\n", "done\n"]
    expected = {f"p{name}-{which}-{i}" for name in "ab" for which in (1, 2, 3) for i in range(3)} | {"v"}
    assert {article.id for article in store.articles()} == expected
    check_whole(store)
    leftover(store, place)


# Where a writer dies in the middle of a `put`: before and after its parts are there, and once they count.
DEATHS = {
    "sqlite": [("qa.sqlite", "SqliteStore", "_finish")],
    "milvus": [("qa.milvus_writing", "Writer", method) for method in ("_store_parts", "_publish", "_settle")],
}


def test_a_writer_that_is_killed_leaves_articles_whole(
    store: Store, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = versions(8)
    put(store, texts[2], CABLES)
    for die in DEATHS[place.partition("://")[0] if "://" in place else "sqlite"]:
        process = work(place, "x", [5], others=1, die=die)
        assert go(process)() == ""
        assert process.returncode == -9
        again = opened(place)  # who comes later, and who was there
        left = milvus_servers.passage_ids(place) if place.startswith("milvus://") else []
        for each in (again, store):
            counting = {one for article in each.articles() for one in each.passage_ids_of(article.id)}
            assert each.stored_passages(left).keys() == counting & set(left)
            assert each.article("v") in (texts[2], texts[5])
            assert each.passages("v") == split(each.article("v"))
            assert each.passages_with_term(["everywher"]) == {"everywher": len(split(each.article("v")))}
            assert len(each.search_terms(["everywher"], 50, Filters())) == len(split(each.article("v")))
        again.close()
    put(store, texts[3])
    assert store.article("v") == texts[3]
    check_whole(store)
    if place.startswith("milvus://"):
        monkeypatch.setattr("qa.milvus_writing._ABANDONED_SECONDS", -1.0)
    store.checkpoint()
    check_whole(store)
    leftover(store, place)


def leftover(store: Store, place: str) -> None:
    """Nothing is kept of versions that do not count."""
    if place.startswith("milvus://"):
        bodies, passages, marks = milvus_servers.kept(place)
        assert (bodies, passages, marks) == (len(store), store.passage_count, 0)


# -- questions

QUESTIONS = 10


def test_answers_are_the_same_in_every_store(place: str, example_folder: Path, examples: Path) -> None:
    questions = [json.loads(line)["question"] for line in (examples / "questions.jsonl").read_text().splitlines()]
    options = {"model": None, "dtype": "auto", "device": None, "settings": None}
    pages = sorted((examples / "articles").glob("*.html"))
    here = SqliteStore(example_folder / "library.sqlite")
    with Library(here, **options) as expected, Library(opened(place), **options) as library:
        library.add(pages[:3])
        copy_articles(here, library._store)
        assert len(library) == len(expected)
        assert library.passage_count == expected.passage_count
        for question in questions[:: len(questions) // QUESTIONS][:QUESTIONS]:
            hits, wanted = library.retrieve(question, k=3), expected.retrieve(question, k=3)
            assert [hit.passage for hit in hits] == [hit.passage for hit in wanted], question
            assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in wanted], abs=0.01), question
            answer, right = library.ask(question), expected.ask(question)
            assert (answer.found, answer.text) == (right.found, right.text), question
        again = library.add(pages)
        assert (len(again.skipped), again.added, again.replaced) == (len(library), (), ())


def copy_articles(here: Store, there: Store) -> None:
    """The articles that are not there yet, with the vectors that they have here."""
    known = {article.id for article in there.articles()}
    with there.write():
        for article in here.articles():
            if article.id not in known:
                stored = here.stored_passages(here.passage_ids_of(article.id)).values()
                removed = here.as_removed(article.id)
                there.put(
                    article,
                    fingerprint=removed.fingerprint,
                    text_hash=removed.text_hash,
                    passages=[EncodedPassage(one.passage, b"copied", one.vectors) for one in stored],
                )
                for location, validators in removed.locations:
                    there.place(location, article.id, validators)


# -- addresses and servers that are not there


def test_addresses() -> None:
    from qa.milvus_engine import Address

    assert Address.of("milvus://host/name") == Address("host", 19530, "name")
    assert Address.of("milvus://me:s%40crt@[::1]:1234/a_b?index=hnsw&shards=4&replicas=2") == Address(
        "::1", 1234, "a_b", "me", "s@crt", "hnsw", 4, 2
    )
    told = Address.of("milvus://me:secret@host/name")
    assert "secret" not in repr(told)
    assert told.place == "milvus://host:19530/name"
    for wrong in ("milvus://host", "milvus:///name", "http://host/name", "milvus://host:x/name", "milvus://h/n?shards=0",
                  "milvus://h/n?what=1", "milvus://h/a-b", "milvus://h/a/b", "milvus://h/n?shards=x",
                  "milvus://h/n?index=x", "milvus://h/n?index"):  # fmt: skip
        with pytest.raises(InvalidInput) as caught:
            Address.of(wrong.replace("://", "://me:secret@", 1))
        assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there() -> None:
    pytest.importorskip("pymilvus")
    with pytest.raises(LibraryError, match=r"the Milvus server at 127\.0\.0\.1:9 cannot be reached; see that"):
        open_milvus("milvus://127.0.0.1:9/name")


def test_without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(LibraryError, match=r"pip install 'article-qa\[milvus\]'"):
        open_milvus("milvus://127.0.0.1:9/name")
