"""Questions as people speak them: what the speaker takes back, words that say so, and what is asked.

A restart drops one question for another ("Who led, no wait, when did it begin?"), a substitution one thing for another
("When did Rome, sorry, Carthage fall?"): the kinds of Shriberg, "Preliminaries to a Theory of Speech Disfluencies",
1994. What is taken back comes from another question about the same passage, as people mix up what lies close together.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from qa import function_words
from qa.speech import repaired
from training.negatives import Pair

_TAKES_BACK = (
    "no", "no wait", "wait no", "sorry", "no sorry", "I mean", "I meant", "or rather", "rather", "uh no", "um", "uh",
    "actually", "or actually", "make that", "or make that", "oops", "er", "scratch that", "well no", "or should I say",
)  # fmt: skip
_MOST_WORDS = 7


def some_restarted(pairs: Sequence[Pair], share: float, rng: random.Random) -> list[Pair]:
    """The pairs, `share` (0..1) of them asked as spoken, and then as the product mends such questions: `repaired`.

    Pairs whose passage is asked nothing else stay as they are.
    """
    asked: dict[str, list[str]] = {}
    for pair in pairs:
        asked.setdefault(pair.text, []).append(pair.question)
    spoken = []
    for pair in pairs:
        others = [one for one in asked[pair.text] if one != pair.question]
        if others and rng.random() < share:
            pair = replace(pair, question=repaired(restarted(pair.question, rng.choice(others), rng)))
        spoken.append(pair)
    return spoken


def restarted(question: str, other: str, rng: random.Random) -> str:
    """`question` with words of `other` said first and taken back: at its beginning, or before one of its words."""
    words, taken = question.split(), other.rstrip(" ?.").split()
    edit = rng.choice(_TAKES_BACK)
    edit = f", {edit}, " if rng.random() < 0.5 else f" {edit} "
    places = [at for at in range(2, len(words)) if _tells(words[at])]
    things = [at for at in range(1, len(taken)) if _tells(taken[at]) and taken[at] not in words]
    if places and things and rng.random() < 0.5:
        at, thing = rng.choice(places), rng.choice(things)
        before, after = words[:at], words[at:]
        if not _tells(before[-1]) and rng.random() < 0.5:  # "of Rome, no, of Carthage"
            after = [before[-1], *after]
        return f"{' '.join([*before, taken[thing].rstrip(',')])}{edit}{' '.join(after)}"
    dropped = " ".join(taken[: rng.randint(1, _MOST_WORDS)])
    return f"{dropped}{edit}{question}"


def _tells(word: str) -> bool:
    """Whether the word is one of those that say what is asked about."""
    return word.strip("?,.'\"").casefold() not in function_words.ENGLISH
