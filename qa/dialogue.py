"""A follow-up and what was said before to a question that stands alone.

First it is decided whether the question leans on the conversation: it points back ("who is he?"), leaves out what was
said ("and in 2022?"), or has hardly a word of its own. If so, a linear model picks the words of the conversation that
belong to it: the task, and the idea that picking words is enough, are those of QuReTeC (Voskarides et al., 2020, "Query
Resolution for Conversational Search with Limited Supervision"). A name takes the place of the pronoun where only one
fits; other words follow the question in brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from qa.function_words import ENGLISH
from qa.types import Turn

if TYPE_CHECKING:
    from embeddings.encoder import Embedding
    from qa.store import Store

# Words that point back to something said before (English, Spanish, French, German).
_POINTING = frozenset(
    """he him his she her hers it its they them their theirs this that these those there then former latter one ones
    others such él ella ellos ellas eso esa ese esto esta este il elle ils elles lui leur cela ça ce cette
    er sie es ihn ihm ihr ihre sein seine dies diese dieser dieses""".split()
)
_PERSON = frozenset("he him his she her hers él ella il elle lui er ihn ihm".split())
# Words that carry no subject of their own.
_PLAIN = ENGLISH | frozenset(
    """above below done far old too yes another please tell show give say said know think mean explain describe list
    name happened happen happens mentioned else again still ever like get gets got getting because while though
    although both really here oh okay thanks i'm i'd i'll i've it's that's what's don't go goes going hear heard
    want wanted meant de la el los las un una y en que por con para del se su qué cuándo dónde quién cómo le les des
    et du au aux est qui quand où comment pourquoi der die das und von zu den mit wer wann wo wie warum""".split()
)
_CARRIES_ON = re.compile(r"\W*(and|but|or|so|also|then|what about|how about|y|et|und)\b", re.I)
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_SENTENCE_BREAK = re.compile(r"[.!?:;…]['\"”’)\]]*\s|\n")
_WHO = re.compile(r"\W*(who|which|quién|qui|wer)\b", re.I)
_MARK = re.compile(r"\s*\[\d+\]")
# "that" points back after these ("after that", "why is that"); elsewhere it opens a clause ("the ship that …").
_BEFORE_POINTING_THAT = frozenset(
    "about of after before is was does did do by with from on for in to why how and".split()
)
# "one language", "one of the reasons", "the former mayor" point to nothing; "the first one" does.
_BEFORE_NOUN = frozenset("one former latter".split())
_THERE_IS = frozenset("is are was were be been".split())
# A question with fewer words of its own than this leans on what came before.
_ENOUGH_OWN_WORDS = 2
# After so many words of its own, or a name, a pronoun means something in the same sentence.
_ANTECEDENT_WORDS = 3
# What an answer of ours says where it has none (qa/answer.py): no words of the subject.
_REFUSALS = ("The articles do not seem to", "There are no articles", "No article passes")
_TURNS_BACK = 12
_LONGEST_TURN = 2_000  # characters
_SINGULAR = frozenset("he him his she her it its".split())
_ASKING = frozenset("who whom whose what which when where why how qué cuándo dónde quién cómo qui quand où".split())
# In capitals where a full stop was forgotten.
_NO_NAMES = _POINTING | frozenset("i i'm i'd i'll i've a an the in on at and but we you what when how why who".split())
_INSIDE_NAMES = frozenset("of de la du von van der del".split())

# Log-odds that a word of the conversation belongs to the follow-up: what training/dialogue.py prints.
FEATURES: Mapping[str, float] = {
    "bias": -3.55,
    "first question": 0.67,
    "first question, without names": 1.15,
    "last question": 0.34,
    "last answer": 1.68,
    "only in answers": -0.30,
    "among the first four words": 0.76,
    "name": 0.57,
    "name that the user said": 1.34,
    "number": -0.41,
    "ends like a verb or adverb": -1.07,
    "no name, where a person is asked about": -0.79,
    "question has a name": -0.49,
}
# Not learnt, as the training conversations hold few such questions: words that an elliptic question leaves out.
_LEFT_OUT = 3.0
CARRIED_FROM = -0.9  # log-odds: three in ten
_MOST_PHRASES = 3
_MOST_WORDS = 7
# Passages looked at to see whether two subjects go together, and how near the best one of both must come.
_WIDE = 200
_NEARLY_BEST = 0.8
# How much a follow-up as asked counts in its vector beside the question made to stand alone.
_OWN_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, with its place; `name` where a capital says so, `first` where it opens a sentence."""

    text: str
    start: int
    end: int
    first: bool
    name: bool

    @property
    def key(self) -> str:
        """The word without its case, its genitive and its plural, to tell whether two words are one."""
        folded = self.text.casefold().replace("’", "'").removesuffix("'s")
        return folded[:-1] if len(folded) > 3 and folded.endswith("s") and not folded.endswith("ss") else folded

    @property
    def substance(self) -> bool:
        """Whether it can carry a subject: no question word, no pronoun, no joining word."""
        folded = self.text.casefold().replace("’", "'")
        if self.name:  # "the US", "the Ever Given"
            return folded not in _INSIDE_NAMES
        return len(folded) > 1 and folded not in _PLAIN and folded not in _POINTING


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question `asked` and the `text` that is searched: the same, unless phrases were `carried` into it."""

    asked: str
    text: str
    carried: tuple[str, ...] = ()


def stand_alone(
    question: str,
    history: Sequence[Turn],
    *,
    together: Callable[[Sequence[str], Sequence[str]], bool] | None = None,
) -> FollowUp:
    """`question` as it is where it stands alone, else with the phrases of the conversation that belong to it.

    `together(own, carried)` says whether the articles hold the question's own words where they hold the carried
    ones. Where it is given, a question that neither points back nor names anything is completed too if it does:
    "What do the guidelines say?" may be about the last subject or a new one, and the articles know.
    """
    said = on_subject(_said(history))
    asked = _words(question)
    leans = leans_on_history(question)
    if not any(turn.role == "user" for turn in said) or not (leans or (together and not _named(asked))):
        return FollowUp(question, question)
    phrases = _phrases(question, said)
    if not phrases:
        return FollowUp(question, question)
    if not leans and together:
        own = [word.text for word in asked if word.substance]
        if not own or not together(own, phrases[0].text.split()):
            return FollowUp(question, question)
    text = _worded(question, phrases, after_who=bool(_WHO.match(_last_question(said))))
    return FollowUp(question, text, tuple(phrase.text for phrase in phrases))


def leans_on_history(question: str) -> bool:
    """Whether the question points to something outside it, or is too short to stand alone."""
    words = _words(question)
    own = sum(word.substance for word in words)
    return (
        _is_elliptic(question, words) or _pointing(words) is not None or (own < _ENOUGH_OWN_WORDS and not _named(words))
    )


def held_together(own: Sequence[str], carried: Sequence[str], store: Store) -> bool:
    """Whether the best passages for a question's own words are on what was `carried`, by BM25."""
    from qa import lexical
    from qa.types import Filters

    languages = store.languages()
    best = store.search_terms(lexical.question_terms(" ".join(own), languages), _WIDE, Filters())
    on_subject = dict(store.search_terms(lexical.question_terms(" ".join(carried), languages), _WIDE, Filters()))
    with_both = max((score for passage, score in best if passage in on_subject), default=0.0)
    return with_both > 0 and with_both >= _NEARLY_BEST * best[0][1]


