"""Slips of spelling in a question, repaired by the words of the library.

A word is taken for a slip where no passage holds it, the model does not read it as one word (its vocabulary is a list
of the common ones), and a passage holds a word that is one slip away: a letter swapped with its neighbour, left out,
doubled or put in, or another in its place. In long words two slips are allowed. No word is guessed that no passage has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from qa import lexical
from qa.store import Store
from qa.types import Filters

_WORD = re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS = 5
_TWO_SLIPS_FROM = 8  # letters
_ALPHABETS = tuple((ord(first), ord(last)) for first, last in ("az", "ая", "αω", "ءي", "את", "աֆ", "აჰ"))
# Letters kept where two slips are looked for, so that a thousandth of the vocabulary is read.
_KEPT = 3
_MOST_TERMS, _MOST_PASSAGES = 8, 12  # that are looked at for the word itself


def repaired(question: str, known: Collection[tuple[int, int]], store: Store) -> str:
    """`question` with its slips repaired; `known` are the (start, end) in it of words that are none."""
    doubtful = [
        match
        for match in _WORD.finditer(question)
        if len(match[0]) >= _FEWEST_LETTERS and match.span() not in known and _alphabet(lexical.fold(match[0]))
    ]
    if not doubtful:
        return question
    languages = store.languages()
    forms = {match: lexical.question_terms(match[0], languages) for match in doubtful}
    held = store.passages_with_term([term for terms in forms.values() for term in terms])
    text = question
    for match in reversed(doubtful):
        if not any(term in held for term in forms[match]):
            text = text[: match.start()] + (_nearest(match[0], languages, store) or match[0]) + text[match.end() :]
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


def _nearest(written: str, languages: Collection[str | None], store: Store) -> str | None:
    """The word of a passage that `written` is a slip of, as the passage has it; None where there is none."""
    word = lexical.fold(written)
    terms: dict[str, None] = {}
    for language in _codes(languages):
        terms.update(dict.fromkeys(lexical.stems(list(_one_slip(word)), language)))
    held = store.passages_with_term(list(terms))
    found = _word_held(word, sorted(held, key=lambda term: -held[term]), 1, store)
    if found is None and len(word) >= _TWO_SLIPS_FROM:
        stems = {stem for language in _codes(languages) for stem in lexical.stems([word], language)}
        near = [
            term
            for stem in stems
            for term in store.terms_from(stem[:_KEPT], len(stem) - 2, len(stem) + 2)
            if distance(stem, term) <= 2
        ]
        found = _word_held(word, near, 2, store)
    return found


def _codes(languages: Collection[str | None]) -> Collection[str | None]:
    return languages or {None}


def _word_held(word: str, terms: Sequence[str], most: int, store: Store) -> str | None:
    """The nearest word with one of these terms that stands in a passage; the first among equals."""
    best: tuple[int, str] | None = None
    for term in terms[:_MOST_TERMS]:
        ids = [passage_id for passage_id, _ in store.search_terms([term], _MOST_PASSAGES, Filters())]
        for stored in store.stored_passages(ids).values():
            for match in _WORD.finditer(stored.passage.text):
                folded = lexical.fold(match[0])
                if folded[:1] == word[:1] and abs(len(folded) - len(word)) <= most:
                    far = distance(word, folded)
                    if far <= most and (best is None or far < best[0]):
                        best = far, match[0]
    return best[1] if best else None


def _one_slip(word: str) -> Iterator[str]:
    """Every word that is one slip away and begins with the same letter, or has its first two swapped."""
    first, last = _alphabet(word) or (0, -1)
    letters = [chr(code) for code in range(first, last + 1)]
    for i in range(1, len(word) + 1):
        start, end = word[:i], word[i:]
        yield from (f"{start}{letter}{end}" for letter in letters)
        if end:
            yield start + end[1:]
            yield f"{start[:-1]}{end[0]}{start[-1]}{end[1:]}"
            yield from (f"{start}{letter}{end[1:]}" for letter in letters)


def _alphabet(word: str) -> tuple[int, int] | None:
    """First and last letter, as code points, of the script of `word`; None for scripts that are not known here."""
    return next((pair for pair in _ALPHABETS if all(pair[0] <= ord(letter) <= pair[1] for letter in word)), None)
