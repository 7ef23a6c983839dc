"""What is mended in a page's element tree before its main text is looked for.

trafilatura reads well what is marked up well; each function here gives it one kind of page that is not.
All change the lxml tree in place.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from qa.readers.chrome import same_text


def open_layout_tables(tree: Any) -> None:
    """Make containers of tables that lay out the page and show no data: their cells hold headings and paragraphs.

    The cell with the most prose is the article, unless the page names one itself.
    """
    rooms = []
    for table in list(tree.iter("table")):
        inside = [element for element in table.iter(*_TABLE_PARTS) if next(element.iterancestors("table")) is table]
        cells = [element for element in inside if element.tag in ("td", "th")]
        if any(next(cell.iter("h1", "h2", "h3"), None) is not None or len(cell.findall("p")) >= 3 for cell in cells):
            rooms.extend(cells)
            for element in (table, *inside):
                element.tag = "div"
    if rooms and next(tree.iter("article", "main"), None) is None:
        prose = [sum(len(paragraph.text_content()) for paragraph in room.iterchildren("p")) for room in rooms]
        largest = max(prose)
        if largest > _MIN_ARTICLE:
            rooms[prose.index(largest)].tag = "article"


_TABLE_PARTS = ("thead", "tbody", "tfoot", "tr", "td", "th")


def leave_own_article(tree: Any, titles: Collection[str]) -> None:
    """Take other `article` elements out where exactly one holds the headline: they are teasers and comments.

    Those without a link are neither; a recipe may have its ingredients in one.
    """
    articles = list(tree.iter("article"))
    if len(articles) < 2:
        return
    keys = {same_text(title) for title in titles}
    heads = [head for head in tree.iter("h1", "h2") if same_text(head.text_content()) in keys]
    own = {id(holder): holder for head in heads if (holder := next(head.iterancestors("article"), None)) is not None}
    if len(own) != 1:
        return
    (holder,) = own.values()
    if len(holder.text_content()) < _MIN_ARTICLE:
        return  # a header of its own, with the body elsewhere
    around = {*holder.iterancestors(), *holder.iter("article")}
    for other in articles:
        if other not in around and other.getparent() is not None and next(other.iter("a"), None) is not None:
            other.drop_tree()


_MIN_ARTICLE = 500  # characters


def join_cut_body(tree: Any) -> None:
    """Make one container of a body that is cut into several alike, around advertisements: only the first would be read.

    Alike are elements with the same class and several paragraphs each, at the same depth of the page's only article.
    """
    articles = list(tree.iter("article"))
    if len(articles) != 1:
        return
    alike: dict[tuple[str, int], list[Any]] = {}
    for element in articles[0].iter("div", "section"):
        name = element.get("class")
        if name and sum(len(child.text_content()) > 80 for child in element.iterchildren("p")) >= 2:
            depth = sum(1 for _ in element.iterancestors())
            alike.setdefault((name, depth), []).append(element)
    for first, *others in alike.values():
        for other in others:
            for child in list(other):
                first.append(child)


def keep_quotes(tree: Any) -> None:
    """Take the class and id from quotations, and from what wraps nothing but them.

    Embedded posts are marked with the names that pages give their share buttons, and would go with those.
    """
    for quote in tree.iter("blockquote"):
        length = len(quote.text_content())
        element = quote
        while element is not None and length and not _longer(element, length + _WRAPPING):
            for name in ("class", "id"):
                element.attrib.pop(name, None)
            element = element.getparent()


_WRAPPING = 20  # characters; white space between the wrappers


def _longer(element: Any, length: int) -> bool:
    """Whether the element holds more text than this; stops reading there."""
    for text in element.itertext():
        length -= len(text)
        if length < 0:
            return True
    return False


def drop_hover_cards(tree: Any) -> None:
    """Take out what opens over a name in a sentence when the pointer rests there: a picture and links inside a span."""
    for card in list(tree.iter("span")):
        if (
            card.getparent() is not None
            and next(card.iterancestors("p"), None) is not None
            and next(card.iter("img"), None) is not None
            and len(list(card.iter("a"))) >= 2
        ):
            inside = [each for each in card.iterchildren("span") if next(each.iter("img"), None) is not None]
            (inside[0] if inside else card).drop_tree()


def wrap_loose_text(tree: Any) -> None:
    """Make paragraphs of text that stands in a container beside line breaks and inline markup.

    Two breaks in a row part paragraphs, as a browser shows them. Done to every page this brings in teasers and
    embedded posts that trafilatura rightly leaves out (precision .962 → .957 on 102 pages): only where it is needed.
    """
    for container in list(tree.iter("div", "section", "article", "main", "td", "center")):
        loose = len((container.text or "").strip()) + sum(len((child.tail or "").strip()) for child in container)
        if loose >= _LOOSE_TEXT:
            _wrap_runs(container)


_LOOSE_TEXT = 80  # characters; labels, counters and separators of menus stay below
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q s samp small span strike strong sub sup
    time tt u var wbr""".split()
)


def _wrap_runs(container: Any) -> None:
    """Put each run of text and inline elements of `container` that holds loose text into a `p` of its own."""
    children: list[Any] = []
    run: list[Any] = []  # elements with their tails, and at its head perhaps a str
    breaks = 0

    def close() -> None:
        nonlocal breaks
        while run and not isinstance(run[-1], str) and run[-1].tag == "br" and not (run[-1].tail or "").strip():
            run.pop()
        if any(isinstance(part, str) or (part.tail or "").strip() for part in run):
            paragraph = container.makeelement("p", {})
            for part in run:
                if isinstance(part, str):
                    paragraph.text = part
                else:
                    paragraph.append(part)
            children.append(paragraph)
        else:
            children.extend(run)
        run.clear()
        breaks = 0

    if (container.text or "").strip():
        run.append(container.text)
    container.text = None
    for child in list(container):
        container.remove(child)
        if child.tag == "br":
            breaks += 1
            run.append(child)
            if breaks > 1:
                text, child.tail = child.tail, None
                close()
                if (text or "").strip():
                    run.append(text)
            elif (child.tail or "").strip():
                breaks = 0
        elif child.tag in _INLINE and next(child.iterdescendants("p", "div", "ul", "ol", "table", "img"), None) is None:
            breaks = 0
            run.append(child)
        else:
            text, child.tail = child.tail, None
            close()
            children.append(child)
            if (text or "").strip():
                run.append(text)
    close()
    container.extend(children)
