"""The language of a text that does not say it: by its script, or by its commonest words."""

from __future__ import annotations

import re

# Each language's commonest words, and scripts that stand for the language which most of their readers use.
_COMMON_WORDS = {
    "en": "the and of to is was that for with as his by on are this from be",
    "de": "der die und das den von ist mit sich des dem nicht ein eine auf für im wurde",
    "fr": "le les des est dans une du pour qui pas sur au avec ce par sont cette aux",
    "es": "el los las del que una con por para su como más fue pero sus este y es",
    "it": "il di che è della per un sono con gli nel alla più anche dei da ha",
    "pt": "o os não uma com da do dos em para mais foi ao como pelo também são",
    "nl": "de het een van en is dat op te zijn met voor niet aan door werd ook",
}
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", _HAN),
    ("ru", re.compile(r"[а-яё]", re.I)),
    ("ar", re.compile(r"[\u0620-\u064a]")),
    ("el", re.compile(r"[\u0391-\u03c9]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("hi", re.compile(r"[\u0904-\u0939]")),
    ("th", re.compile(r"[\u0e01-\u0e3a]")),
)
_KNOWN = frozenset(_COMMON_WORDS) | {language for language, _ in _SCRIPTS}


def language_of(text: str) -> str | None:
    """The language of `text` from its script or its commonest words; None where that is not plain."""
    sample = text[:20_000]
    letters = sum(map(str.isalpha, sample)) or 1
    for language, pattern in _SCRIPTS:
        found = len(pattern.findall(sample))
        if (
            language == "ja" and found > letters * 0.1
        ):  # written with Chinese characters too: a tenth of kana settles it
            found += len(_HAN.findall(sample))
        if found > letters * 0.5:
            return language
    words = re.findall(r"[^\W\d_]+", sample.lower())
    if len(words) < 20:
        return None
    scores = {
        language: sum(words.count(word) for word in common.split()) / len(words)
        for language, common in _COMMON_WORDS.items()
    }
    best, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    return best if scores[best] > 0.08 and scores[best] > 1.3 * scores[second] else None


_ENOUGH = 400  # characters; a shorter text may be one quotation


def settled_language(stated: str | None, text: str) -> str | None:
    """The language of `text`: what the page states, unless the text is long and plainly in another.

    `lang="en"` is what many templates say on pages in every language. A language that `language_of` does not know
    cannot be ruled out by it: it would take Galician for Portuguese.
    """
    if stated and (len(text) < _ENOUGH or stated not in _KNOWN):
        return stated
    return language_of(text) or stated
