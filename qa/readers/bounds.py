"""A page's markup made fit for parsers: what nobody reads is cut out, nesting is flattened, what is too large refused.

Readers of trees take time with every element, and with its depth; a page that a browser saved as one file is mostly
pictures and scripts written into it, and libxml2 stops reading such a page in the middle. All of this is done to the
markup before anything is parsed, in time in proportion to its length.
"""

from __future__ import annotations

import re
from collections import Counter

from qa.errors import SourceError

# What is read in about a minute and 1 GiB, whatever the page. Of 1,135 real pages the largest have 20,000 tags and 1.6
# million characters. Time grows with the square of the tags in trafilatura.
MAX_CHARACTERS = 20_000_000
MAX_TAGS = 250_000
_MAX_STRETCH = 9_900_000  # bytes without a tag: libxml2 drops longer ones

DEPTH = 300  # elements inside one another; real pages stay below 100, and readers of trees are slow on deeper ones

_LONG = 1000  # characters; shorter scripts and pictures cost nothing
_SKIPPED = re.compile(r"<(?:(?P<comment>!--)|(?P<name>script|style)(?=[\s/>])(?P<attributes>[^<>]{0,2000})>)", re.I)
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.I) for name in ("script", "style")}
# Pictures, fonts and frames written into an attribute: https://www.rfc-editor.org/rfc/rfc2397
_DATA = re.compile(rf"data:[\w/+.;=-]{{0,100}},[^\s\"'<>()]{{{_LONG},}}", re.I)
# Written-out control characters, which no parser of XML takes back: one of them costs a page its second opinions.
_CONTROL = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])(?!\d)|x0*(?:[0-8bcef]|1[0-9a-f])(?![0-9a-f]));?", re.I)

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,60})([^<>]*)>")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
# What ends an element that was not closed: the next of its kind, https://html.spec.whatwg.org/#optional-tags
_ENDS_BEFORE = {
    "li": frozenset(("li",)),
    "dt": frozenset(("dt", "dd")),
    "dd": frozenset(("dt", "dd")),
    "option": frozenset(("option",)),
    "td": frozenset(("td", "th")),
    "th": frozenset(("td", "th")),
    "tr": frozenset(("td", "th", "tr")),
}
_ENDS_PARAGRAPH = frozenset(
    """
    address article aside blockquote center details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    header hr li main nav ol p pre section table ul dt dd td th tr
    """.split()
)

# An end tag closes what is open inside its element, but nothing that ranks above it: "</b>" ends no <div>.
_RANK = {"div": 1, "td": 2, "th": 2, "tr": 3, "thead": 4, "tbody": 4, "tfoot": 4, "table": 5, "body": 6, "html": 7}

_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6".split())  # kept a little deeper: they part the text


def bounded(html: str, where: str) -> str:
    """`html` without long scripts, styles and embedded data, and without tags nested deeper than DEPTH.

    The text stays, but for control characters. Raises SourceError where more is left than MAX_CHARACTERS or MAX_TAGS;
    `where` is for the message.
    """
    html = _DATA.sub("data:,", _without_scripts(_CONTROL.sub("", html)))
    tags = 0
    if len(html) <= MAX_CHARACTERS:
        html = _shallow(html)
        tags = sum(1 for _ in re.finditer(r"<[a-zA-Z/]", html))
    if len(html) > MAX_CHARACTERS or tags > MAX_TAGS:
        raise SourceError(
            f"{where} is a page of {len(html):,} characters{f' and {tags:,} tags' if tags else ''} without its scripts "
            f"and pictures; up to {MAX_CHARACTERS:,} and {MAX_TAGS:,} tags are read: save it in parts, or as text"
        )
    if len(html) > _MAX_STRETCH // 4 and any(len(part.encode()) > _MAX_STRETCH for part in html.split("<")):
        raise SourceError(f"{where} has a stretch of text of more than {_MAX_STRETCH:,} bytes; save it as text")
    return html


def _without_scripts(html: str) -> str:
    """`html` with nothing in its long scripts and styles; JSON-LD stays, as do scripts inside comments."""
    parts: list[str] = []
    done = position = 0
    unclosed: set[str] = set()
    while match := _SKIPPED.search(html, position):
        name = (match["name"] or "").lower()
        if match["comment"]:
            end = html.find("-->", match.start() + 2)
        elif name in unclosed:
            end = -1
        else:
            closing = _ENDS[name].search(html, match.end())
            end = closing.start() if closing else -1
            if closing is None:
                unclosed.add(name)
        if end < 0:
            if match["comment"]:
                break
            position = match.end()
            continue
        if name and end - match.end() > _LONG and "ld+json" not in match["attributes"].lower():
            parts.append(html[done : match.end()])
            done = end
        position = end
    return "".join([*parts, html[done:]])


def _shallow(html: str) -> str:
    """`html` without the tags that are nested deeper than DEPTH, as libxml2 nests them."""
    open_names: list[str] = []
    counts: Counter[str] = Counter()  # of the open elements, by name
    dropped: Counter[str] = Counter()  # of the tags left out and not closed yet
    parts: list[str] = []
    done = inside = 0  # inside of how many tags left out
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _VOID:
            continue
        if match[1]:
            drop = dropped[name] > 0
            if drop:
                dropped[name] -= 1
                inside -= 1
            elif counts[name]:
                rank = _RANK.get(name, 0)
                above = next(n for n, other in enumerate(reversed(open_names)) if other == name)
                if above == 0 or all(_RANK.get(other, 0) <= rank for other in open_names[-above:]):
                    counts.subtract(open_names[-above - 1 :])
                    del open_names[-above - 1 :]
        else:
            if open_names and open_names[-1] == "p" and name in _ENDS_PARAGRAPH:
                counts[open_names.pop()] -= 1
            while not inside and open_names and open_names[-1] in _ENDS_BEFORE.get(name, ()):
                counts[open_names.pop()] -= 1
            # Items and cells of a list or table that was left out are of no list: they would pile up in the one around
            drop = len(open_names) >= DEPTH + 2 * (name in _PARAGRAPHS) or (inside > 0 and name in _ENDS_BEFORE)
            if drop:
                dropped[name] += 1
                inside += 1
            else:
                open_names.append(name)
                counts[name] += 1
        if drop:
            parts.extend((html[done : match.start()], " "))
            done = match.end()
    return "".join([*parts, html[done:]])
