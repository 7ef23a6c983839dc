"""A follow-up and what was said before to a question that stands alone.

No model is asked: a follow-up is known by what it lacks ("and in 2022?", "who is he?"), and is completed
with the subject of the conversation, the words of the last questions that carried meaning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.types import Turn

# Words that point back to something said before (English, Spanish, French, German).
_POINTING = frozenset(
    """he him his she her hers it its they them their theirs this that these those there then former latter ones
    others él ella ellos ellas eso esa ese esto esta este il elle ils elles lui leur cela ça ce cette
    er sie es ihn ihm ihr ihre sein seine dies diese dieser dieses""".split()
)
# Words that carry no subject of their own.
_PLAIN = frozenset(
    """a an the of in on at to for from by with about into over after before during between and or but nor so if than as
    is are was were be been being am do does did done has have had having can could will would shall should may might
    must who whom whose what which when where why how many much long far often old more most less least very also too
    not no yes any some all each every other me my i we us our you your please tell show give say said know think mean
    explain describe list name happened happen happens mentioned else again still ever just only like get
    gets got getting
    de la el los las un una y en que por con para del se su qué cuándo dónde quién cómo le les des et du au aux est qui
    quand où comment pourquoi der die das und in von zu den mit wer was wann wo wie warum""".split()
)
_CARRIES_ON = re.compile(r"\s*(and|but|or|so|also|then|what about|how about|y|et|und)\b", re.I)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# "that" points back after these ("after that", "why is that"); elsewhere it opens a clause ("the ship that …").
_BEFORE_POINTING_THAT = frozenset(
    "about of after before is was does did do by with from on for in to why how and".split()
)
_THERE_IS = frozenset("is are was were be been".split())
# A question with fewer words of its own than this leans on what came before.
_ENOUGH_OWN_WORDS = 2
# After so many words of its own, or a name, a pronoun means something in the same question.
_ANTECEDENT_WORDS = 3
_TURNS_BACK = 3
# More words than these drown the follow-up itself: first passages right on cast2021 fell from 43 to 40 of 100.
_MOST_SUBJECT_WORDS = 5


def stand_alone(question: str, history: Sequence[Turn]) -> str:
    """`question` as it is where it stands alone, else followed by the subject words of the conversation.

    The subject is what the earlier questions asked about, newest first, back to the last one that stood alone.
    """
    asked = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not asked or not leans_on_history(question):
        return question
    own = {word.casefold() for word in _WORD.findall(question)}
    subject: dict[str, str] = {}
    for earlier in reversed(asked[-_TURNS_BACK:]):
        for word in _subject_words(earlier):
            if word.casefold() not in own:
                subject.setdefault(word.casefold(), word)
        if not leans_on_history(earlier):
            break
    carried = list(subject.values())[:_MOST_SUBJECT_WORDS]
    return f"{question} {' '.join(carried)}" if carried else question


def leans_on_history(question: str) -> bool:
    """Whether the question points to something outside it, or is too short to stand alone."""
    if _CARRIES_ON.match(question):
        return True
    words = [match[0] for match in _WORD.finditer(question)]
    own, named = 0, False
    for at, word in enumerate(words):
        if _is_name(words, at):
            own, named = own + 1, True
        elif word.casefold() in _POINTING:
            if _points_back(words, at) and own < _ANTECEDENT_WORDS and not named:
                return True
        elif word.casefold() not in _PLAIN:
            own += 1
    return own < _ENOUGH_OWN_WORDS and not named


def _points_back(words: Sequence[str], at: int) -> bool:
    word, before = words[at].casefold(), words[at - 1].casefold() if at else ""
    if word == "that":
        return at == len(words) - 1 or before in _BEFORE_POINTING_THAT
    return not (word == "there" and before in _THERE_IS)


def _is_name(words: Sequence[str], at: int) -> bool:
    """A capital inside the question: "Ever" in "the Ever Given" is a name, the word that opens it need not be."""
    return at > 0 and words[at][0].isupper() and words[at] != "I"


def _subject_words(question: str) -> list[str]:
    words = [match[0] for match in _WORD.finditer(question)]
    return [
        word
        for at, word in enumerate(words)
        if len(word) > 1
        and (_is_name(words, at) or (word.casefold() not in _PLAIN and word.casefold() not in _POINTING))
    ]
