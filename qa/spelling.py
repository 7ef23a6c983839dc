"""Slips of spelling in a question, repaired by the words of the library.

A word is taken for a slip where no passage holds it, the model does not read it as one word (its vocabulary is a list
of the common ones), and a passage in English holds a word that is one slip away: a letter swapped with its neighbour,
left out, doubled or put in. In long words another letter may stand in its place, or two slips are allowed: short words
that differ in one letter are mostly two words. Two slips are not looked for in a word that the model reads as two
pieces: mostly it is a right one that the passages lack ("stop|page" is no "storage"). No word is guessed that no
passage has. Other languages are left alone: the model's vocabulary does not say which of their words are right ("wann"
would become "wenn").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from string import ascii_lowercase

from qa import lexical
from qa.store import Store
from qa.types import Filters

_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS, _LONG = 5, 8
_REPAIRED = "en"
_PIECES_OF_A_WORD = 2  # that the model reads of a right word which is not common: "stop|page"
# Letters kept where two slips are looked for, so that a thousandth of the vocabulary is read.
_KEPT = 3
_MOST_TERMS, _MOST_PASSAGES = 8, 12  # that are looked at for the word itself


def repaired(question: str, pieces: Collection[tuple[int, int]], store: Store) -> str:
    """`question` with its slips repaired; `pieces` are the (start, end) in it of what the model reads of its words."""
    doubtful = [
        match
        for match in _WORD.finditer(question)
        if len(match[0]) >= _FEWEST_LETTERS and match.span() not in pieces and lexical.fold(match[0]).isascii()
    ]
    if not doubtful:
        return question
    languages = store.languages()
    if _REPAIRED not in languages:
        return question
    forms = {match: lexical.question_terms(match[0], languages) for match in doubtful}
    held = store.passages_with_term([term for terms in forms.values() for term in terms])
    text = question
    for match in reversed(doubtful):
        if not any(term in held for term in forms[match]):
            inside = sum(match.start() <= start and end <= match.end() for start, end in pieces)
            meant = _nearest(match[0], store, slips=1 if inside == _PIECES_OF_A_WORD else 2)
            text = text[: match.start()] + (meant or match[0]) + text[match.end() :]
    return text


def distance(one: str, other: str) -> int:
    """The fewest letters put in, left out or replaced, or neighbours swapped, from one word to the other.

    Optimal string alignment: Damerau, "A technique for computer detection and correction of spelling errors", 1964.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _nearest(written: str, store: Store, *, slips: int) -> str | None:
    """The word of a passage that is at most 1 or 2 `slips` away, as the passage has it; None where there is none."""
    word = lexical.fold(written)
    once = dict.fromkeys(_one_slip(word))
    if len(word) >= _LONG:
        once |= dict.fromkeys(_one_letter_replaced(word))
    held = store.passages_with_term(lexical.stems(list(once), _REPAIRED))
    found = _word_held(once.__contains__, sorted(held, key=lambda term: -held[term]), store)
    if found is None and slips > 1 and len(word) >= _LONG:
        (stem,) = lexical.stems([word], _REPAIRED)
        alike = store.terms_from(stem[:_KEPT], len(stem) - 2, len(stem) + 2)
        near = [term for term in alike if distance(stem, term) <= 2]
        found = _word_held(lambda other: other[:1] == word[:1] and distance(word, other) <= 2, near, store)
    return found


def _word_held(fits: Callable[[str], bool], terms: Sequence[str], store: Store) -> str | None:
    """The first word with one of these terms that stands in a passage and fits, once folded."""
    for term in terms[:_MOST_TERMS]:
        ids = [passage_id for passage_id, _ in store.search_terms([term], _MOST_PASSAGES, Filters())]
        passages = [stored.passage for stored in store.stored_passages(ids).values()]
        written_in = store.languages_of([passage.article_id for passage in passages])
        for passage in passages:
            if written_in.get(passage.article_id) == _REPAIRED:
                for match in _WORD.finditer(passage.text):
                    if fits(lexical.fold(match[0])):
                        return match[0]
    return None


def _one_slip(word: str) -> Iterator[str]:
    """Every word with a letter swapped, left out or put in; the first letter stays, or is swapped with the second."""
    for i in range(1, len(word) + 1):
        start, end = word[:i], word[i:]
        yield from (f"{start}{letter}{end}" for letter in ascii_lowercase)
        if end:
            yield start + end[1:]
            yield f"{start[:-1]}{end[0]}{start[-1]}{end[1:]}"


def _one_letter_replaced(word: str) -> Iterator[str]:
    for i in range(1, len(word)):
        yield from (f"{word[:i]}{letter}{word[i + 1 :]}" for letter in ascii_lowercase)
