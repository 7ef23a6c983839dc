"""Words to search terms, for BM25: folded, stemmed by language, bigrams where words are not spaced.

The terms are what the store's full-text index holds, so that passage and question meet in the same form.
Among the candidates that they find, `form_scores` then weighs the letters themselves: a stem says nothing of the
parts of a compound, of words that are nearly alike, and of words that stand side by side.
"""

from __future__ import annotations

import functools
import itertools
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import Stemmer
from numpy.typing import NDArray

from qa.function_words import ENGLISH
from qa.postings import saturated

# Changes whenever `terms` gives other terms for the same text: a library then rebuilds its full-text index.
VERSION = "2"

# Indic vowel signs are no word characters to Python, yet part of the word
_WORD = re.compile(r"[\w\u0900-\u0dff]+")
_UNSPACED_RUN = re.compile(r"[぀-ヿ㐀-鿿฀-๿]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_GRAM = 4  # characters, of 16 bits each a number of 64
_HASH_BITS = 12
_TELLING = 4  # letters: shorter words of languages whose function words are not listed are taken for such
# What a form score counts beside BM25 over the terms: 0.3 to 0.8 are alike on squadshifts-amazon and -reddit
# (first passages right in 100 of their questions, words alone: 39.8 and 54.0 without, 44.5 and 59.2 with 0.5).
FORM_WEIGHT = 0.5
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian", "ne": "nepali", "nl": "dutch",
    "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_lock = threading.Lock()  # a Stemmer is not safe for several threads at once


def fold(text: str) -> str:
    """Lower case, without accents, compatibility forms made plain: what is compared when letters should not matter."""
    if text.isascii():
        return text.lower()
    return _NOT_ASCII.sub(_plain, text.casefold())  # most of a text needs no looking at


def _plain(match: re.Match[str]) -> str:
    decomposed = unicodedata.normalize("NFKD", match[0])
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def terms(text: str, language: str | None = None) -> list[str]:
    """The search terms of `text`, in order, repeats kept. Without a known language, English stemming."""
    return stems(list(_words(fold(text))), language)


def stems(words: Sequence[str], language: str | None = None) -> list[str]:
    """The stem of each of these folded words."""
    with _lock:
        return list(_stemmer(language).stemWords(list(words)))


def question_terms(question: str, languages: Iterable[str | None]) -> list[str]:
    """The distinct terms of a question against passages in these languages, each stemmed its own way."""
    known = {language if language in _STEMMERS else "en" for language in languages} or {"en"}
    found: dict[str, None] = {}
    for language in sorted(known):
        found.update(dict.fromkeys(terms(question, language)))
    return list(found)


def matched(question: str, text: str, language: str | None = None) -> list[tuple[int, int]]:
    """Where words of `question` stand in `text`, in any form of theirs: (start, end), in order, apart.

    Of scripts without spaces, runs of pairs of characters that both hold.
    """
    plain = ENGLISH
    if language not in (None, "en"):
        plain = frozenset(word for word in _WORD.findall(fold(question)) if len(word) < _TELLING)
    wanted = set(terms(question, language)) - set(stems(sorted(plain), language))
    found: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        if not _UNSPACED_RUN.search(match[0]):
            if wanted.issuperset(terms(match[0], language)):
                found.append(match.span())
            continue
        for at in range(match.start(), match.end() - 1):
            if fold(text[at : at + 2]) in wanted:
                if found and found[-1][1] >= at:
                    found[-1] = (found[-1][0], at + 2)
                else:
                    found.append((at, at + 2))
    return found


def form_scores(question: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """float64 (len(texts),), 0 or more: BM25 of each text among `texts` over the question's letters in a row.

    These are the four-letter parts of its words (word borders count as letters), pairs of neighbouring words, and
    the single characters of scripts without spaces. `texts` are candidates for the question: what nearly all of
    them hold tells nothing. Character n-grams beside words: McNamee and Mayfield, "Character N-Gram Tokenization
    for European Language Text Retrieval", 2004.
    """
    grams = _grams(question)
    if not grams or not texts:
        return np.zeros(len(texts))
    bodies = [f" {' '.join(_WORD.findall(fold(text)))} " for text in texts]
    counts = _counts(grams, bodies)
    lengths = np.array([len(body) for body in bodies], np.float32)[:, None]
    holding = (counts > 0).sum(axis=0)
    rarity = np.maximum(np.log((len(texts) - holding + 0.5) / (holding + 0.5)), 0)
    scores: NDArray[np.float64] = saturated(counts, lengths, float(lengths.mean())) @ rarity
    return scores


def _grams(text: str) -> list[str]:
    words = _WORD.findall(fold(text))
    found: dict[str, None] = {}
    for word in words:
        for part in _UNSPACED_RUN.findall(word):
            found.update(dict.fromkeys(part))
        if not _UNSPACED_RUN.search(word):
            bordered = f" {word} "
            found.update((bordered[i : i + _GRAM], None) for i in range(len(bordered) - _GRAM + 1))
    found.update((f" {one} {other} ", None) for one, other in itertools.pairwise(words))
    return list(found)


def _counts(grams: Sequence[str], bodies: Sequence[str]) -> NDArray[np.float32]:
    """float32 (len(bodies), len(grams)): as `body.count(gram)`; four letters are looked for as one number."""
    joined = "\0".join(bodies).encode("utf-16-le", "surrogatepass")
    ends = np.cumsum([len(body) + 1 for body in bodies])
    quick = [
        i for i, gram in enumerate(grams) if len(gram) == _GRAM and max(gram) <= "\uffff" and not _overlaps_itself(gram)
    ]
    if len(joined) // 2 != ends[-1] - 1 or len(joined) < 2 * _GRAM:  # characters of two units among them; too few
        quick = []
    counts = np.zeros((len(bodies), len(grams)), np.float32)
    for i in set(range(len(grams))).difference(quick):
        counts[:, i] = [body.count(grams[i]) for body in bodies]
    if not quick:
        return counts
    wanted = np.frombuffer("".join(grams[i] for i in quick).encode("utf-16-le", "surrogatepass"), np.uint64)
    order = np.argsort(wanted)
    wanted = wanted[order]
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(joined, np.uint16), _GRAM)
    numbers = np.ascontiguousarray(windows).view(np.uint64)[:, 0]
    # Nearly all are none of those wanted, which their hash says in less time than a search.
    candidate = np.zeros(1 << _HASH_BITS, bool)
    candidate[_hashed(wanted)] = True
    at = np.flatnonzero(candidate[_hashed(numbers)])
    which = np.searchsorted(wanted[:-1], numbers[at])
    at, which = at[found := wanted[which] == numbers[at]], which[found]
    cells = np.searchsorted(ends, at, side="right") * len(quick) + which
    counts[:, np.array(quick)[order]] = np.bincount(cells, minlength=len(bodies) * len(quick)).reshape(len(bodies), -1)
    return counts


def _hashed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4)."""
    return numbers * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(64 - _HASH_BITS)


def _overlaps_itself(gram: str) -> bool:
    """Whether two of them can share letters: then `count` finds fewer than there are places."""
    return any(gram[:n] == gram[-n:] for n in range(1, len(gram)))


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        word = match[0]
        if not _UNSPACED_RUN.search(word):
            yield word
            continue
        for part in re.split(r"([぀-ヿ㐀-鿿฀-๿]+)", word):
            if _UNSPACED_RUN.fullmatch(part) and len(part) > 1:
                yield from (part[i : i + 2] for i in range(len(part) - 1))
            elif part:
                yield part


@functools.cache
def _stemmer(language: str | None) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_STEMMERS.get(language or "en", "english"))
