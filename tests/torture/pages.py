"""What the torture scripts share: pages in versions, what a library holds of them, and how a row of the table reads."""

from __future__ import annotations

import functools
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from embeddings.encoder import Encoder
from qa import Library

ROOT = Path(__file__).resolve().parents[2]
PAGES = 12
QUESTIONS = (
    "How long was the Suez Canal blocked by the Ever Given?",
    "When was the Montreal Protocol signed?",
    "Why did the floating turbines go back to Norway?",
    "Who was Nikolai Vavilov?",
)
_LONG_PARAGRAPH = re.compile(rb"(<p[^>]*>[^<]{200,})</p>")

Found = list[list[tuple[str, int, float]]]


def opened(folder: Path, encoder: Encoder) -> Library:
    """The library in `folder`, with an encoder that is loaded already."""
    library = Library.open(folder, dtype="float32")
    library._loaded = encoder
    return library


def write(path: Path, page: int, version: int) -> None:
    """The page in this version, whole or not at all."""
    said = f" This is version {version} of page {page}.</p>".encode()
    part = path.with_suffix(".part")
    part.write_bytes(_LONG_PARAGRAPH.sub(lambda match: match[1] + said, sources()[page], count=1))
    part.replace(path)


@functools.cache
def sources() -> list[bytes]:
    """Example pages that have a paragraph to write in."""
    pages = (path.read_bytes() for path in sorted((ROOT / "examples" / "articles").glob("*.html")))
    return [page for page in pages if _LONG_PARAGRAPH.search(page)][:PAGES]


def versions(library: Library) -> dict[int, int | None]:
    """What is stored of each page."""
    found: dict[int, int | None] = {}
    for location, article_id in library._store.locations():
        if not Path(location).stem.isdecimal():
            continue
        page = int(Path(location).stem)
        _, _, rest = library.article(article_id).text.partition("This is version ")
        number, _, rest = rest.partition(" of page ")
        found[page] = int(number) if rest.startswith(f"{page}.") else -1
    return found


def found_by(library: Library) -> Found:
    """Titles, places and scores that the questions find."""
    return [
        sorted((hit.article.title, hit.passage.start, round(hit.score, 3)) for hit in library.retrieve(question, k=5))
        for question in QUESTIONS
    ]


def unlike_new(library: Library, folder: Path, encoder: Encoder) -> list[str]:
    """What the questions find otherwise than in a library made anew, in `folder`, of the same articles."""
    shutil.rmtree(folder, ignore_errors=True)
    with opened(folder, encoder) as fresh:
        fresh.add([library.article(article_id) for _, article_id in library._store.locations()])
        return [
            f"{question} finds {found}, in a new library {new}"
            for question, found, new in zip(QUESTIONS, found_by(library), found_by(fresh), strict=True)
            if found != new
        ]


def row(what: str, tried: int | str, seen: Mapping[str, int] | str, wrong: Iterable[str]) -> int:
    """Print a row of the table, and what was wrong; how many things were."""
    faults = list(wrong)
    if not isinstance(seen, str):
        seen = ", ".join(f"{outcome} {count}" for outcome, count in Counter(seen).most_common())
    print(f"| {what} | {tried} | {seen} | {len(faults)} |", flush=True)
    print("\n".join(f"  wrong: {fault}" for fault in faults[:20]), end="\n" if faults else "", flush=True)
    return len(faults)
