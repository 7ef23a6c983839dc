"""The tables of a library's SQLite file, and how those of older formats become them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

FORMAT = 6
_SOURCES = """
-- where articles come from again and again: folders, feeds, sitemaps, lists. `given`: named by the user, and not only
-- by another collection. `found_at` is where redirects led; etag and modified are of the version whose every entry
-- was read.
CREATE TABLE collections (
    location TEXT PRIMARY KEY, kind TEXT NOT NULL, given INTEGER NOT NULL, found_at TEXT, etag TEXT, modified TEXT
) WITHOUT ROWID;
-- addresses that redirect to a location, so that a feed's link is known again without asking
CREATE TABLE aliases (address TEXT PRIMARY KEY, location TEXT NOT NULL) WITHOUT ROWID;
-- where articles stood that the user removed
CREATE TABLE removed (location TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_NAMES = """
-- what articles go by, as search terms; rowid: the article's position
CREATE VIRTUAL TABLE names USING fts5 (title, headings, authors, site, tokenize = "unicode61 remove_diacritics 0");
CREATE TRIGGER article_removed AFTER DELETE ON articles BEGIN DELETE FROM names WHERE rowid = old.position; END;
CREATE UNIQUE INDEX articles_by_position ON articles (position);
-- dates without reading past the texts
CREATE INDEX articles_by_date ON articles (published, id);
"""
_TEXTS = """
-- apart from the facts, which lists and filters look through
CREATE TABLE texts (
    id TEXT PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, text TEXT NOT NULL, blocks TEXT NOT NULL
);
"""
_INDEXED = """
-- what the index (qa/index.py) is made of, by passage: its vector, float16, and its search terms, joined by spaces
CREATE TABLE indexed (id INTEGER PRIMARY KEY, vector BLOB NOT NULL, terms TEXT NOT NULL);
CREATE TABLE tokens (id INTEGER PRIMARY KEY, tokens BLOB NOT NULL);
-- passages that went, in the order in which they did, for indexes that hold them still
CREATE TABLE removals (number INTEGER PRIMARY KEY AUTOINCREMENT, passage_id INTEGER NOT NULL);
CREATE TRIGGER passage_removed AFTER DELETE ON passages BEGIN
    DELETE FROM indexed WHERE id = old.id;
    DELETE FROM tokens WHERE id = old.id;
    INSERT INTO removals (passage_id) VALUES (old.id);
END;
-- how many passages there are, and how many terms they have together
CREATE TABLE totals (passages INTEGER NOT NULL, terms INTEGER NOT NULL);
INSERT INTO totals VALUES (0, 0);
"""
SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- corrected: facts that were corrected by hand, with what the page says of them; first_passage, passages: the ids of
-- its passages, which are in a row; digest: see SqliteStore.digest. Comments stand outside of tables: SQLite trips over
-- one that ends a table's.
CREATE TABLE articles (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, url TEXT, authors TEXT NOT NULL, published TEXT,
    site TEXT, language TEXT, source TEXT,
    date_source TEXT, pages TEXT NOT NULL DEFAULT '[]', flags TEXT NOT NULL DEFAULT '[]',
    fingerprint TEXT NOT NULL, text_hash TEXT NOT NULL, position INTEGER NOT NULL,
    corrected TEXT NOT NULL DEFAULT '{{}}',
    first_passage INTEGER NOT NULL DEFAULT 0, passages INTEGER NOT NULL DEFAULT 0, digest BLOB
);
{_TEXTS}
CREATE INDEX articles_by_text ON articles (text_hash);
CREATE TABLE locations (
    location TEXT PRIMARY KEY, article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    etag TEXT, modified TEXT -- of the version that was read: see Validators
);
CREATE INDEX locations_by_article ON locations (article_id);
{_SOURCES}
-- AUTOINCREMENT: an id is never used again, so that an index can tell new passages from removed ones by id alone
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, text TEXT NOT NULL, heading TEXT NOT NULL, sentences BLOB NOT NULL,
    leads BLOB NOT NULL DEFAULT x'', -- (0, 0) for a sentence that leans on nothing; empty where none does
    hash BLOB NOT NULL
);
CREATE INDEX passages_by_article ON passages (article_id, start);
CREATE INDEX passages_by_hash ON passages (hash);
{_INDEXED}
{_NAMES}
-- vectors made for a reindex that has not been finished
CREATE TABLE pending (hash BLOB PRIMARY KEY, vector BLOB NOT NULL, tokens BLOB NOT NULL) WITHOUT ROWID;
"""
TERMS = "(SELECT coalesce(sum(length(terms) - length(replace(terms, ' ', '')) + (terms <> '')), 0) FROM indexed)"
TOTALS = f"UPDATE totals SET passages = (SELECT count(*) FROM passages), terms = {TERMS};"
# From each earlier format to the next, in the order of the versions.
MIGRATIONS = {
    1: f"""
ALTER TABLE articles ADD COLUMN date_source TEXT;
ALTER TABLE articles ADD COLUMN pages TEXT NOT NULL DEFAULT '[]';
ALTER TABLE articles ADD COLUMN flags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE locations ADD COLUMN etag TEXT;
ALTER TABLE locations ADD COLUMN modified TEXT;
ALTER TABLE passages ADD COLUMN leads BLOB NOT NULL DEFAULT x'';
{_SOURCES}
INSERT INTO collections (location, kind, given)
SELECT value, 'folder', 1 FROM json_each((SELECT value FROM meta WHERE key = 'folders'));
DELETE FROM meta WHERE key = 'folders';
""",
    2: f"""
{_NAMES}
DELETE FROM meta WHERE key = 'lexical'; -- so that the names are filled, with the terms
""",
    3: """
ALTER TABLE articles ADD COLUMN corrected TEXT NOT NULL DEFAULT '{}';
""",
    4: f"""
{_TEXTS}
INSERT INTO texts SELECT id, text, blocks FROM articles;
ALTER TABLE articles DROP COLUMN text;
ALTER TABLE articles DROP COLUMN blocks;
ALTER TABLE articles ADD COLUMN first_passage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN passages INTEGER NOT NULL DEFAULT 0;
UPDATE articles SET passages = (SELECT count(*) FROM passages WHERE article_id = articles.id),
    first_passage = (SELECT coalesce(min(id), 0) FROM passages WHERE article_id = articles.id);
DROP TRIGGER passage_removed;
{_INDEXED}
INSERT INTO indexed
    SELECT passages.id, vector, coalesce(body, '') FROM passages LEFT JOIN terms ON terms.rowid = passages.id;
INSERT INTO tokens SELECT id, tokens FROM passages;
ALTER TABLE passages DROP COLUMN vector;
ALTER TABLE passages DROP COLUMN tokens;
DROP TABLE terms;
{TOTALS}
""",
    5: """
ALTER TABLE articles ADD COLUMN digest BLOB; -- none until the article is written again
""",
}


def statements(script: str) -> Iterator[str]:
    """Statements one by one: `executescript` would commit the transaction it runs in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
