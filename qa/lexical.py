"""Words to search terms, for BM25: folded, stemmed by language, bigrams where words are not spaced.

The terms are what the store's full-text index holds, so that passage and question meet in the same form.
"""

from __future__ import annotations

import functools
import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator

import Stemmer

# Changes whenever `terms` gives other terms for the same text: a library then rebuilds its full-text index.
VERSION = "1"

# Indic vowel signs are no word characters to Python, yet part of the word
_WORD = re.compile(r"[\w\u0900-\u0dff]+")
_UNSPACED_RUN = re.compile(r"[぀-ヿ㐀-鿿฀-๿]+")
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
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def terms(text: str, language: str | None = None) -> list[str]:
    """The search terms of `text`, in order, repeats kept. Without a known language, English stemming."""
    words = list(_words(fold(text)))
    with _lock:
        return list(_stemmer(language).stemWords(words))


def question_terms(question: str, languages: Iterable[str | None]) -> list[str]:
    """The distinct terms of a question against passages in these languages, each stemmed its own way."""
    known = {language if language in _STEMMERS else "en" for language in languages} or {"en"}
    found: dict[str, None] = {}
    for language in sorted(known):
        found.update(dict.fromkeys(terms(question, language)))
    return list(found)


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
