"""Makes the library in tests/data/libraries/ of the version of article-qa that it runs with.

    cd a-checkout-of-that-version && python …/tests/data/libraries.py FOLDER

One page from a file, one article made by code; in format N from the parent of the commit that brought N + 1:
1 5b234d0^, 2 8a75b30^, 3 5fb8fad^, 4 84b1398^, 5 b78030f.
"""

from __future__ import annotations

import gzip
import sqlite3
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, ".")
from qa import Article, Library

PAGE = Path(__file__).parent / "ferry.html"
NOTE = Article(
    "whales",
    "Whales",
    "Whales eat four tonnes of krill on each day of the southern summer. Mirela Novak counted that in 1998.",
    authors=("Mirela Novak",),
    published="1998-07",
    site="Southern Notes",
)

with tempfile.TemporaryDirectory() as folder:
    pages = Path("/tmp/article-qa-pages")
    pages.mkdir(exist_ok=True)
    (pages / PAGE.name).write_bytes(PAGE.read_bytes())
    with Library.open(folder) as library:
        library.add([str(pages / PAGE.name), NOTE])
    file = Path(folder) / "library.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode = DELETE")
    with connection:
        connection.execute("DELETE FROM meta WHERE key = 'index'")  # its files are not in it
    connection.execute("VACUUM")
    version = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()[0]
    connection.close()
    target = Path(sys.argv[1]) / f"format-{version}.sqlite.gz"
    target.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    sys.stdout.write(f"{target}: {target.stat().st_size} bytes\n")
