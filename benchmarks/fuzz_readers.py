# ruff: noqa: ARG001, the changes of an input are all called alike
"""What the readers do with damaged, hostile and huge files: an article or a typed error, in bounded time and memory.

    python benchmarks/fuzz_readers.py [--seconds N] [--seed N] [--keep FOLDER] [FILE OR FOLDER ...]
    python benchmarks/fuzz_readers.py --sizes MB [--only WORD]

The first form tries inputs made from the example articles, the tests' files and what is named (files may be gzipped):
first shapes that are trouble for parsers, at two sizes and in an order of their own for each seed number; then
mutations of the seeds and markup drawn by hypothesis, in turns. The second form reads pages of that size and pages
nested 100,000 deep, without mercy.
Each input goes through all that `add` does before it encodes: `read_listing`, `read_page`, `split`, and the links of
some citations; and what comes out is checked (blocks, passages, characters). That happens in a process of its own with
a limit on its memory; one that is late is ended. An input is named by the seed number and its own number, and is the
same in every run. Exits with 1 where an input ended in anything but an article or a typed error.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import gzip
import multiprocessing
import random
import re
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TYPES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".epub": "application/epub+zip",
    ".mhtml": "multipart/related",
    ".xml": "application/xml",
}


@dataclass(frozen=True)
class Input:
    """One thing to read. `name` says how it was made."""

    name: str
    content: bytes
    media_type: str
    url: str | None = "https://example.org/2020/05/03/salt"
    charset: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it: `kind` is article, a typed error's class, or crash, wrong, memory, late, died."""

    kind: str
    detail: str = ""
    seconds: float = 0.0
    peak: int = 0  # bytes resident at the most


GOOD = ("article", "listing", "NoArticleText", "UnsupportedSource", "SourceError")


# ---------------------------------------------------------------- the process that reads


def serve(pipe: Connection, memory: int) -> None:
    """Read what comes through the pipe until it ends."""
    from qa.extract import read_page  # noqa: F401 - loaded before memory is limited and time counted

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            given: Input = pipe.recv()
        except EOFError:
            return
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the peak of this input, not of all before it
        started = time.perf_counter()
        kind, detail = attempt(given)
        pipe.send(Outcome(kind, detail, time.perf_counter() - started, peak()))