def weigh_own(own: Embedding, whole: Embedding) -> Embedding:
    """One question from a follow-up as asked and as it stands alone: its own words count more than carried ones.

    Carried words stand in every passage on the subject; what is new in the question tells those apart.
    """
    import numpy as np

    vector = _OWN_SHARE * own.vector + (1 - _OWN_SHARE) * whole.vector
    return replace(
        whole,
        vector=(vector / np.linalg.norm(vector)).astype(np.float32),
        tokens=np.concatenate([own.tokens, whole.tokens]),
        offsets=np.concatenate([own.offsets, whole.offsets]),
        weights=np.concatenate([_OWN_SHARE * own.weights, (1 - _OWN_SHARE) * whole.weights]),
    )


def on_subject(said: Sequence[Turn]) -> list[Turn]:
    """The turns since the subject last changed: where a question stood alone and had no word of those before it."""
    start, known = 0, set[str]()
    for at, turn in enumerate(said):
        keys = {word.key for word in _words(turn.content) if word.substance}
        if turn.role == "user":
            if known.isdisjoint(keys) and not leans_on_history(turn.content):
                start, known = at, set()
            known |= keys
    return list(said[start:])


def word_keys(text: str) -> set[str]:
    return {word.key for word in _words(text)}


def word_features(question: str, said: Sequence[Turn]) -> dict[str, dict[str, float]]:
    """What speaks for and against each word of the conversation, by the word's key; words of the question left out.

    `said` holds at least one question. The features are those of FEATURES; what is 0 is left out.
    """
    asked = _words(question)
    own = {word.key for word in asked}
    texts = [_words(turn.content) for turn in said]
    users = [at for at, turn in enumerate(said) if turn.role == "user"]
    last_answer = len(said) - 1 if said[-1].role == "assistant" else -1
    names = {word.key for words in texts for word in words if word.name}
    places: dict[str, list[tuple[int, int]]] = {}
    for turn, words in enumerate(texts):
        for place, word in enumerate(words):
            if word.substance and word.key not in own:
                places.setdefault(word.key, []).append((turn, place))
    person = any(word.text.casefold() in _PERSON for word in asked)
    result = {}
    for key, found in places.items():
        turns_found = {turn for turn, _ in found}
        name, by_user = key in names, not turns_found.isdisjoint(users)
        features = {
            "bias": True,
            "first question": users[0] in turns_found,
            "first question, without names": users[0] in turns_found and not _named(texts[users[0]]),
            "last question": users[-1] in turns_found,
            "last answer": last_answer in turns_found,
            "only in answers": not by_user,
            "among the first four words": min(place for _, place in found) < 4,
            "name": name,
            "name that the user said": name and by_user,
            "number": key[0].isdigit(),
            "ends like a verb or adverb": not name and len(key) > 4 and key.endswith(("ed", "ing", "ly")),
            "no name, where a person is asked about": person and not name and bool(names),
            "question has a name": _named(asked),
        }
        result[key] = {feature: float(value) for feature, value in features.items() if value}
    return result


