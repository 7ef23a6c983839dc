"""Captions of figures and tables, which trafilatura leaves out, put where the page has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qa.blocks import Piece, one_line
from qa.readers.chrome import same_text
from qa.readers.markup import UNSEEN
from qa.readers.markup import tags as markup_tags

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag


def _caption(text: str) -> str:
    """A caption without the label that screen readers get and without the credit at its end."""
    return _CREDIT_AT_END.sub("", _CAPTION_LABEL.sub("", one_line(text))).strip()


_CAPTION_LABEL = re.compile(r"^(?:image caption|image source|caption|media caption|\d+ of \d+)\b[:.]?\s*", re.I)
_CREDIT_AT_END = re.compile(
    r"\s*(?:\((?:(?:photo|image|picture|foto|source|credit)\b[^()]{0,80}|ap|afp|reuters)\)|(?:image |"
    r"photo )?credit(?:\.\.\.|:)[^.]{0,60}$|"
    r"(?<=[.!?])\s+(?:photo(?:graph)?|image|picture|illustration|foto|bild)\s?:[^.]{0,60}$|"
    r"\bphoto(?:graph)? by [^.]{0,60}\.?$)",
    re.I,
)
# "Photograph: Jane Doe/Agency": who made a picture, nothing of what it shows
_CREDIT = re.compile(
    r"\W*(?:(?:photo(?:graph)?s?|images?|pictures?|credits?|source|illustration|courtesy|foto|bild|"
    r"crédits?)\b[^.]{0,80}|[^.]{0,60}\b(?:getty images|reuters|afp|shutterstock|istock))\W*$",
    re.I,
)


def with_captions(pieces: list[Piece], soup: BeautifulSoup) -> list[Piece]:
    """`pieces` with the captions of the body's figures and tables, each where the page has it.

    The place is found by reading the page once more as one long string without spaces: a caption
    belongs after the last piece that the string holds before it. Only those between the first and the
    last piece count, so that pictures of teasers around the article do not bring theirs.
    """
    tags = _caption_tags(soup)
    if not tags or not pieces:
        return pieces
    whole, captions = _stream(soup, tags)
    places: list[int] = []
    at = 0
    for piece in pieces:
        key = same_text(piece.text)
        found = whole.find(key, at) if key else -1
        if found >= 0:
            at = found + 1
        places.append(found if found >= 0 else (places[-1] if places else -1))
    first, last = next((place for place in places if place >= 0), 0), at
    texts = {same_text(text) for _, text, _ in captions}
    once = {same_text(text): (place, text) for place, text, _ in reversed(captions)}  # slide shows repeat them
    waiting = [
        (place, text)
        for place, text, sure in captions
        if sure and first < place <= last and not _CREDIT.match(text) and once[same_text(text)] == (place, text)
    ]
    result: list[Piece] = []
    for place, piece in zip(places, pieces, strict=True):
        while waiting and waiting[0][0] <= place:
            result.append(Piece("caption", waiting.pop(0)[1]))
        if same_text(piece.text) not in texts:
            result.append(piece)
        elif not any(same_text(text) == same_text(piece.text) for _, text in waiting) and same_text(piece.text) != (
            same_text(result[-1].text) if result else ""
        ):
            result.append(Piece("caption", piece.text))
    result.extend(Piece("caption", text) for _, text in waiting)
    return result


def _caption_tags(soup: BeautifulSoup) -> dict[int, tuple[Tag, bool]]:
    """Elements that caption a figure or table by id, and whether the markup says so or only looks like it.

    What only looks like it, the small print of a paragraph under its picture, is a caption where
    trafilatura has it in the text anyway.
    """
    tags = {id(tag): (tag, True) for tag in markup_tags(soup, "figcaption", "caption")}
    for tag in markup_tags(soup, "p", "div", "span", "dd", class_=_CAPTION_CLASS):
        if not tag.find(["p", "div", "img", "figure"]) and not tag.find_parent(["figcaption", "figure"]):
            tags[id(tag)] = (tag, False)
    holders = (picture.find_parent(["p", "div", "td", "figure"]) for picture in markup_tags(soup, "img"))
    for holder in {id(each): each for each in holders if each is not None and each.name == "p"}.values():
        if holder.find(["font", "i", "em", "small", "span"]) and len(holder.get_text(" ", strip=True)) < 300:
            tags[id(holder)] = (holder, False)
    return tags


_CAPTION_CLASS = re.compile(
    r"(?:^|[-_ ])(?:caption|cap|legend|bildunterschrift|pie-de-foto)(?:$| |[-_](?:text|content|body))", re.I
)


def _stream(soup: BeautifulSoup, tags: dict[int, tuple[Tag, bool]]) -> tuple[str, list[tuple[int, str, bool]]]:
    """The page's text without spaces and case, and where in it each caption begins."""
    from bs4.element import NavigableString, Tag

    parts: list[str] = []
    captions: list[tuple[int, str, bool]] = []
    position = 0
    for node in soup.descendants:
        if isinstance(node, Tag):
            if id(node) in tags and (text := _caption(node.get_text(" "))):
                captions.append((position, text, tags[id(node)][1]))
        elif type(node) is NavigableString and not (node.parent and node.parent.name in UNSEEN):
            key = same_text(node)
            parts.append(key)
            position += len(key)
    return "".join(parts), captions