def peak() -> int:
    """Bytes that this process held at the most since that was reset."""
    with contextlib.suppress(OSError):
        if found := re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text()):
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def attempt(given: Input) -> tuple[str, str]:
    from qa.errors import SourceError
    from qa.extract import read_page
    from qa.feeds import read_listing
    from qa.links import text_fragment
    from qa.split import split

    try:
        try:
            listing = read_listing(
                given.content, location=given.url or "/x", media_type=given.media_type, charset=given.charset
            )
            if listing is not None:
                return "listing", listing.kind
        except SourceError:
            pass  # the same bytes may be read as a page
        article = read_page(given.content, given.url, media_type=given.media_type, charset=given.charset)
        passages = split(article)
        if problem := wrong(article, passages):
            return "wrong", problem
        spans = [span for passage in passages for span in passage.sentences]
        for start, end in (spans[:1] + spans[len(spans) // 2 :][:1] + spans[-1:]) if spans else ():
            text_fragment(article, start, end)
    except SourceError as error:
        return type(error).__name__, str(error)[:200]
    except MemoryError:
        return "memory", "".join(traceback.format_exc().splitlines()[-3:])[:300]
    except BaseException as error:  # noqa: BLE001 - what is looked for
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/qa/" in frame.filename]
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return "crash", f"{type(error).__name__} at {where}: {str(error)[:200]}"
    return "article", ""


_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
LONGEST_TITLE = 1000


def wrong(article: object, passages: Sequence[object]) -> str:
    """What is wrong with an article and its passages; "" where nothing is. The types have checked much of it."""
    from qa.types import Article, Passage

    assert isinstance(article, Article)
    for name in ("title", "text", "site", "language", "url", "published"):
        if (value := getattr(article, name)) and (found := _CONTROL.search(value)):
            return f"{name} holds {found[0]!r}"
    if any(_CONTROL.search(author) or len(author) > LONGEST_TITLE for author in article.authors):
        return "an author with a control character or too long"
    if not article.title.strip() or "\n" in article.title or len(article.title) > LONGEST_TITLE:
        return "a title that is empty, too long or not one line"
    if not article.text.strip():
        return "no text"
    if any(not article.text[block.start : block.end].strip() for block in article.blocks):
        return "a block without text"
    position = 0
    for passage in passages:
        assert isinstance(passage, Passage)
        if article.text[passage.start : passage.end] != passage.text or passage.start < position:
            return f"passage {passage.start}..{passage.end}"
        position = passage.start
        for start, end in passage.sentences:
            if not position <= start < end <= passage.end:
                return f"sentence {start}..{end} of passage {passage.start}..{passage.end}"
            position = end
    return ""


class Reader:
    """The process, started anew whenever it died or was late."""

    def __init__(self, *, seconds: float, memory: int) -> None:
        self.seconds, self.memory = seconds, memory
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self.memory), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.send(Input("warm", b"<html><p>Salt keeps fish, and tin keeps salt dry.</p></html>", "text/html"))
        if not self._pipe.poll(120) or self._pipe.recv().kind != "article":
            raise SystemExit("the reading process does not read; run the tests first")

    def read(self, given: Input, seconds: float | None = None) -> Outcome:
        limit = seconds or self.seconds
        started = time.perf_counter()
        try:
            self._pipe.send(given)
            if self._pipe.poll(limit):
                return self._pipe.recv()  # type: ignore[no-any-return]
            outcome = Outcome("late", f"more than {limit:g} s", time.perf_counter() - started, self._held())
        except (EOFError, OSError):
            self._process.join(5)
            outcome = Outcome("died", f"exit code {self._process.exitcode}", time.perf_counter() - started)
        self.end()
        self._start()
        return outcome

    def _held(self) -> int:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{self._process.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                return int(found[1]) * 1024
        return 0

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


# ---------------------------------------------------------------- shapes


PROSE = (
    "The salt pans of the coast were worked by hand until the war, and the women who raked them kept the accounts. "
    "In 1921 a storm took the sea wall away, so that the lower pans were given up; nobody has rebuilt them since. "
)
ELEMENTS = """a abbr address article aside b blockquote button center cite code custom-tag dd del details div dl dt em
    fieldset figcaption figure font footer form h1 h2 header i iframe ins label li main nav noscript object ol option p
    pre q s section select small span strong sub sup svg table tbody td template textarea th time tr tt u ul""".split()
HOSTILE = (
    *" \t-–—.,:;|·•#>*_=~`[](){}<&\"'@/\\0123aA\u00a0\u200b\u0301\u202e。年…©",
    *(
        "By ",
        "By Jane ",
        "Jane Doe ",
        "www.",
        "http://",
        "3 May 2020 ",
        "2020-05-03 ",
        "12:30 ",
        "5 ",
        "1.",
        "a.",
        "A. ",
    ),
    *("- ", "> ", "* ", "1. ", "| ", "|-", "--- ", "[a](", "![", "&amp;", "&#", "<!--", "<![CDATA[", "</", "<a ", '="'),
    *("published ", "Posted on ", "We use ", "subscribe ", "read more ", "views ", "opinions ", "join the ", "share "),
    *(
        "ab ",
        "Ab ",
        "a, ",
        "word. ",
        "; by ",
        " and ",
        " | ",
        " - ",
        " (",
        " @x",
        "Photo ",
        "content-type:\n",
        "PK\x03\x04",
    ),
)
META = (
    '<html><head><meta name="author" content="@"><meta property="og:title" content="@"><meta name="date" content="@">'
    '<meta property="og:site_name" content="@"><link rel="canonical" href="@"></head><p>#</p></html>'
)
JSON_LD = (
    '<html><script type="application/ld+json">{"@type": "Article", "headline": "@", "author": {"name": "@"}, '
    '"datePublished": "@", "publisher": {"name": "@"}}</script><p>#</p></html>'
)
PLACES: tuple[tuple[str, str, str], ...] = (  # name, media type, page with a place for a string
    ("title", "text/html", "<html><head><title>@</title></head><body><h1>@</h1><p>#</p></body></html>"),
    ("byline", "text/html", '<html><body><h1>Salt</h1><p class="byline">@</p><time>@</time><p>#</p></body></html>'),
    ("paragraph", "text/html", "<html><body><article><h1>Salt</h1><p>#</p><p>@</p><p>#</p></article></body></html>"),
    ("loose", "text/html", "<html><body>@<div>#<br>@<br><b>@</b></div>#</body></html>"),
    ("meta", "text/html", META),
    ("json-ld", "text/html", JSON_LD),
    ("attributes", "text/html", '<html><body><div class="@" id="@"><p style="@">#</p><a href="@">@</a></div></html>'),
    ("script", "text/html", "<html><script>@</script><style>@</style><!-- @ --><p>#</p></html>"),
    ("caption", "text/html", "<html><body><p>#</p><figure><img><figcaption>@</figcaption></figure><p>#</p></html>"),
    ("before the page", "text/html", "@<html><body><p>#</p></body></html>"),
    ("line of a text", "text/plain", "Salt\n@\n\n#\n@\n#\n\n© @\n"),
    ("text", "text/plain", "@"),
    ("Markdown", "text/markdown", "---\ntitle: @\nauthor: @\ndate: @\n---\n# @\n\n@\n\n#\n"),
    ("mail", "multipart/related", "From: @\nSubject: @\nContent-Type: multipart/related; boundary=@\n\n--@\n@"),
    ("list", "text/plain", "https://example.org/@\nhttps://example.org/@"),
    ("feed", "application/xml", "<rss><channel><item><title>@</title><link>@</link><pubDate>@</pubDate></item></rss>"),
    ("unknown", "", "@"),
)


def shapes(size: int) -> Iterator[Input]:
    """Inputs of about `size` characters of every shape."""

    def html(name: str, body: str) -> Input:
        return Input(f"{name} ({size:,})", body.encode(), "text/html")

    def text(name: str, body: str, kind: str = "text/plain") -> Input:
        return Input(f"{name} ({size:,})", body.encode("utf-8", "replace"), kind)

    prose = f"<p>{PROSE}</p>"
    deep = size // 10
    for name in ELEMENTS:
        yield html(f"nested <{name}>", f"<html><body>{prose}{f'<{name}>' * deep}{PROSE}{f'</{name}>' * deep}{prose}")
        yield html(f"nested <{name}> with text, unclosed", f"<html><body><h1>Salt</h1>{f'<{name}>so ' * deep}{prose}")
        yield html(f"<{name}> in a row", f"<html><body><h1>Salt</h1>{f'<{name}>so</{name}> ' * deep}{prose}")
        yield html(f"long <{name}> in a row", f"<html><body><h1>A</h1>{f'<{name}>{PROSE}</{name}>' * (size // 240)}")
    for first, second in (("table><tr><td", "p"), ("ul><li", "p"), ("b", "p"), ("a", "div"), ("p", "b"), ("font", "b")):
        yield html(f"nested <{first}><{second}>", f"<html><body>{prose}{f'<{first}><{second}>so ' * deep}{prose}")
    many = size // 20
    yield html("columns", f"<html><table><tr>{'<td>so</td>' * many}</tr></table>{prose}")
    yield html("rows", f"<html><table>{'<tr><td>so<td>we</tr>' * many}</table>{prose}")
    yield html("headed cells", f"<html><table>{'<tr><td><h2>so</h2><td><p>we</tr>' * many}</table>{prose}")
    yield html("tables", f"<html>{'<table><tr><td><h2>so</h2><p>we</table>' * many}{prose}")
    yield html("tables in a table", f"<html><table><tr><td>{'<table><tr><td><h2>a</h2></table>' * many}</table>{prose}")
    yield html("links", f"<html>{''.join(f'<a href=/{n}>Word {n}</a> ' for n in range(many))}{prose}")
    yield html("linked headlines", f"<html>{''.join(f'<h2><a href=/{n}>A headline {n}</a></h2>' for n in range(many))}")
    yield html("articles", f"<html><h1>Salt</h1>{'<article><h2>Salt</h2>so</article>' * many}{prose}")
    yield html("title in many places", f"<html><title>Salt and tin</title>{'<h1>Salt and tin</h1>' * many}{prose}")
    yield html("captions", f"<html>{prose}{'<figure><img><figcaption>A pan</figcaption></figure>' * many}{prose}")
    yield html(
        "captions apart", "<html>" + "".join(f"<p>{n} so</p><figcaption>{n} A pan</figcaption>" for n in range(many))
    )
    yield html("caption classes", f"<html>{prose}{'<div class=caption>A pan</div>' * many}{prose}")
    yield html("pictures", f"<html><p>{'<img src=a><i>so</i>' * many}</p>{prose}")
    yield html("spans with cards", f"<html><p>{'<span><img><a>a</a><a>b</a>so</span>' * many}</p>{prose}")
    yield html("nested cards", f"<html><p>{'<span><img><a>a</a><a>b</a>so' * min(many, 20_000)}</p>{prose}")
    yield html("quotations", f"<html>{'<blockquote class=a>so we said</blockquote>' * many}{prose}")
    yield html("nested quotations", f"<html>{'<blockquote class=a>so we said' * many}{prose}")
    yield html("breaks", f"<html><div>{PROSE}{'so<br>' * many}</div>{prose}")
    yield html("double breaks", f"<html><div>{PROSE}{'so<br><br>' * many}</div>{prose}")
    yield html("inline", f"<html><div>{PROSE}{'so <b>we</b> ' * many}</div>{prose}")
    yield html("scripts", f"<html>{'<script>var a = 1;</script>' * many}{prose}")
    yield html("meta tags", f"<html>{'<meta name=author content=Jane>' * many}{prose}")
    yield html("JSON-LD", f"<html>{'<script type=application/ld+json>{}</script>' * many}{prose}")
    for name, opening, closing in (("lists", "[", "]"), ("objects", '{"@graph":', "}"), ("wide", "[{},", "{}]")):
        body = (opening * deep) + "{}" + closing * deep if name != "wide" else f"[{'{},' * deep}{{}}]"
        yield html(f"JSON-LD of {name}", f"<html><script type=application/ld+json>{body}</script>{prose}")
    yield html("JSON-LD number", f"<html><script type=application/ld+json>{'9' * size}</script>{prose}")
    people = ",".join(f'{{"name":"Jane Doe {n}"}}' for n in range(many))
    yield html(
        "authors", f'<html><script type=application/ld+json>{{"@type":"Article","author":[{people}]}}</script>{prose}'
    )
    yield html("bylines", f"<html><h1>Salt</h1>{'<p class=byline>By Jane Doe</p>' * many}{prose}")
    yield html("dates", f"<html><h1>Salt</h1>{'<time datetime=2020-05-03>3 May</time>' * many}{prose}")
    yield html("attributes", f"<html><p {' '.join(f'a{n}=1' for n in range(many))}>{PROSE}</p>")
    yield html("classes", f"<html><p class='{'a ' * many}'>{PROSE}</p>")
    yield html("picture as data", f"<html>{prose}<img src='data:image/png;base64,{'A' * size}'>{prose}")
    for entity in (
        "&nbsp;",
        "&#0;",
        "&#xD800;",
        "&#x10FFFF;",
        "&#x110000;",
        "&zwj;",
        "&lt;p&gt;",
        "&amp;amp;",
        "&",
        "&#x1;",
    ):
        yield html(f"entity {entity}", f"<html><title>{entity * 9}Salt</title><p>{PROSE}{entity * (size // 8)}{PROSE}")
    yield html("tags without end", f"<html>{prose}{'<p ' * many}")
    yield html("ends without tag", f"<html>{prose}{'</p></div></b>' * many}{prose}")
    yield html("comments", f"{'<!-- so -->' * many}<html>{prose}")
    yield html("comment without end", f"<html>{prose}<!-- {'so -' * many}")
    yield html("saved from", f"<!-- saved from url=(0014){'x' * size} --><html>{prose}")
    yield html("blank", "\n" * size)
    yield text("blank lines", "\n" * size)
    yield text("blank lines in prose", f"{PROSE}\n{chr(10) * size}{PROSE}")
    yield text("short lines", "so\n" * (size // 3))
    yield text("different short lines", "".join(f"Word {n}\n" for n in range(size // 10)))
    yield text("bullets", "- so\n" * (size // 5))
    yield text("deep bullets", "".join(f"{' ' * (n % 400)}- so\n" for n in range(size // 200)))
    yield text("wrapped", (("so we went on " * 5).strip() + "\n") * (size // 70))
    yield text("wrapped items", "- " + ("so we went on " * 5 + "\n") * (size // 70), "text/markdown")
    yield text("paragraphs", f"{PROSE}\n\n" * (size // 240))
    yield text("one line", PROSE * (size // 240))
    yield text("one word", "w" * size)
    yield text("Chinese", "盐田由人工耕作。" * (size // 8))
    yield text("Thai", "นาเกลือ" * (size // 7))
    yield text("Arabic, both ways", "\u202eكانت الملاحات\u202c salt " * (size // 20))
    yield text("rows", "| so | we |\n|---|---|\n" + "| a | b |\n" * (size // 10), "text/markdown")
    yield text("cells", f"|{' a |' * (size // 4)}\n|{'---|' * 9}\n", "text/markdown")
    yield text("fences", "```\nso\n" * (size // 7), "text/markdown")
    yield text("headings", "# so\n\n" * (size // 6), "text/markdown")
    yield text("underlined", "so\n==\n" * (size // 6), "text/markdown")
    yield text("front matter", "---\n" + "a: b\n" * (size // 5), "text/markdown")
    yield text("list items of one", "1. " * (size // 3), "text/markdown")
    yield Input(f"NUL ({size:,})", b"<html><p>" + PROSE.encode() + b"\0" * size, "text/html")
    yield Input(f"UTF-16 called UTF-8 ({size:,})", (f"<html>{prose}" * (size // 240)).encode("utf-16"), "text/html")
    for charset in (
        "utf-16",
        "utf-7",
        "utf-32",
        "idna",
        "punycode",
        "hz",
        "iso-2022-jp",
        "shift_jis",
        "rot13",
        "\0",
        "x" * 99,
    ):
        yield Input(
            f"charset {charset[:12]!r} ({size:,})",
            (f"<html>{prose}" * (size // 240)).encode(),
            "text/html",
            charset=charset,
        )
    random_bytes = random.Random(size).randbytes(size)
    for media_type in sorted({*TYPES.values(), "", "image/png", "text/html; charset=x"}):
        yield Input(f"noise as {media_type} ({size:,})", random_bytes, media_type)
    yield Input(
        f"mail headers ({size:,})",
        b"X-A: b\n" * (size // 7) + b"Content-Type: multipart/related\n\n",
        "multipart/related",
    )
    parts = b"--b\nContent-Type: text/html\n\n<p>so\n" * (size // 35)
    yield Input(
        f"mail parts ({size:,})", b"Content-Type: multipart/related; boundary=b\n\n" + parts, "multipart/related"
    )
    nested = b"".join(
        b"--b%d\nContent-Type: multipart/related; boundary=b%d\n\n" % (n, n + 1) for n in range(size // 60)
    )
    yield Input(
        f"mail in mail ({size:,})", b"Content-Type: multipart/related; boundary=b0\n\n" + nested, "multipart/related"
    )
    for name, media_type, page in PLACES:
        room = size // page.count("@")
        for string in HOSTILE:
            body = page.replace("#", PROSE).replace("@", string * (room // len(string)))
            yield Input(f"{string[:20]!r} in {name} ({size:,})", body.encode("utf-8", "replace"), media_type)


# ---------------------------------------------------------------- mutations


def seeds(paths: Sequence[str]) -> list[Input]:
    found: list[Input] = []
    for path in (ROOT / "examples" / "articles", ROOT / "tests" / "data", *map(Path, paths)):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            bare = file.with_suffix("") if file.suffix == ".gz" else file
            media_type = TYPES.get(bare.suffix.lower(), "" if bare.suffix else "text/html")
            if file.is_file() and media_type:
                content = file.read_bytes()
                content = gzip.decompress(content) if file.suffix == ".gz" else content
                found.append(Input(bare.name[:60], content[: 4 * 2**20], media_type))
    return found


def mutated(inputs: Sequence[Input], number: int, seed: int) -> Input:
    """Mutation `number` of the seeds."""
    dice = random.Random(f"{seed}/{number}")
    one, other = dice.choice(inputs), dice.choice(inputs)
    content, media_type, charset = one.content, one.media_type, None
    done = []
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        change = dice.choice(CHANGES)
        done.append(change.__name__)
        content = change(dice, content, other.content)[: 8 * 2**20]
    if dice.random() < 0.1:
        done.append("another kind")
        media_type = dice.choice([*TYPES.values(), "", "application/octet-stream", "text/html;charset=utf-7"])
    if dice.random() < 0.1:
        charset = dice.choice(
            ("utf-8", "latin-1", "utf-16", "shift_jis", "iso-2022-kr", "gb18030", "utf-32-be", "koi8-r")
        )
        done.append(charset)
    return Input(f"#{number} {one.name}: {', '.join(done)}", content, media_type, charset=charset)


def _place(dice: random.Random, content: bytes, longest: int = 4096) -> tuple[int, int]:
    start = dice.randrange(len(content) + 1)
    return start, min(len(content), start + int(longest ** dice.random()))


def flip(dice: random.Random, content: bytes, other: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(int(200 ** dice.random())):
        if changed:
            changed[dice.randrange(len(changed))] = dice.choice((0, 0xFF, 0x80, 0x3C, 0x3E, 0x22, dice.randrange(256)))
    return bytes(changed)


def cut(dice: random.Random, content: bytes, other: bytes) -> bytes:
    start, end = _place(dice, content, 1 << 16)
    return content[:start] + content[end:]


def end(dice: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def repeat(dice: random.Random, content: bytes, other: bytes) -> bytes:
    start, last = _place(dice, content)
    times = int(5000 ** dice.random())
    return content[:start] + content[start:last] * min(times, 1 + (1 << 20) // max(1, last - start)) + content[last:]


def splice(dice: random.Random, content: bytes, other: bytes) -> bytes:
    start, last = _place(dice, other, 1 << 16)
    at = dice.randrange(len(content) + 1)
    return content[:at] + other[start:last] + content[at:]


def tag(dice: random.Random, content: bytes, other: bytes) -> bytes:
    """Tags put in, taken out or renamed."""
    found = list(re.finditer(rb"<(/?)([a-zA-Z][\w-]*)", content))
    for match in reversed(dice.sample(found, min(len(found), dice.choice((1, 5, 50))))):
        name = dice.choice(ELEMENTS).encode()
        start, last = dice.choice((match.span(), match.span(2), (match.start(), match.start())))
        content = content[:start] + (name if start == match.start(2) else b"<" + match[1] + name) + content[last:]
    return content


def renamed(dice: random.Random, content: bytes, other: bytes) -> bytes:
    """All elements of a kind become another."""
    names = list({match[1].lower() for match in re.finditer(rb"<([a-zA-Z][\w-]*)", content[:200_000])})
    if not names:
        return content
    old, new = dice.choice(names), dice.choice(ELEMENTS).encode()
    return re.sub(rb"(</?)" + re.escape(old) + rb"\b", rb"\1" + new, content, flags=re.I)


def hostile(dice: random.Random, content: bytes, other: bytes) -> bytes:
    """A string that is trouble for patterns, between two words or tags."""
    string: bytes = dice.choice(HOSTILE).encode("utf-8", "replace")
    places = [match.end() for match in re.finditer(rb"[>\s]", content[:400_000])] or [0]
    at = dice.choice(places)
    return content[:at] + string * (int(100_000 ** dice.random()) // len(string) + 1) + content[at:]


def deeper(dice: random.Random, content: bytes, other: bytes) -> bytes:
    name = dice.choice(ELEMENTS).encode()
    times = int(20_000 ** dice.random())
    at = dice.choice([match.start() for match in re.finditer(rb"<", content[:400_000])] or [0])
    return content[:at] + (b"<" + name + b">") * times + content[at:]


def characters(dice: random.Random, content: bytes, other: bytes) -> bytes:
    strange = "\u202e\u200b\ufeff\u0000\u00ad\u2028\u0085\x0c\x1c\U000e0001\u0301\ufffd\U0001f469\u200d"
    for _ in range(dice.choice((1, 10, 100))):
        at = dice.randrange(len(content) + 1)
        content = content[:at] + dice.choice(strange).encode() + content[at:]
    return content + (b"\xed\xa0\x80" if dice.random() < 0.3 else b"")


def recoded(dice: random.Random, content: bytes, other: bytes) -> bytes:
    return content.decode("utf-8", "replace").encode(
        dice.choice(("utf-16", "utf-16-be", "latin-1", "utf-32")), "replace"
    )


def breaks(dice: random.Random, content: bytes, other: bytes) -> bytes:
    """Line breaks of another kind, or none."""
    return content.replace(b"\n", dice.choice((b"", b" ", b"\r", b"\r\n", b"\n\n", b"\x0b", "\u2028".encode())))


CHANGES: tuple[Callable[[random.Random, bytes, bytes], bytes], ...] = (
    flip,
    cut,
    end,
    repeat,
    splice,
    tag,
    renamed,
    hostile,
    deeper,
    characters,
    recoded,
    breaks,
)


def drawn(reader: Reader, tally: Tally, examples: int, seed: int) -> None:
    """Pages drawn by hypothesis from a grammar of markup and Markdown."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    words = st.text(max_size=30) | st.sampled_from((PROSE, "By Jane Doe", "3 May 2020", "Related", "© Salt", *HOSTILE))
    names = st.sampled_from(ELEMENTS)
    marks = st.lists(
        st.tuples(st.sampled_from(("class", "id", "href", "itemprop", "datetime", "rel", "hidden")), words), max_size=2
    )

    def element(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.builds(
            lambda name, given, parts, closed: (
                f"<{name}{''.join(f' {key}={value!r}' for key, value in given)}>"
                f"{''.join(parts)}{f'</{name}>' if closed else ''}"
            ),
            names,
            marks,
            st.lists(inside, max_size=5),
            st.booleans(),
        )

    page = st.lists(st.recursive(words, element, max_leaves=40), min_size=1, max_size=8).map("".join)
    markers = st.sampled_from(("# ", "- ", "  - ", "> ", "| ", "```", "1. ", "---", "\n", "", "==="))
    lines = st.lists(st.builds(lambda marker, line: marker + line, markers, words), max_size=30).map("\n".join)
    both = st.tuples(
        page | lines | page.map(lambda body: f"<html><body>{body}"), st.sampled_from([*TYPES.values(), ""])
    )

    @seeded(seed)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(both)
    def run(both: tuple[str, str]) -> None:
        content, media_type = both
        each = Input(f"drawn: {content[:60]!r}", content.encode("utf-8", "surrogatepass"), media_type)
        tally.count("drawn by hypothesis", each, reader.read(each))

    run()


# ---------------------------------------------------------------- what came of it


@dataclass
class Tally:
    """The run so far; inputs that failed are written to `keep`."""

    keep: Path | None = None
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)  # what happened: how often, and an input
    slowest: list[tuple[float, str]] = field(default_factory=list)
    largest: list[tuple[int, str]] = field(default_factory=list)

    def count(self, kind: str, given: Input, outcome: Outcome) -> None:
        self.outcomes[kind, outcome.kind] += 1
        name = f"{given.name} [{len(given.content):,} bytes, {given.media_type or 'no type'}] -> {outcome.kind}"
        self.slowest = sorted([*self.slowest, (outcome.seconds, name)], reverse=True)[:12]
        self.largest = sorted([*self.largest, (outcome.peak, name)], reverse=True)[:5]
        if outcome.kind not in GOOD:
            what = f"{outcome.kind}: {outcome.detail if outcome.kind != 'late' else name}"
            times, first = self.failures.get(what, (0, name))
            self.failures[what] = (times + 1, first)
            if not times:
                print(f"{what}\n    {first}", flush=True)
                if self.keep:
                    self.keep.mkdir(parents=True, exist_ok=True)
                    file = self.keep / re.sub(r"\W+", "-", f"{outcome.kind}-{given.name}")[:100]
                    file.write_bytes(given.content)

    def report(self) -> None:
        kinds = sorted({kind for kind, _ in self.outcomes})
        names = sorted({name for _, name in self.outcomes}, key=lambda name: (name not in GOOD, name))
        print("\ninputs\t" + "\t".join(["tried", *names]))
        for kind in kinds:
            row = [self.outcomes[kind, name] for name in names]
            print("\t".join([kind, *map(str, [sum(row), *row])]))
        print("\nslowest:", *(f"{seconds:7.2f} s  {name}" for seconds, name in self.slowest), sep="\n")
        print("\nmost memory:", *(f"{size / 2**20:7.0f} MiB  {name}" for size, name in self.largest), sep="\n")
        print(f"\nfailures: {sum(times for times, _ in self.failures.values())}")
        for what, (times, name) in self.failures.items():
            print(f"  {times} x {what}\n      {name}")


def fuzz(seconds: float, seed: int, paths: Sequence[str], keep: Path | None, only: str) -> int:
    started = time.monotonic()
    reader = Reader(seconds=20, memory=3 * 2**30)
    tally = Tally(keep)
    inputs = seeds(paths)
    dice = random.Random(seed)
    for size, share in ((20_000, 0.3), (200_000, 0.6)):
        for each in dice.sample(every := list(shapes(size)), len(every)):
            if only in each.name and (only or time.monotonic() - started < share * seconds):
                tally.count(f"shapes of {size:,}", each, reader.read(each))
    print(f"shapes done after {time.monotonic() - started:.0f} s", flush=True)
    number = 0
    while not only and time.monotonic() - started < seconds:
        for _ in range(100):
            each = mutated(inputs, number, seed)
            tally.count("mutated", each, reader.read(each))
            number += 1
            if time.monotonic() - started >= seconds:
                break
        else:
            drawn(reader, tally, 100, seed * 1_000_003 + number)
    reader.end()
    tally.report()
    return int(bool(tally.failures))


# ---------------------------------------------------------------- sizes


def paragraph(number: int) -> str:
    return f"Pan {number} was raked in {1700 + number % 300} by {number % 17 + 2} women. {PROSE}"


def sized(size: int) -> Iterator[tuple[str, Callable[[], Input]]]:
    """Files of `size` bytes, and pages nested 100,000 deep, made when they are asked for."""
    head = "<!doctype html><html><head><title>Salt and tin</title></head><body><article><h1>Salt and tin</h1>"
    page = head + "{}</article></body></html>"
    count = size // len(paragraph(10_000))

    def made(body: Callable[[], str], media_type: str = "text/html") -> Callable[[], Input]:
        return lambda: Input("sized", body().encode()[:size], media_type)

    def article() -> str:
        return "".join(f"<p>{paragraph(n)}</p>\n" for n in range(40))

    yield "HTML of paragraphs", made(lambda: page.format("".join(f"<p>{paragraph(n)}</p>\n" for n in range(count))))
    yield "HTML of one line", made(lambda: page.format("<p>" + " ".join(paragraph(n) for n in range(count)) + "</p>"))
    yield "HTML of tiny elements", made(lambda: page.format("".join(f"<b>{n % 10}</b>" for n in range(size // 8))))
    yield (
        "HTML with pictures inside",
        made(
            lambda: page.format(
                "".join(
                    f'<img src="data:image/png;base64,{base64.b64encode(bytes(size // 40)).decode()}">'
                    for _ in range(29)
                )
                + article()
            )
        ),
    )
    yield (
        "HTML with scripts",
        made(
            lambda: page.format(
                "".join(f"<script>var a = [{'1, 2, ' * (size // 180)}];</script>" for _ in range(29)) + article()
            )
        ),
    )
    yield "text of paragraphs", made(lambda: "\n\n".join(map(paragraph, range(count))), "text/plain")
    yield "text of one line", made(lambda: " ".join(map(paragraph, range(count))), "text/plain")
    yield "text of short lines", made(lambda: "".join(f"Pan {n}\n" for n in range(size // 10)), "text/plain")
    yield "text of blank lines", made(lambda: PROSE + "\n" * (size - 500) + PROSE, "text/plain")
    yield (
        "Markdown",
        made(
            lambda: "".join(
                f"## Pan {n}\n\n{paragraph(n)}\n\n- {PROSE}\n- so\n\n| a | b |\n|---|---|\n| {n} | c |\n\n"
                for n in range(size // 560)
            ),
            "text/markdown",
        ),
    )
    for names in (
        "div",
        "span",
        "table><tr><td",
        "ul><li",
        "blockquote",
        "b",
        "b><i",
        "a",
        "p",
        "custom-tag",
        "article",
        "font><p",
    ):
        opening = f"<{names}>" * 100_000
        closing = "".join(f"</{name}>" for name in reversed(names.split("><"))) * 100_000
        yield (
            f"nested <{names}>",
            made(lambda opening=opening, closing=closing: page.format(f"{article()}{opening}so{closing}{article()}")),
        )
        yield (
            f"nested <{names}> unclosed",
            made(lambda opening=opening: page.format(f"{article()}{opening}so{article()}")),
        )


def sizes(size: int, only: str) -> int:
    failed = 0
    print("| input | bytes | outcome | seconds | peak MiB |\n|---|---|---|---|---|", flush=True)
    for name, make in sized(size):
        if only not in name:
            continue
        reader = Reader(seconds=180, memory=12 * 2**30)  # a new one each time: its memory is its own
        given = make()
        outcome = reader.read(given)
        reader.end()
        failed += outcome.kind not in GOOD
        said = f"{outcome.kind} {outcome.detail}".strip().replace("|", "/")
        print(
            f"| {name} | {len(given.content):,} | {said} | {outcome.seconds:.1f} | {outcome.peak / 2**20:.0f} |",
            flush=True,
        )
    return int(bool(failed))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where inputs that fail are written")
    parser.add_argument("--only", default="", metavar="WORD", help="only the shapes or sizes with this in their name")
    parser.add_argument("--sizes", type=int, metavar="MB")
    parser.add_argument("paths", nargs="*", metavar="FILE OR FOLDER")
    options = parser.parse_args()
    if options.sizes:
        return sizes(options.sizes * 1_000_000, options.only)
    return fuzz(options.seconds, options.seed, options.paths, options.keep, options.only)


if __name__ == "__main__":
    raise SystemExit(main())
