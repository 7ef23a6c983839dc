"""Whether a library's file is whole: for SQLite, as articles with their passages, and beside its index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qa.errors import ArticleQAError
from qa.ingest import text_hash_of
from qa.schema import TERMS
from qa.types import Article

if TYPE_CHECKING:
    from qa.database import Database
    from qa.index import Index
    from qa.sqlite import SqliteStore

# What there must be none of, counted.
_NEVER = {
    "rows that belong to no article or passage": "SELECT count(*) FROM pragma_foreign_key_check",
    "articles without a text": "SELECT count(*) FROM articles WHERE id NOT IN (SELECT id FROM texts)",
    "texts without an article": "SELECT count(*) FROM texts WHERE id NOT IN (SELECT id FROM articles)",
    "articles that are not found by name": "SELECT count(*) FROM articles"
    " WHERE position NOT IN (SELECT rowid FROM names)",
    "passages without a vector": "SELECT count(*) FROM passages WHERE id NOT IN (SELECT id FROM indexed)",
    "vectors without a passage": "SELECT count(*) FROM indexed WHERE id NOT IN (SELECT id FROM passages)",
    "passages without token vectors": "SELECT count(*) FROM passages WHERE id NOT IN (SELECT id FROM tokens)",
    "token vectors without a passage": "SELECT count(*) FROM tokens WHERE id NOT IN (SELECT id FROM passages)",
    "vectors of another length": "SELECT count(*) FROM indexed"
    " WHERE length(vector) <> (SELECT length(vector) FROM indexed LIMIT 1)",
    "passages that are not counted, or more counted than there are": "SELECT abs(passages -"
    " (SELECT count(*) FROM passages)) FROM totals",
    "search terms that are not counted, or more counted than there are": f"SELECT abs(terms - {TERMS}) FROM totals",
}


def problems(database: Database, index: Index, store: SqliteStore) -> Iterator[str]:
    """What is wrong, each with what it is about; nothing where all is well. Yields "" after each article looked at."""
    with database.snapshot():
        # SQLite 3.44 and later hold `names` against what this connection knew of it when it was last read there: after
        # a change, also another process's, that looks like damage.
        database.one("SELECT count(*) FROM names WHERE rowid < 0")
        damage = [row[0] for row in database.all("PRAGMA integrity_check(20)") if row[0] != "ok"]
    yield from (f"the file is damaged: {each}" for each in damage)
    with store.snapshot():
        for what, query in _NEVER.items():
            if count := database.one(query)[0]:
                yield f"{count} {what}"
        ids = [row[0] for row in database.all("SELECT id FROM articles ORDER BY position")]
        for article_id in ids:
            try:
                yield from _of_article(database, store, store.article(article_id))
            except (ArticleQAError, ValueError, TypeError, KeyError) as error:
                yield f"article {article_id} cannot be read: {type(error).__name__}: {error}"
            yield ""
        yield from index.problems()


def _of_article(database: Database, store: SqliteStore, article: Article) -> Iterator[str]:
    name = f"article {article.id} ({article.title!r})"
    recorded, first, count, digest = database.one(
        "SELECT text_hash, first_passage, passages, digest FROM articles WHERE id = ?", (article.id,)
    )
    if digest is not None and digest != store.digest(article.id):
        yield f"{name}: something of it is not what was stored"
    if not store.corrected(article.id) and text_hash_of(article) != recorded:
        yield f"{name}: its title or text is not what was stored"
    ids = sorted(store.passage_ids_of(article.id))
    if len(ids) != count or (ids and ids != list(range(first, first + count))):
        yield f"{name}: of its {count} passages {len(ids)} are there"
    for passage in store.passages(article.id):
        if article.text[passage.start : passage.end] != passage.text:
            yield f"{name}: the passage at {passage.start} is not what stands there"
        elif any(not passage.start <= start < end <= passage.end for start, end in passage.sentences):
            yield f"{name}: a sentence of the passage at {passage.start} lies outside of it"