# -- inside


@dataclass(frozen=True, slots=True)
class _Phrase:
    text: str
    turn: int
    start: int
    score: float
    name: bool
    by_user: bool
    before: str  # the word before it


def _said(history: Sequence[Turn]) -> list[Turn]:
    """The last turns, without what says nothing of the subject: citation marks and refusals."""
    result = []
    for turn in history:
        content = turn.content[:_LONGEST_TURN].strip()
        if turn.role == "assistant":
            content = "" if content.startswith(_REFUSALS) else _MARK.sub("", content)
        if content:
            result.append(Turn(turn.role, content))
    return result[-_TURNS_BACK:]


def _last_question(said: Sequence[Turn]) -> str:
    return next(turn.content for turn in reversed(said) if turn.role == "user")


def _words(text: str) -> list[Word]:
    breaks = [match.end() for match in _SENTENCE_BREAK.finditer(text)]
    words: list[Word] = []
    at, opens = 0, True
    for match in _WORD.finditer(text):
        while at < len(breaks) and breaks[at] <= match.start():
            at, opens = at + 1, True
        name = match[0][0].isupper() and not opens and match[0].casefold().replace("’", "'") not in _NO_NAMES
        words.append(Word(match[0], match.start(), match.end(), opens, name))
        opens = False
    for at, (word, following) in enumerate(pairwise(words)):
        if following.start != word.end + 1 or following.first:
            continue
        # a capital that opens a sentence and runs on into a name is part of it, and so is "of" in "Bank of England"
        opening = word.first and word.text[0].isupper() and word.substance
        inside = at > 0 and words[at - 1].name and word.text in _INSIDE_NAMES
        if following.name and (opening or inside):
            words[at] = replace(word, name=True)
    return words


