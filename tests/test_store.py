"""The store on a real SQLite file: transactions, other processes, damage, and harmless search terms."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qa import Article, Block, Filters, LibraryBusy, LibraryClosed, LibraryError, UnknownArticle, lexical
from qa import database as store_module
from qa.schema import FORMAT
from qa.split import split
from qa.sqlite import SqliteStore
from qa.store import EncodedPassage, Store, Vectors
from qa.types import Validators


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = SqliteStore(tmp_path / "library.sqlite")
    yield opened
    opened.close()


def _encoded(article: Article) -> list[EncodedPassage]:
    result = []
    for passage in split(article):
        key = hashlib.sha256(passage.text.encode()).digest()[:16]
        vector = np.frombuffer(key * 2, np.uint8).astype(np.float16) / np.float16(255)
        result.append(EncodedPassage(passage, key, Vectors(vector, key * 3)))
    return result


def _put(store: Store, article: Article) -> Article:
    text_hash = hashlib.sha256(article.text.encode()).hexdigest()
    store.put(article, fingerprint=text_hash + article.title, text_hash=text_hash, passages=_encoded(article))
    return article


def _found(store: Store, words: str, filters: Filters | None = None) -> set[str]:
    rows = store.search_terms(lexical.question_terms(words, store.languages()), 50, filters or Filters())
    passages = store.stored_passages([passage_id for passage_id, _ in rows])
    return {stored.passage.article_id for stored in passages.values()}


WHALES = Article("whales", "Whales", "# Size\n\nBlue whales are large.\n\n# Food\n\nThey eat krill.", language="en")
CABLES = Article("cables", "Cables", "Cables lie on the sea floor.", language="en")


def test_an_article_comes_back_as_it_was_given(store: Store) -> None:
    article = Article(
        "ä/1",
        "Títle “quoted”",
        "Odd \x00 text\r\n\r\n\twith  spaces.\u2028And a line. 😀",
        url="https://example.org/ä",
        authors=("Ana Li", "Bo, Jr."),
        published="2023-02",
        site="Example",
        language="en",
        blocks=(Block("heading", 0, 3, 2), Block("row", 4, 10, 1)),
        source="/some/file.html",
    )
    _put(store, article)
    _put(store, WHALES)
    assert store.article("ä/1") == article
    assert list(store.articles()) == [article, WHALES]
    assert store.articles_by_id(["whales", "none", "whales"]) == {"whales": WHALES}
    assert store.passages("whales") == split(WHALES)
    with pytest.raises(UnknownArticle, match="no article has the id 'none'"):
        store.article("none")


def test_vectors_and_tokens_come_back_by_id(store: Store) -> None:
    _put(store, WHALES)
    ids = store.passage_ids_of("whales")
    encoded = _encoded(WHALES)
    stored = store.stored_passages(ids)
    for passage_id, one in zip(ids, encoded, strict=True):
        assert stored[passage_id].passage == one.passage
        assert np.array_equal(stored[passage_id].vectors.vector, one.vectors.vector)
        assert stored[passage_id].vectors.tokens == one.vectors.tokens
        assert stored[passage_id].terms == " ".join(lexical.terms(one.passage.text, "en"))
    known = store.known_vectors([encoded[0].hash, b"unknown"])
    assert list(known) == [encoded[0].hash]
    assert known[encoded[0].hash].tokens == encoded[0].vectors.tokens


def test_a_replaced_article_leaves_nothing_of_its_old_text(store: Store) -> None:
    _put(store, WHALES)
    old = set(store.passage_ids_of("whales"))
    store.place("/a", "whales")
    _put(store, Article("whales", "Sharks", "Sharks have no bones.", language="en"))
    assert len(store) == 1
    assert _found(store, "krill") == set()
    assert _found(store, "sharks") == {"whales"}
    assert not old & set(store.passage_ids_of("whales")), "a passage id was used again"
    assert store.article_at("/a") == "whales"


def test_removal_takes_passages_terms_and_locations_along(store: Store) -> None:
    _put(store, WHALES)
    _put(store, CABLES)
    store.place("/a", "whales")
    store.place("/b", "cables")
    assert _found(store, "krill sea") == {"whales", "cables"}
    store.remove("whales")
    assert _found(store, "krill sea whales") == {"cables"}
    assert store.passages_with_term(["krill", "sea"]) == {"sea": 1}
    assert store.locations() == [("/b", "cables")]
    assert store.passage_count == 1
    with pytest.raises(UnknownArticle, match="'whales'"):
        store.remove("whales")


def test_an_exception_inside_undoes_the_whole_transaction(store: Store) -> None:
    _put(store, WHALES)
    stamp = store.stamp

    class Stop(Exception):
        pass

    def change() -> None:
        with store.write():
            store.remove("whales")
            _put(store, CABLES)
            store.place("/b", "cables")
            store.set_meta("model", "other")
            assert len(store) == 1
            raise Stop

    with pytest.raises(Stop):
        change()
    assert [article.id for article in store.articles()] == ["whales"]
    assert _found(store, "krill sea") == {"whales"}
    assert store.locations() == []
    assert store.meta("model") is None
    assert store.stamp == stamp
    _put(store, CABLES)
    assert len(store) == 2
    assert store.stamp != stamp


def test_a_full_disk_undoes_the_transaction_and_says_so(store: Store) -> None:
    _put(store, WHALES)
    pages = store._database._writer.execute("PRAGMA page_count").fetchone()[0]
    store._database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(LibraryError, match="full"):
        _put(store, Article("big", "Big", "Many words about one thing. " * 20_000))
    store._database._writer.execute("PRAGMA max_page_count = 100000000")
    assert [article.id for article in store.articles()] == ["whales"]
    _put(store, CABLES)
    assert _found(store, "sea") == {"cables"}


def test_a_location_needs_its_article(store: Store) -> None:
    with pytest.raises(LibraryError):
        store.place("/nowhere", "none")
    assert store.locations() == []


@pytest.mark.parametrize(
    "question",
    ['a OR b', '"', '""', "NEAR(whales krill, 2)", "krill*", "body:krill", "^krill", "krill AND NOT", "(", "-krill",
     "{a b}:c", "'; DROP TABLE articles; --", "_ __", "\u0301", "+", "krill \x00", "％ＯＲ％", "क् ्"],
)  # fmt: skip
def test_nothing_in_a_question_is_query_syntax(store: Store, question: str) -> None:
    _put(store, WHALES)
    _put(store, CABLES)
    expected = {"whales"} if "krill" in question else set()
    assert _found(store, question) == expected
    assert len(store) == 2


def test_a_question_of_a_thousand_words_is_searched(store: Store) -> None:
    _put(store, WHALES)
    assert _found(store, " ".join(f"w{i}" for i in range(3000)) + " krill") == {"whales"}


def test_rarer_words_count_more(store: Store) -> None:
    for number in range(8):
        _put(store, Article(f"a{number}", "t", f"The ship number {number} sailed."))
    _put(store, Article("rare", "t", "The narwhal swam far."))
    rows = store.search_terms(["ship", "narwhal"], 3, Filters())
    best = store.stored_passages([rows[0][0]])[rows[0][0]]
    assert best.passage.article_id == "rare"
    assert [score for _, score in rows] == sorted((score for _, score in rows), reverse=True)
    assert rows[-1][1] > 0


def test_summaries_search_title_author_and_site(store: Store) -> None:
    _put(store, Article("1", "Ozone", "One two.", authors=("Mirela Stănescu",), site="Tidemark"))
    _put(store, Article("2", "Éruptions", "One two.", site="The Post"))
    assert [summary.id for summary in store.summaries()] == ["1", "2"]
    for search, ids in (
        ("STANESCU", ["1"]),
        ("eruption", ["2"]),
        ("tide", ["1"]),
        ("One two", []),
        ("%", []),
        (" post ", ["2"]),
    ):
        assert [summary.id for summary in store.summaries(search)] == ids, search
    assert store.summaries("ozone")[0].passages == 1
    assert store.summaries("ozone")[0].authors == ("Mirela Stănescu",)


def test_full_text_terms_are_rebuilt_when_their_form_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.sqlite"
    first = SqliteStore(path)
    _put(first, WHALES)
    first._database.run("UPDATE indexed SET terms = ''")
    first.close()
    monkeypatch.setattr(lexical, "VERSION", "another")
    second = SqliteStore(path)
    assert _found(second, "krill") == {"whales"}
    assert second.meta("lexical") == "another"
    second.close()


def test_a_rebuild_finds_the_language_that_was_not_given(tmp_path: Path) -> None:
    text = "Корабль чинил оборванный кабель у острова. Его нашли на дне моря через месяц."
    first = SqliteStore(tmp_path / "library.sqlite")
    _put(first, Article("ru", "Кабель", text))
    _put(first, Article("short", "Note", "Hm."))
    assert _found(first, "кабели") == set()  # stemmed as English, that is, not at all
    first.set_meta("lexical", "0")
    first.close()
    second = SqliteStore(tmp_path / "library.sqlite")
    assert second.languages_of(["ru", "short", "none"]) == {"ru": "ru", "short": None}
    assert _found(second, "кабели") == {"ru"}
    second.close()


def test_terms_are_listed_by_their_beginning_and_length(store: Store) -> None:
    _put(store, CABLES)
    assert sorted(store.terms_from("", 1, 3)) == ["lie", "on", "sea", "the"]
    assert store.terms_from("ca", 4, 4) == ["cabl"]
    assert store.terms_from("ca", 5, 9) == store.terms_from("x", 1, 9) == []


# -- other processes

_WRITER = """
import sys
import threading
from pathlib import Path
from qa.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
with store.write():
    store.set_meta("note", "uncommitted")
    store.remove("whales")
    print("inside", flush=True)
    sys.stdin.readline()
