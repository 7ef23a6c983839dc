"""Questions as people speak them, to what they meant: fillers go, and what the speaker took back goes.

"In what country is Norse found, no wait, Normandy?" has a part that was taken back (the reparandum: "Norse"), words
that say so ("no wait") and what stands instead ("Normandy"). Where the part begins is told by what follows: speakers
take up again at the same word, or at one of the same kind. The terms are those of Shriberg, "Preliminaries to a Theory
of Speech Disfluencies", 1994.

English only, and careful: a question in which such words have their ordinary sense stays as it is, to the character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_HESITATION = r"u+m+|u+h+m*|er|erm+"
# "er" alone is left in: it is a word in German and a series in English.
_FILLER = re.compile(
    r"(?:,\s*)?\b(?:u+m+|u+h+m*|er(?=,)|erm+|ah+|oh|hm+)\b(?:\s*,)?\s*|,\s*you know\s*,\s*|^[Ww]ell\s*,\s*"
)
_EDIT = (
    r"no|wait|sorry|actually|rather|w?h?oops|or|i mean|i meant(?: to say)?|i guess|make that|scratch that|strike that|"
    rf"excuse me|forgive me|never ?mind|{_HESITATION}"
)
# One or more of these in a row, with the commas between them.
_EDITS = re.compile(
    rf"(?P<before>\s*[,.–—-]*\s*)\b(?P<words>(?:{_EDIT})(?:[\s,.]+(?:{_EDIT}))*)\b(?P<after>\s*,?)", re.I
)
_ONE_EDIT = re.compile(rf"\b(?:{_EDIT})\b", re.I)
_TAKES_BACK = frozenset(("scratch that", "strike that", "i meant to say", "never mind", "nevermind", "oops", "whoops"))
_AFTER_OR = frozenset(("rather", "make that", "i mean", "i meant", "sorry", "actually"))
_WEAK = frozenset(("actually", "rather", "wait", "make that"))  # alone they say nothing, even before a question word
# After these words, "I mean", "sorry" and "no" are what is asked about.
_ORDINARY_BEFORE = frozenset(
    """do does did what that say says said saying feel felt is are was be so little vote votes voted answer answered
    but the a an""".split()
)
_ORDINARY_AFTER_SORRY = frozenset("for about that to state".split())
# After these, "no" is no determiner.
_OPENS_PHRASE = frozenset("the a an this in for from at by with of".split())
_ASKING = frozenset("what who whom whose when where why how which".split())
_POINTING_BACK = frozenset("it its they them their he him his she her there".split())
_FUNCTION = frozenset(
    "the a an of in on at to for from by with about is are was were do does did has have had can could and".split()
)
_ENGLISH = _ASKING | frozenset("is are did does do has have had can could would".split())
_WORD = re.compile(r"[^\s,?!;:]+")
_NOT_THAT = re.compile(r",?\s*\bnot (?:the |an? )?([^,?]+?)\s*(?=[,?]|$)", re.I)
_LATE_RATHER = re.compile(r"\s*,?\s*\b(?:rather|instead)\b(?=\s*\W*$)", re.I)
_FEWEST_WORDS = 3
_MOST_REPAIRS = 4


def repaired(question: str) -> str:
    """`question` without fillers and what was taken back; `question` itself where there is nothing of the kind."""
    if not _ENGLISH.intersection(word.casefold() for word in _WORD.findall(question)):
        return question
    fluent = question
    for _ in range(_MOST_REPAIRS):
        shorter = _without_first_repair(fluent)
        if shorter is None:
            break
        fluent = shorter
    fluent = _FILLER.sub(" ", fluent)
    if fluent == question:
        return question
    tidy = re.sub(r"\s+([,?!.])", r"\1", " ".join(fluent.split())).lstrip(",. ")
    return tidy if len(_WORD.findall(tidy)) >= _FEWEST_WORDS else question


def _without_first_repair(text: str) -> str | None:
    for match in _EDITS.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        words_before, words_after = _WORD.findall(before), _WORD.findall(after)
        if words_before and words_after and _is_repair(match, words_before, words_after):
            return _joined(before, after)
    return None


def _is_repair(match: re.Match[str], before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether these words take something back here, and are not part of what is asked."""
    edits = [edit.casefold() for edit in _ONE_EDIT.findall(match["words"])]
    hesitates = any(re.fullmatch(_HESITATION, edit) for edit in edits)
    bare = [edit for edit in edits if edit != "or" and not re.fullmatch(_HESITATION, edit)]
    first, last = after[0].casefold(), before[-1].casefold()
    asks_again = first in _ASKING or (first in _FUNCTION and after[1:2] and after[1].casefold() in _ASKING)
    asked_before = any(word.casefold() in _ASKING for word in before)
    if _TAKES_BACK.intersection(edits) or len(bare) >= 2:
        return True
    if not bare:
        return hesitates and first in _ASKING and asked_before
    edit = bare[0]
    if edits[0] == "or":
        return edit in _AFTER_OR or (
            edit == "no" and bool(asks_again or hesitates)
        )  # "little or no rain" takes nothing back
    if last in _ORDINARY_BEFORE:
        return edit in ("no", "sorry") and first in _ASKING and last in ("do", "does", "did", "is", "are", "was")
    if edit in ("i mean", "i meant") or ("," in match["before"] and match["after"].strip()):
        return True
    if edit in _WEAK:
        return False
    if asks_again or hesitates:
        return asked_before
    if edit == "no":
        return first in _OPENS_PHRASE or first == last or (first[0].isdigit() and last[0].isdigit())
    return edit != "sorry" or first not in _ORDINARY_AFTER_SORRY


def _joined(before: str, after: str) -> str:
    """What was said before, up to where the speaker took it up again, and what was said then."""
    after = _LATE_RATHER.sub("", after)
    words_after = _WORD.findall(after)
    if any(word.casefold() in _POINTING_BACK for word in words_after[1:]):
        return f"{before} {after}"  # it leans on what stands before
    named = _NOT_THAT.search(after)  # "Normandy, not Norse" says what was meant and what goes for it
    if named:
        at = before.casefold().rfind(named[1].casefold())
        if at >= 0 and (meant := after[: named.start()].strip(" ,")):
            if words_after[0].casefold() not in _ASKING:
                kept, rest = before[:at].rstrip(), before[at + len(named[1]) :]
                if kept.casefold().endswith(f" {words_after[0].casefold()}"):
                    kept = kept[: -len(words_after[0])]
                return f"{kept} {meant}{rest} {after[named.end() :]}"
            after = f"{meant} {after[named.end() :]}"
    return f"{before[: _taken_up_at(before, words_after[0])]} {after.lstrip(' ,')}"


def _taken_up_at(before: str, first: str) -> int:
    """The offset in `before` from which it was taken back, by the first word said instead."""
    places = list(_WORD.finditer(before))
    folded = first.casefold()
    alike: list[re.Match[str]] = []
    if folded in _ASKING:
        alike = [place for place in places if place[0].casefold() in _ASKING]
        return alike[-1].start() if alike else 0
    if folded in _FUNCTION:
        alike = [place for place in places if place[0].casefold() == folded]
    elif first[0].isdigit():
        alike = [place for place in places if place[0][0].isdigit()]
    elif first[0].isupper():
        alike = [place for place in places[1:] if place[0][0].isupper()]
        while len(alike) > 1 and before[alike[-2].end() : alike[-1].start()] == " ":
            alike.pop()  # a name of several words goes whole
    return (alike or places)[-1].start()
