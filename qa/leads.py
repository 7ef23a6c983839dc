"""What a list item or a table row leans on: the line that leads into its list, or its table's column heads.

"The talks had three aims:" says of an item what it is one of, and "Year | Samples" what the numbers of a row are.
Passages keep the place of that line for each of their spans, so that it is embedded, searched and shown with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from qa.sentences import sentence_ends
from qa.types import Article, Block, Citation

Span = tuple[int, int]

# A longer line is a paragraph that happens to end in a colon; in front of each passage it would crowd out the text.
_LONGEST = 400  # characters
COLONS = (":", "：")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_STOPS = frozenset(".,;:!?…。；！？")
_BULLET = re.compile(r"^\s*[-*+•]\s+")
_CELL_BORDER = re.compile(r"\s*\|\s*")


def leads(article: Article, blocks: Sequence[Block]) -> Iterator[Span | None]:
    """For each block, the place in the article's text of what it leans on, None where it stands by itself.

    An item leans on the item above it in rank, else on the sentence before the list where that ends in a colon.
    A row leans on the head rows before it.
    """
    heads: Span | None = None
    into: Span | None = None
    above: list[Block] = []
    before: Block | None = None
    for block in blocks:
        if not article.text[block.start : block.end].strip():
            yield None
            continue
        goes_on = before is not None and before.kind == block.kind and _touch(article.text, before, block)
        lead = None
        if block.kind == "row":
            if block.level == 1:
                several = goes_on and heads is not None and before is not None and before.level == 1
                heads = (heads[0] if several and heads else block.start, block.end)
            elif goes_on:
                lead = heads
            else:
                heads = None
        elif block.kind == "item":
            if not goes_on:
                into, above = _lead_in(article, before), []
            while above and above[-1].level >= block.level:
                above.pop()
            lead = (above[-1].start, above[-1].end) if above else into
            above.append(block)
        yield lead if lead and lead[1] - lead[0] <= _LONGEST else None
        before = block


def read_out(citations: Sequence[Citation]) -> list[str]:
    """Each quote on one line as it reads by itself: after its list's lead-in, or with its cells under their heads.

    A lead-in is said once for quotes that follow one another.
    """
    said: list[str] = []
    before: Citation | None = None
    for citation in citations:
        quote = _with_cuts(citation, _one_line(citation.quote))
        again = before is not None and (before.article_id, before.lead) == (citation.article_id, citation.lead)
        if not citation.lead or (again and "|" not in citation.lead):
            said.append(quote)
        else:
            said.append(_labelled(citation.lead, quote))
        before = citation
    return said


def word_for_word(citations: Sequence[Citation]) -> list[str]:
    """Each quote but for its white space as it stands, after what it leans on: once for quotes that follow one another.

    A list that is quoted whole has a line for each item, anything else is on one line. "…" stands where a sentence goes
    on that is quoted in part.
    """
    said: list[str] = []
    before: Citation | None = None
    for citation in citations:
        lines = [" ".join(line.split()) for line in citation.quote.splitlines() if line.strip()]
        quote = _with_cuts(citation, ("\n" if lines[:1] and lines[0].endswith(COLONS) else " ").join(lines))
        lead = " ".join(citation.lead.split())
        again = before is not None and (before.article_id, before.lead) == (citation.article_id, citation.lead)
        said.append(quote if again or not lead else f"{lead} {quote}" if lead.endswith(COLONS) else f"{lead}: {quote}")
        before = citation
    return said


def _with_cuts(citation: Citation, quote: str) -> str:
    return f"{'… ' if citation.cut_before else ''}{quote}{' …' if citation.cut_after else ''}"


def _touch(text: str, before: Block, block: Block) -> bool:
    """Whether two items or rows are of one list or table: no blank line parts them, or a bullet does too."""
    gap = text[before.end : block.start]
    return not _BLANK_LINE.search(gap) or (block.kind == "item" and not gap.isspace())


def _lead_in(article: Article, block: Block | None) -> Span | None:
    """The last sentence of the block before a list, where it ends in a colon."""
    if block is None or block.kind not in ("paragraph", "quote", "caption"):
        return None
    text = article.text[block.start : block.end].rstrip()
    if not text.endswith(COLONS):
        return None
    start = block.start + max(sentence_ends(text, article.language), default=0)
    end = block.start + len(text)
    return start + len(article.text[start:end]) - len(article.text[start:end].lstrip()), end


def _one_line(quote: str) -> str:
    """A quote on one line; the items of a list that is quoted whole are parted by semicolons."""
    first, *lines = quote.splitlines() or [""]
    if not first.rstrip().endswith(COLONS):
        return " ".join(quote.split())
    items = [" ".join(_BULLET.sub("", line).split()) for line in lines if line.strip()]
    parted = [
        item if item[-1:] in _STOPS or number == len(items) else f"{item};" for number, item in enumerate(items, 1)
    ]
    return " ".join([" ".join(first.split()), *parted])


def _labelled(lead: str, quote: str) -> str:
    heads, cells = _cells(lead.splitlines()[-1]), _cells(quote)
    if len(heads) > 1:
        if len(cells) == len(heads) + 1:
            heads = ["", *heads]  # the column of row names has no head
        if len(cells) == len(heads):
            pairs = zip(heads, cells, strict=True)
            return " | ".join(f"{head}: {cell}" if head else cell for head, cell in pairs if cell)
    said = " ".join(lead.split())
    return f"{said} {quote}" if said.endswith(COLONS) else f"{said}: {quote}"


def _cells(row: str) -> list[str]:
    return _CELL_BORDER.split(" ".join(row.split()).strip("| "))