print("done", flush=True)
"""


@pytest.fixture
def writer(store: Store) -> Iterator[subprocess.Popen[str]]:
    """Another process that is inside a transaction in which it has removed the article."""
    _put(store, WHALES)
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(store.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    yield process
    process.kill()
    process.communicate()


def test_readers_see_the_committed_state_while_another_process_writes(
    store: Store, writer: subprocess.Popen[str]
) -> None:
    stamp = store.stamp
    assert store.article("whales") == WHALES
    assert _found(store, "krill") == {"whales"}
    assert store.meta("note") is None
    out, _ = writer.communicate("\n")
    assert out == "done\n"
    assert len(store) == 0
    assert store.meta("note") == "uncommitted"
    assert store.stamp != stamp


def test_a_process_that_dies_inside_a_transaction_leaves_no_trace(store: Store, writer: subprocess.Popen[str]) -> None:
    writer.kill()
    writer.wait()
    assert store.article("whales") == WHALES
    _put(store, CABLES)
    assert len(store) == 2


def test_a_second_writer_is_told_that_the_library_is_busy(
    store: Store, writer: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.2)
    second = SqliteStore(store.path)
    with pytest.raises(LibraryBusy, match="another process has been writing"):
        _put(second, CABLES)
    assert second.article("whales") == WHALES
    writer.communicate("\n")
    _put(second, CABLES)
    assert [article.id for article in second.articles()] == ["cables"]
    second.close()


def _make(path: Path) -> None:
    SqliteStore(path).close()


def test_several_processes_may_make_the_library_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_make, args=(tmp_path / "library.sqlite",)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(SqliteStore(tmp_path / "library.sqlite", create=False)) == 0


# -- what is wrong with a file


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"This is a text file, and a long one. " * 100)
    with pytest.raises(LibraryError, match=f"{path} is damaged or no library"):
        SqliteStore(path)
    assert path.read_bytes().startswith(b"This is a text")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    store = SqliteStore(path)
    for number in range(60):
        _put(store, Article(str(number), "t", f"Text {number}. " * 50))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)

    def read() -> None:
        damaged = SqliteStore(path)
        try:
            list(damaged.articles())
        finally:
            damaged.close()

    with pytest.raises(LibraryError, match=f"{path} is damaged"):
        read()


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    store = SqliteStore(path)
    store.set_meta("format", str(FORMAT + 1))
    store.close()
    refused = f"has format {FORMAT + 1}; this version of article-qa reads {FORMAT}: update"
    with pytest.raises(LibraryError, match=refused):
        SqliteStore(path)


def test_a_missing_library_is_only_made_where_that_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="there is no library at"):
        SqliteStore(tmp_path / "deep" / "library.sqlite", create=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="file is a file, or below one; give a folder for the library"):
        SqliteStore(tmp_path / "file" / "library.sqlite")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "library.sqlite")
    store.close()
    store.close()
    with pytest.raises(LibraryClosed, match=str(tmp_path)):
        len(store)
    with pytest.raises(LibraryClosed):
        store.place("/a", "b")


def test_the_file_is_a_plain_sqlite_database_in_wal_mode(store: Store) -> None:
    _put(store, WHALES)
    other = sqlite3.connect(store.path)
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert json.loads(other.execute("SELECT blocks FROM texts").fetchone()[0]) == []
    other.close()


def test_a_library_of_the_first_format_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    store = SqliteStore(path)
    kept = Article("a", "Title", "Some text. And more.", authors=("Ann Lee",), source="/tmp/a.html")
    _put(store, kept)
    store.place("/tmp/a.html", "a")
    store.close()
    with sqlite3.connect(path) as old:
        _as_format_4(old)
        # what format 1 did not have
        for column in ("date_source", "pages", "flags", "corrected"):
            old.execute(f"ALTER TABLE articles DROP COLUMN {column}")
        for column in ("etag", "modified"):
            old.execute(f"ALTER TABLE locations DROP COLUMN {column}")
        for table in ("collections", "aliases", "removed", "names"):
            old.execute(f"DROP TABLE {table}")
        old.execute("DROP TRIGGER article_removed")
        old.execute("DROP INDEX articles_by_position")
        old.execute("DROP INDEX articles_by_date")
        old.execute("INSERT INTO meta VALUES ('folders', '[\"/tmp/pages\", \"/tmp/ä\"]')")
        old.execute("ALTER TABLE passages DROP COLUMN leads")
        old.execute("UPDATE meta SET value = '1' WHERE key = 'format'")
    old.close()
    for _ in range(2):
        store = SqliteStore(path)
        assert store.meta("format") == str(FORMAT)
        assert store.corrected("a") == {}
        assert store.names(["a"])["a"].title == tuple(lexical.terms(kept.title, kept.language))
        assert store.article("a") == kept
        assert store.locations() == [("/tmp/a.html", "a")]
        assert store.collections() == [("/tmp/pages", "folder"), ("/tmp/ä", "folder")]
        assert store.meta("folders") is None
        assert [passage.leads for passage in store.passages("a")] == [()]
        assert _found(store, "text") == {"a"}
        store.close()


def _as_format_4(old: sqlite3.Connection) -> None:
    """Texts among the facts of an article, vectors among those of a passage, terms in SQLite's full-text search."""
    old.execute("PRAGMA foreign_keys = OFF")
    old.execute("ALTER TABLE articles ADD COLUMN text TEXT NOT NULL DEFAULT ''")
    old.execute("ALTER TABLE articles ADD COLUMN blocks TEXT NOT NULL DEFAULT ''")
    old.execute("UPDATE articles SET (text, blocks) = (SELECT text, blocks FROM texts WHERE texts.id = articles.id)")
    old.execute("ALTER TABLE articles DROP COLUMN digest")
    old.execute("ALTER TABLE articles DROP COLUMN first_passage")
    old.execute("ALTER TABLE articles DROP COLUMN passages")
    for name in ("vector", "tokens"):
        table = "indexed" if name == "vector" else "tokens"
        old.execute(f"ALTER TABLE passages ADD COLUMN {name} BLOB NOT NULL DEFAULT x''")
        old.execute(f"UPDATE passages SET {name} = (SELECT {name} FROM {table} WHERE {table}.id = passages.id)")
    old.execute("DROP TRIGGER passage_removed")
    old.execute("""CREATE VIRTUAL TABLE terms USING fts5 (body, tokenize = "unicode61 remove_diacritics 0")""")
    old.execute("INSERT INTO terms (rowid, body) SELECT id, terms FROM indexed")
    old.execute(
        "CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN DELETE FROM terms WHERE rowid = old.id; END"
    )
    for table in ("texts", "indexed", "tokens", "removals", "totals"):
        old.execute(f"DROP TABLE {table}")
    old.execute("UPDATE meta SET value = '4' WHERE key = 'format'")


