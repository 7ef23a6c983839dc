"""What on a page is not the article: its headline again, bylines, menus, promotions, "related" lists.

Rules are few and general, and name no site. Each looks at a line by itself; where a rule applies (only
at the head, only at the tail) is decided by its caller, because the same words are text elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from qa.blocks import Piece
from qa.readers.dates import iso_day, says_only_when

_SENTENCE_END = re.compile(r"[.!?…。！？؟।][\"'”’»)\]]*$")
_ALNUM = re.compile(r"[\W_]+")

_BYLINE = re.compile(
    r"^(?:(?:an?\s+)?(?:article|essay|story|report|column|review|text|words|reporting)\s+)?(?:by|written by|"
    r"posted by|authors?|von|por|par|di|door|autor(?:in)?|auteur|autore|текст|автор)"
    r"\s*:?\s+(?=[^\W\d_])(?P<names>.+)$",
    re.I,
)
# A promotion speaks to the reader about the site, in the imperative, or is a label of one.
_PROMOTION = re.compile(
    r"^(?:[\W_]*)(?:"
    r"(?:please\s+)?(?:follow|join|find|like|contact|tweet|email|e-mail)\s+(?:us|me|him|her|them|"
    r"@?\w+(?:\s\w+)?)\s+(?:on|at|via|in)\b|"
    r"(?:click|tap|swipe)\s+(?:here|on|through|below)\b|"
    r"(?:sign|log)\s?-?(?:up|in)\s+(?:for|to|here|now)\b|subscribe\b|unsubscribe\b|join\s+(?:the|"
    r"our)\s+\w+\s+(?!.{0,200}\.\s.{0,200}\.\s).{0,60}\b(?:address|e-?mail|newsletter|list|today|now)\b|"
    r"register\s+(?:for|to|now|here)\b|"
    r"(?:get|receive)\s+(?:the|our|all|more|breaking|daily|weekly|exclusive)\b.{0,60}\b(?:newsletters?|inbox|"
    r"e-?mail|app|alerts?|delivered)\b|"
    r"download\s+(?:our|the)\b.{0,40}\bapp\b|"
    r"(?:share|print|e-?mail|save|comment|tweet|pin)\s*(?:this|on|via|article|story|$|:|\|)|"
    r"(?:see|read)\s+also\b[^:.]{0,40}:|"
    r"(?:read|see|watch|listen|more|also\s+read|read\s+also|read\s+next|see\s+also|related|up\s+next|"
    r"don'?t\s+miss|recommended)"
    r"(?:\s+(?:more|next|also|now|on|from|about|articles?|stories|posts?|content|reading|links?|topics?|coverage|"
    r"news|full|the full story))*\s*(?::|\||»|>|→|$)|"
    r"(?:have|got)\s+(?:a|any|something)\b.{0,40}\b(?:tips?|story|stories|news)\b.{0,60}\?|"
    r"do\s+you\s+(?:have|know)\b.{0,60}\b(?:story|tips?|information)\b|"
    r"(?:©|\(c\)|copyright\b|all\s+rights\s+reserved)|"
    r"(?:this\s+(?:article|story|post|piece)\s+(?:was|is|has\s+been)\s+(?:originally|first|also)\s+(?:published|"
    r"posted|appeared)|originally\s+(?:published|posted)\s+(?:on|at|by|in))|"
    r"(?:tags?|filed\s+under|topics?|categor(?:y|ies)|posted\s+in|keywords?)\s*:|"
    r"(?:advertisement|advertising|sponsored(?:\s+content)?|promoted|anzeige|werbung|publicidad|publicité|"
    r"pubblicità)\W*$|"
    r"(?:leave|post|add|write)\s+(?:a|your)\s+(?:comment|reply)|(?:\d+\s+)?comments?\W*(?:\d+\W*)?$|"
    r"(?:this\s+(?:web)?site|we)\s+uses?\s+cookies|"
    r"(?:image|photo|picture)\s+(?:credits?|source)\s*:|"
    r"(?:folgen\s+sie|lesen\s+sie\s+auch|mehr\s+zum\s+thema|lee\s+también|te\s+puede\s+interesar|síguenos|"
    r"suscr[ií]b|à\s+lire\s+aussi|"
    r"lire\s+aussi|abonnez|suivez-nous|leggi\s+anche|iscriviti|lees\s+ook|leia\s+(?:também|mais)|assine)\b"
    r")",
    re.I,
)
# Headings that open what follows an article.
_AFTERWORD = re.compile(
    r"^(?:related(?:\s+(?:posts?|articles?|stories|content|news|topics?|links?|reading|coverage))?|"
    r"popular(?:\s+(?:posts?|articles?|stories|now))?|"
    r"most\s+(?:popular|read|viewed|shared)\b.{0,30}|trending(?:\s+now)?|recommended(?:\s+(?:for you|reading|"
    r"stories|articles))?|"
    r"(?:you\s+(?:may|might)\s+also\s+(?:like|enjoy|be interested in))|more\s+(?:from|on|in|stories|news|"
    r"articles?|like this)\b.{0,40}|read\s+(?:more|next|also)|up\s+next|"
    r"latest(?:\s+(?:news|posts?|articles?|stories|from\b.{0,30}))?|recent\s+(?:posts?|articles?|comments?|"
    r"stories)|editor'?s?'?\s+picks?|"
    r"what\s+to\s+read\s+next|also\s+(?:read|on\b.{0,30})|see\s+also|share\s+(?:this|on)\b.{0,30}|"
    r"leave\s+a\s+(?:comment|reply)|(?:\d+\s+)?comments?|"
    r"about\s+the\s+authors?|newsletter|subscribe|follow\s+us|advertisement|tags|topics|categories|"
    r"mehr\s+zum\s+thema|das\s+könnte\s+sie\s+auch\s+interessieren|meistgelesen|ähnliche\s+artikel|verwandte\s+artikel|"
    r"art[ií]culos\s+relacionados|relacionad[oa]s|(?:noticias|notas|entradas)\s+relacionadas|lo\s+más\s+(?:leído|visto)|"
    r"también\s+te\s+puede\s+interesar|"
    r"articles?\s+(?:similaires|liés|récents)|à\s+lire\s+aussi|les\s+plus\s+lus|sur\s+le\s+même\s+sujet|"
    r"articoli\s+correlati|leggi\s+anche|i\s+più\s+letti|artigos\s+relacionados|mais\s+lidas|leia\s+também|"
    r"gerelateerd|lees\s+ook|meest\s+gelezen)"
    r"\W*$",
    re.I,
)
# Counts and labels beside a headline: "722 views", "5 min read", "Share".
_COUNTER = re.compile(
    r"^\W*(?:tempo de leitura:\s*|lesezeit:\s*|reading time:\s*)?(?:[\d.,]+\s*[km]?\s*)?(?:views?|shares?|"
    r"comments?|likes?|reads?|votes?|(?:-?\s*)min(?:ut[eoi]n?)?s?(?:\s+(?:read|de lectura|de lecture|lesezeit))?|"
    r"listen|save|share|print|e-?mail|copy\s+link)\W*$",
    re.I,
)


def same_text(text: str) -> str:
    """What is left of `text` when case, punctuation and spaces do not matter."""
    return _ALNUM.sub("", text).casefold()


def ends_a_sentence(text: str) -> bool:
    return bool(_SENTENCE_END.search(text))


def byline_names(text: str) -> str | None:
    """The names on a line that says who wrote the article ("By Jane Doe and Ali Roe"), else None."""
    match = _BYLINE.match(text)
    if (
        not match
        or len(text.split()) > 14
        or len(text) > 120
        or _SENTENCE_END.search(re.sub(r"\b\w{1,3}\.$", "", text))
    ):
        return None
    names = match["names"].strip()
    return names if names[:1].isupper() or not names[:1].isascii() else None


def is_promotion(text: str) -> bool:
    return (len(text) <= 300 and bool(_PROMOTION.match(text))) or (len(text) <= 350 and bool(_SIGN_UP.search(text)))


# What else is in the line does not matter: "There is more where that came from. Sign up for the daily newsletter"
_SIGN_UP = re.compile(
    r"\b(?:sign(?:ing)?[ -]?up|subscribe|register)\b.{0,120}"
    r"\b(?:newsletters?|inbox|e-?mails?|alerts?|briefing|podcast)\b|"
    r"\b(?:newsletters?|alerts)\b.{0,80}\b(?:sign up|subscribe|delivered|inbox)\b|"
    r"\bdelivered\b.{0,60}\b(?:inbox|letterbox|mailbox)\b",
    re.I,
)


def is_afterword(text: str) -> bool:
    """Whether a heading opens what comes after an article: related posts, comments, popular."""
    return len(text) <= 70 and bool(_AFTERWORD.match(text))


def is_counter(text: str) -> bool:
    return len(text) <= 40 and bool(_COUNTER.match(text))


def is_disclaimer(text: str) -> bool:
    """Whether a line says whose opinions an article holds: the publisher's words, not the author's."""
    return len(text) <= 400 and bool(_DISCLAIMER.search(text))


_DISCLAIMER = re.compile(
    r"\b(?:views?|opinions?)\b.{0,80}\bexpressed\b.{0,80}\b(?:author|contributor|writer|own|solely|alone)|"
    r"\b(?:views?|opinions?)\b.{0,60}\b(?:do(?:es)?\s+not|don'?t)\s+(?:necessarily\s+)?(?:reflect|represent)",
    re.I,
)


def drop_head(pieces: Sequence[Piece], *, titles: Iterable[str], authors: Iterable[str]) -> list[Piece]:
    """`pieces` without the headline, byline and date that a body repeats before its first prose.

    They are metadata; in a passage they would only be quoted instead of the article. A headline that
    comes once more after prose begins the page anew (a second rendering, the next article): that ends it.
    """
    title_keys = {key for key in map(same_text, titles) if key}
    author_keys = {key for key in map(same_text, authors) if key}
    kept: list[Piece] = []
    prose = headline = False
    for number, piece in enumerate(pieces):
        if not prose and number < _HEAD_PIECES and piece.kind in ("heading", "paragraph", "item", "quote"):
            if _repeats_head(piece.text, title_keys, author_keys):
                headline = headline or same_text(piece.text) in title_keys
                continue
        elif (
            prose
            and piece.kind == "heading"
            and piece.level == 1
            and len(piece.text) > 15
            and same_text(piece.text) in title_keys
        ):
            if headline:
                break
            headline = True  # what came before it was a deck or a slide show
            continue
        prose = prose or _is_prose(piece)
        kept.append(piece)
    return kept


_HEAD_PIECES = 8
_PROSE = 120  # characters; a shorter line may still be a byline, a label or a deck


def _is_prose(piece: Piece) -> bool:
    return piece.kind in ("paragraph", "quote", "item") and len(piece.text) > _PROSE and piece.linked < 0.5


def _repeats_head(text: str, title_keys: set[str], author_keys: set[str]) -> bool:
    key = same_text(text)
    if not key or key in title_keys or key in author_keys:
        return True
    if says_only_when(text) or byline_names(text) or is_counter(text):
        return True
    if len(text) >= 120 or ends_a_sentence(text):
        return False
    date = iso_day(text, day_first=True)
    if date and len(text.split()) <= 9 and _SET_OFF.search(text):
        return True  # "Jane Doe | 3 May 2020"
    if len(_LABEL_COLON.findall(text)) >= 2 and date:
        return True  # "3 May 2020 - Posted by: Jane Doe - Category: News"
    # "Jane Doe, BBC News, Berlin": the authors' names and little beside them
    without = key
    for author in author_keys:
        without = without.replace(author, "")
    return len(without) < len(key) and len(without) <= 30


_SET_OFF = re.compile(r"\s[|•·/–—-]\s")
_LABEL_COLON = re.compile(r"[^\W\d_]:\s")


def drop_pointers(pieces: Sequence[Piece]) -> list[Piece]:
    """`pieces` without what only points elsewhere: link-only lines, "Read more: …", lists under "Related".

    A link that stands between the halves of a sentence, torn apart by the page's markup, is text; so is
    a paragraph of prose that happens to be one link, and a linked heading with text under it.
    """
    kept: list[Piece] = []
    related = False  # under a heading such as "Related posts"
    for number, piece in enumerate(pieces):
        after = pieces[number + 1] if number + 1 < len(pieces) else None
        if is_afterword(piece.text) and piece.kind in ("heading", "paragraph"):
            related = True
            continue
        related = related and (piece.linked > 0.5 or (piece.kind != "paragraph" and len(piece.text) < _PROSE))
        if (
            related
            or _is_teaser(piece)
            or (piece.linked > 0.4 and is_promotion(piece.text))
            or _ADDRESS.match(piece.text)
        ):
            continue
        if piece.linked > 0.9:
            if (
                piece.kind in ("paragraph", "quote")
                and not _linked_prose(piece)
                and not _torn(kept[-1] if kept else None, after)
            ):
                continue
            if piece.kind == "heading" and (after is None or (after.linked > 0.9 and after.kind != "paragraph")):
                continue
        kept.append(piece)
    return _without_link_lists(kept)


def _without_link_lists(pieces: list[Piece]) -> list[Piece]:
    """`pieces` without lists of nothing but links, unless they are most of the page."""
    linked: dict[int, bool] = {}
    for piece in pieces:
        if piece.kind == "item" and piece.group:
            linked[piece.group] = linked.get(piece.group, True) and piece.linked > 0.9
    several = Counter(piece.group for piece in pieces)
    lists = {group for group, whole in linked.items() if whole and several[group] > 1}
    size = sum(len(piece.text) for piece in pieces)
    if sum(len(piece.text) for piece in pieces if piece.group in lists) > _MOST_LINKS * size:
        return pieces
    return [piece for piece in pieces if piece.group not in lists]


_MOST_LINKS = 0.3  # of the text: a page of links with a word on each is an article of its kind


def _is_teaser(piece: Piece) -> bool:
    """Whether a line is a label and a linked headline, "Also on these pages: Why seeds keep", in any language."""
    label, colon, headline = piece.text.partition(":")
    unlinked = len(piece.text) * (1 - piece.linked)
    return (
        piece.kind in ("paragraph", "quote", "heading")
        and bool(colon)
        and len(label) <= 40
        and len(headline.split()) >= 3
        and not piece.text.endswith(".")
        and abs(len(label) + 1 - unlinked) <= 4
    )


def _linked_prose(piece: Piece) -> bool:
    """Whether a linked stretch is text all the same: longer than any headline, or a whole sentence."""
    return len(piece.text) >= 200 or (len(piece.text) >= 80 and piece.text[-1] == ".")


_ADDRESS = re.compile(r"(?:https?://\S+|(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d\S*)$")  # a bare URL or machine's time of day


def _torn(before: Piece | None, after: Piece | None) -> bool:
    """Whether a sentence runs on across the line between these two pieces."""
    if after is not None and after.kind == "paragraph" and (after.text[0].islower() or after.text[0] in ",.;)"):
        return True
    return (
        before is not None and before.kind == "paragraph" and (before.text[-1].isalnum() or before.text[-1] in ",;–—-(")
    )


def trim_tail(pieces: Sequence[Piece]) -> list[Piece]:
    """`pieces` without what trails the last prose: link lines, promotion lines, headings of nothing."""
    kept = list(pieces)
    while kept:
        last = kept[-1]
        if (
            last.kind == "heading"
            or (last.linked > 0.8 and not _linked_prose(last))
            or is_promotion(last.text)
            or is_afterword(last.text)
            or is_counter(last.text)
            or is_disclaimer(last.text)
            or (last.kind == "paragraph" and len(last.text) <= 40 and last.text[-1] in ":,")
            or says_only_when(last.text)
        ):
            kept.pop()
        else:
            break
    return kept or list(pieces)


def mark_headings(pieces: Sequence[Piece]) -> list[Piece]:
    """`pieces` of a page that marks no heading, with short lines between paragraphs of prose as headings."""
    marked: list[Piece] = []
    for number, piece in enumerate(pieces):
        between = 0 < number < len(pieces) - 1 and _is_sentence(pieces[number - 1]) and _is_sentence(pieces[number + 1])
        if between and piece.kind == "paragraph" and len(piece.text) <= 80 and _NO_HEADING.search(piece.text) is None:
            piece = Piece("heading", piece.text, 2, piece.linked)
        marked.append(piece)
    return marked


_NO_HEADING = re.compile(r"^[^\w\"'“‘¿¡]|^[a-z]|[.,;:!…\"”’»)]$")


def _is_sentence(piece: Piece) -> bool:
    return piece.kind == "paragraph" and len(piece.text) > 60 and ends_a_sentence(piece.text)