def _named(words: Sequence[Word]) -> bool:
    return any(word.name for word in words)


def _is_elliptic(question: str, words: Sequence[Word]) -> bool:
    """Whether the question leaves out what is asked: it has no word of its own, or carries on and is no whole one."""
    own = sum(word.substance for word in words)
    if not own:
        return True
    carries_on = _CARRIES_ON.match(question)
    if carries_on is None or _pointing(words) is not None:
        return False
    asks = any(word.text.casefold() in _ASKING for word in words if word.start >= carries_on.end())
    return not asks or own < _ENOUGH_OWN_WORDS


def _pointing(words: Sequence[Word]) -> Word | None:
    """The first word that points to something outside its sentence."""
    own, named = 0, False
    for at, word in enumerate(words):
        if word.first:
            own, named = 0, False
        folded = word.text.casefold()
        if word.substance:
            own, named = own + 1, named or word.name
        elif folded in _POINTING and own < _ANTECEDENT_WORDS and not named:
            before = words[at - 1].text.casefold() if at else ""
            ends = at == len(words) - 1 or words[at + 1].first
            if folded == "that" and not (ends or before in _BEFORE_POINTING_THAT):
                continue
            if folded == "there" and before in _THERE_IS:
                continue
            if folded in _BEFORE_NOUN and not ends and (words[at + 1].substance or words[at + 1].text == "of"):
                continue
            return word
    return None


def _phrases(question: str, said: Sequence[Turn]) -> list[_Phrase]:
    """The phrases of the conversation that belong to the question, in the order they were said."""
    texts = [_words(turn.content) for turn in said]
    missing, replaced = _left_out(question, said, texts)
    # Words of an answer find its passage once more: only a name that answers "who" or "which" can be the next subject
    answered = bool(_WHO.match(_last_question(said))) and _pointing(_words(question)) is not None
    scores = {}
    for key, features in word_features(question, said).items():
        score = sum(FEATURES[feature] * value for feature, value in features.items())
        if key in missing:
            score += _LEFT_OUT
        if key in replaced or ("only in answers" in features and not (answered and "name" in features)):
            continue
        scores[key] = score
    # a question that leans leans on something: where no word is likely, the subject's likeliest
    chosen = {key: score for key, score in scores.items() if score >= CARRIED_FROM}
    if not chosen:
        first = word_keys(next(turn.content for turn in said if turn.role == "user"))
        chosen = {key: score for key, score in scores.items() if key in first}
    kept: list[_Phrase] = []
    for phrase in sorted(_runs(chosen, set(scores), said, texts), key=lambda phrase: -phrase.score):
        words = sum(len(each.text.split()) for each in [*kept, phrase])
        another_answer = not phrase.by_user and not all(each.by_user for each in kept)
        if len(kept) < _MOST_PHRASES and words <= _MOST_WORDS and not another_answer:
            kept.append(phrase)
    return sorted(kept, key=lambda phrase: (phrase.turn, phrase.start))