def test_a_library_of_format_4_keeps_all_it_has(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    store = SqliteStore(path)
    for article in (WHALES, CABLES):
        _put(store, article)
    store.remove("whales")
    _put(store, WHALES)
    passages = store.passages("whales"), store.stored_passages(store.passage_ids_of("whales"))
    before = store.mean_terms, store.passage_count, store.summaries()
    store.close()
    with sqlite3.connect(path) as old:
        _as_format_4(old)
    old.close()
    store = SqliteStore(path)
    assert store.meta("format") == str(FORMAT)
    assert list(store.articles()) == [CABLES, WHALES]
    assert (store.passages("whales"), set(store.stored_passages(store.passage_ids_of("whales")))) == (
        passages[0],
        set(passages[1]),
    )
    for passage_id, one in store.stored_passages(store.passage_ids_of("whales")).items():
        assert one.terms == passages[1][passage_id].terms
        assert one.vectors.tokens == passages[1][passage_id].vectors.tokens
        assert np.array_equal(one.vectors.vector, passages[1][passage_id].vectors.vector)
    assert (store.mean_terms, store.passage_count, store.summaries()) == before
    assert _found(store, "krill sea") == {"whales", "cables"}
    store.remove("cables")
    assert _found(store, "krill sea") == {"whales"}
    store.close()


def test_what_was_removed_is_known_until_it_is_placed_again(store: Store) -> None:
    _put(store, WHALES)
    store.place("/a", "whales", Validators('"1"', "Tue, 01 Nov 2022 00:00:00 GMT"))
    store.place("https://a.example/x", "whales")
    store.place_alias("https://a.example/short", "https://a.example/x")
    assert store.alias("https://a.example/short") == "https://a.example/x"
    assert store.validators("/a") == Validators('"1"', "Tue, 01 Nov 2022 00:00:00 GMT")
    assert (store.validators("https://a.example/x"), store.validators("/b")) == (Validators(), None)
    store.remove("whales")
    assert store.removed_locations() == []
    _put(store, WHALES)
    store.place("/a", "whales")
    store.place("https://a.example/x", "whales")
    store.remove("whales", for_good=True)
    assert store.removed_locations() == ["/a", "https://a.example/x"]
    _put(store, WHALES)
    store.place("/a", "whales")
    assert (store.is_removed("/a"), store.is_removed("https://a.example/x")) == (False, True)
    store.forget_removal("https://a.example/x")
    assert store.removed_locations() == []


def test_a_location_that_moves_takes_its_aliases_along(store: Store) -> None:
    _put(store, WHALES)
    store.place("https://a.example/old", "whales", Validators('"1"'))
    store.place_alias("https://a.example/short", "https://a.example/old")
    store.move("https://a.example/old", "https://a.example/new")
    assert store.locations() == [("https://a.example/new", "whales")]
    assert store.validators("https://a.example/new") == Validators()
    assert store.alias("https://a.example/short") == store.alias("https://a.example/old") == "https://a.example/new"


def test_collections_are_remembered_and_forgotten(store: Store) -> None:
    feed, child = "https://a.example/feed", "https://a.example/child"
    store.remember(feed, "feed", given=True)
    store.remember(child, "sitemap", given=False)
    stamp = store.stamp
    store.remember(feed, "feed", given=False)  # listed by another collection too: still what the user gave
    store.remember(child, "sitemap", given=False)
    assert store.stamp == stamp, "nothing new was written"
    assert store.collections() == [(feed, "feed")]
    store.set_version(feed, "https://a.example/feed.xml", Validators('"7"'))
    assert store.validators("https://a.example/feed.xml") is None
    assert store.validators("https://a.example/feed.xml", collections=True) == Validators('"7"')
    store.remember(child, "sitemap", given=True)
    assert store.collections() == [(child, "sitemap"), (feed, "feed")]
    assert store.forget_collection(feed)
    assert not store.forget_collection(feed)
    assert store.collections() == [(child, "sitemap")]


def test_pages_flags_and_where_the_date_stands_are_kept(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "library.sqlite")
    article = Article("a", "T", "One. Two.", date_source="meta", published="2020", pages=(0, 5, 9), flags=("paywall",))
    _put(store, article)
    assert store.article("a") == article
    assert [article.page_at(offset) for offset in (0, 4, 5, 8)] == [1, 1, 2, 2]
    assert [summary.flags for summary in store.summaries()] == [("paywall",)]
    store.close()


def test_rows_are_found_by_their_column_heads_and_know_where_these_are(store: Store) -> None:
    rows = "\n".join(f"| {1900 + number} | {number} | {'plain words here ' * 4}|" for number in range(60))
    table = _put(
        store, Article("t", "Counts", f"| Year | Zebras | Remarks |\n| --- | --- | --- |\n{rows}", language="en")
    )
    passages = store.passages("t")
    assert passages == split(table)
    assert len(passages) > 3
    assert [table.text[slice(*passage.outside)] for passage in passages[1:] if passage.outside] == [
        "Year | Zebras | Remarks"
    ] * (len(passages) - 1)
    wanted = lexical.question_terms("zebras", {"en"})
    assert len(store.search_terms(wanted, 50, Filters())) == len(passages)
    store.set_meta("lexical", "0")  # a library whose search terms were made by an older version
    again = SqliteStore(store.path)
    assert len(again.search_terms(wanted, 50, Filters())) == len(passages)
    again.close()


# -- threads


def test_readers_do_not_wait_for_a_writer_of_the_same_process(store: SqliteStore) -> None:
    _put(store, WHALES)
    seen: list[object] = []

    def read() -> None:
        seen.extend([len(store), store.article("whales"), _found(store, "krill")])

    with store.write():
        store.remove("whales")
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive(), "the reader waits"
        assert len(store) == 0, "the writer sees what it does"
    assert seen == [1, WHALES, {"whales"}]
    assert len(store) == 0


def test_a_snapshot_is_one_state_while_others_commit(store: SqliteStore) -> None:
    _put(store, WHALES)
    with store.snapshot():
        before = store.stamp
        thread = threading.Thread(target=_put, args=(store, CABLES))
        thread.start()
        thread.join()
        assert (len(store), store.stamp) == (1, before)
        with store.snapshot():
            assert len(store) == 1
    assert len(store) == 2
    assert store.stamp != before


def test_connections_of_many_threads_are_closed_with_the_store(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "library.sqlite")
    _put(store, WHALES)
    barrier = threading.Barrier(12)

    def read() -> None:
        with store.snapshot():
            barrier.wait()
            assert len(store) == 1

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store._database._idle) == 8, "the others are closed already"
    store.close()
    assert store._database._idle == []
    names = {path.name for path in tmp_path.iterdir()}
    assert names <= {"library.sqlite", "index"}, "the write-ahead log is gone with the last connection"