def _left_out(question: str, said: Sequence[Turn], texts: Sequence[Sequence[Word]]) -> tuple[set[str], set[str]]:
    """Keys of the words that an elliptic question leaves out, and of those that its own words stand in place of.

    In "What about Spain?" after "How large is the solar power of Germany?" Spain stands in place of Germany.
    """
    asked = _words(question)
    missing: set[str] = set()
    replaced: set[str] = set()
    if not _is_elliptic(question, asked):
        return missing, replaced
    for at in reversed([at for at, turn in enumerate(said) if turn.role == "user"]):
        words = texts[at]
        missing |= {word.key for word in words if word.substance}
        if _named(asked):
            starts = [i for i, word in enumerate(words) if word.name and not (i and words[i - 1].name)]
            own = next(i for i, word in enumerate(asked) if word.name)
            before = asked[own - 1].text.casefold() if own else ""
            same_place = [i for i in starts if i and words[i - 1].text.casefold() == before]
            for i in same_place or (starts if len(starts) == 1 else []):
                while i < len(words) and words[i].name:
                    replaced.add(words[i].key)
                    i += 1
        if any(word.text[0].isdigit() for word in asked):
            replaced |= {word.key for word in words if word.text[0].isdigit()}
        if not _is_elliptic(said[at].content, words):
            break
    return missing, replaced


def _runs(
    chosen: Mapping[str, float], known: Set[str], said: Sequence[Turn], texts: Sequence[Sequence[Word]]
) -> Iterator[_Phrase]:
    """The chosen words with what makes a phrase of them: names whole, and of a question's words the `known` neighbours.

    Each word is taken from where the user said it last, else from the last answer that holds it.
    """
    home: dict[str, int] = {}
    for turn, words in enumerate(texts):
        for word in words:
            if word.key in chosen and (said[turn].role == "user" or said[home.get(word.key, turn)].role != "user"):
                home[word.key] = turn
    done: set[str] = set()
    for turn, words in enumerate(texts):
        for first, word in enumerate(words):
            if home.get(word.key) != turn:
                continue
            low = high = first
            here = {key for key, at in home.items() if at == turn}
            near = known - done if said[turn].role == "user" else set()
            while low and _joined(words[low - 1], words[low], here, near):
                low -= 1
            while high + 1 < len(words) and _joined(words[high], words[high + 1], here, near):
                high += 1
            run = words[low : high + 1]
            for each in run:
                home.pop(each.key, None)
                done.add(each.key)
            text = said[turn].content[run[0].start : run[-1].end]
            yield _Phrase(
                re.sub(r"['’]s$", "", text),
                turn,
                run[0].start,
                max(chosen.get(each.key, 0.0) for each in run),
                all(each.name for each in run),
                said[turn].role == "user",
                words[low - 1].text.casefold() if low else "",
            )


def _joined(word: Word, following: Word, chosen: Set[str], near: Set[str]) -> bool:
    if following.first or following.start != word.end + 1:
        return False
    if word.name or following.name:
        return (word.name and following.name) or {word.key, following.key} <= chosen
    return {word.key, following.key} <= chosen | near  # "harbour bridge"


def _worded(question: str, phrases: Sequence[_Phrase], *, after_who: bool) -> str:
    """The question with a name in its pronoun's place, where one fits, and the other phrases in brackets."""
    asked = _words(question)
    names = [phrase for phrase in phrases if phrase.name]
    pronoun = _pointing(asked)
    rest = list(phrases)
    if pronoun is not None and pronoun.text.casefold() in _SINGULAR:
        folded = pronoun.text.casefold()
        if len(names) == 2 and after_who:
            # "Who found the Halley hole?" – "Joe Farman." – "When was he born?", "How wide is it?"
            names = [name for name in names if name.by_user == (folded not in _PERSON)]
        following = next((word for word in asked if word.start > pronoun.start), None)
        # "the Nobel Prize" is not he, and in "the bridge of Malmö" it is the bridge
        unlike = ("the", "in", "at") if folded in _PERSON else ("of", "de")
        if len(names) == 1 and names[0].before not in unlike:
            name = names[0]
            put = f"the {name.text}" if name.before == "the" else name.text
            if folded in ("his", "its") or (folded == "her" and following is not None and following.substance):
                put += "’" if put.endswith("s") else "’s"
            put = put[0].upper() + put[1:] if pronoun.start == 0 else put
            question = question[: pronoun.start] + put + question[pronoun.end :]
            rest.remove(name)
    return f"{question} ({', '.join(phrase.text for phrase in rest)})" if rest else question
