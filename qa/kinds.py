"""What a question asks for: whether it is one, one thing or several, of what kind, and whether a sentence holds it.

English patterns, for numbers, times, names, reasons and manners: enough to prefer "174 machines" to "came first"
where the question is "how many". Questions of other kinds and languages ask for nothing in particular.
"""

from __future__ import annotations

import re
from typing import Literal

from qa import function_words

Kind = Literal["number", "time", "person", "place", "reason", "manner"]

_NUMBER = re.compile(
    r"\b(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|half|third|quarter|twice|once|none|no|single|"
    r"couple|several)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:1[0-9]{3}|20[0-9]{2}|\d+(?:st|nd|rd|th) century|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d{1,2}[.:]\d{2})\b",
    re.IGNORECASE,
)
_RELATIVE_TIME = re.compile(
    r"\b(?:years? (?:ago|later)|(?:days?|months?) later|yesterday|today|spring|summer|autumn|winter|decade|century)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?] )(?<!^)(?<!^[\"“])\b[A-Z][\w’'-]+")
_REASON = re.compile(
    r"\b(?:because|so that|due to|owing to|thanks to|caused|causes?|reasons?|result(?:s|ed)?|therefore|in order|"
    r"led to|to blame|blamed)\b",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"\b(?:by (?:\w+ly )?\w+ing|by (?:an?|the)|with (?:an?|the help|the aid)|using|used|through|via|means of)\b",
    re.IGNORECASE,
)
_LENGTHS = r"(?:kilo|centi|milli)?met(?:re|er)s?|[kcm]?m|feet|foot|ft|miles?|inch(?:es)?|yards?|fathoms?"
_DURATIONS = r"(?:second|minute|hour|day|night|week|month|year|decade)s?|centur(?:y|ies)"
_IS_PAID = (
    r"(?:pays?|paid|spen[dt]s?|earn(?:s|ed)?|charge[sd]?|sells?|sold|buys?|bought|fine[sd]?|owe[sd]?|invest(?:s|ed)?)"
)
# (what a question measures, what that is counted in), for questions that do not name a unit. "How much" alone measures
# nothing: it may ask for money, water or the rise of the sea.
UNITS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(rf"\b(?:{asked})\b"), re.compile(units, re.IGNORECASE))
    for asked, units in (
        (r"how long|lengths?", rf"\b(?:{_DURATIONS}|{_LENGTHS})\b"),
        (r"how old", r"\b(?:years?|months?|weeks?|aged?)\b"),
        (r"how (?:far|high|tall|wide|deep)|heights?|depths?|distances?|widths?", rf"\b(?:{_LENGTHS})\b"),
        (r"how (?:large|big)", rf"\b(?:{_LENGTHS}|acres?|hectares?|square|cubic|tons?|tonnes?)\b"),
        (r"how fast|speeds?", r"\b(?:knots?|mph|kph)\b|\b(?:per|an?) (?:hour|second)\b"),
        (r"how heavy|weigh(?:s|ed|ts?)?", r"\b(?:tons?|tonnes?|kilo(?:gram)?s?|kg|grams?|pounds?|lbs?|ounces?)\b"),
        (r"how (?:hot|cold)|temperatures?", r"\bdegrees?\b|°"),
        (r"percent(?:age)?|proportion|share", r"%|per ?cent"),
        (rf"prices?|costs?|money|worth|how much .*\b{_IS_PAID}", r"[$€£¥]|\b(?:dollar|euro|pound|cent)s?\b"),
    )
)
# The characters beside a number in which its unit is looked for: "aged 16", "the age of 16", "5 long miles".
_BEFORE, _AFTER = 7, 16
_A_OR_AN = re.compile(r"\b[Aa]n? ")
_COUNTS = re.compile(r"\bhow many\b|\b(?:is|was|are|were) the (?:number|amount)\b")
_WORD = re.compile(r"[\w’'-]+")

# The first question word counts: "Who left when …?" asks for a person.
_ASKS: tuple[tuple[Kind | None, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|old|far|often|large|big|high|low|tall|wide|deep|fast|heavy|hot|cold|few|late)\b"
            r"|\b(?:what|which) (?:is |was |are |were )?(?:the )?(?:[a-z]+ )?(?:percentage|percent|number|population|"
            r"share|proportion|amount|length|height|price|cost|weight|size|age|rate|speed|temperature|depth|distance|"
            r"width)\b"
        ),
    ),
    ("time", re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|decade|century|time)\b")),
    ("person", re.compile(r"\b(?:who|whom|whose)\b")),
    (
        "place",
        re.compile(
            r"\bwhere\b"
            r"|\b(?:what|which) (?:city|country|state|place|island|town|port|village|region|province|airport)\b"
        ),
    ),
    ("reason", re.compile(r"\bwhy\b|\b(?:what|which) (?:reason|cause|caused)\b")),
    ("manner", re.compile(r"\bhow (?:is|are|was|were|did|do|does|can|could|has|have|had|will|would|should|to)\b")),
    (None, re.compile(r"\b(?:what|which|how)\b")),
)
_AUXILIARY = (
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must|isn['’]t|aren['’]t|"
    r"wasn['’]t|weren['’]t|don['’]t|doesn['’]t|didn['’]t|hasn['’]t|haven['’]t|can['’]t|won['’]t)"
)
_YES_OR_NO = re.compile(rf"\W*{_AUXILIARY}\b(?! (?:you|we) (?:tell|say|explain|describe|list|name)\b)", re.IGNORECASE)
_QUESTION_WORD = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
_REQUEST = re.compile(
    r"\W*(?:please |can you |could you )?(?:tell|list|name|explain|describe|give|show|find|say|summari[sz]e|compare|"
    r"define|identify|mention|discuss|outline)\b",
    re.IGNORECASE,
)
_QUESTION_MARKS = frozenset("?？؟;՞")
# Without a question mark, a longer text may be a question where it is not in English.
_LONGEST_PHRASE = 5  # words
# "which countries", "what are the causes", "name the ports": a noun that is several of something.
_PLURAL = (
    r"(?:people|children|men|women|(?!(?:does|was|has|its|this|happens|goes|says|makes)\b)\w{2,}(?:[^s\Wui]|ie|ue)s)\b"
)
_ADJECTIVE = (
    r"(?:other|different|main|major|new|two|three|four|five|[A-Z]\w+|\w+(?:an|ish|ese|al|ic|ern|ous|ive|est|ing|ed))"
)
_SEVERAL = re.compile(
    rf"\b(?:[Ww]hat|[Ww]hich)(?: {_ADJECTIVE})? {_PLURAL}(?!['’]| (?:is|was|does|has)\b)"
    rf"|\b(?:[Ww]hat|[Ww]ho|[Ww]hich) (?:are|were) (?:all |some )?(?:of )?(?:the )?(?:\w+ ){{0,3}}{_PLURAL}"
    rf"|\b(?:[Ll]ist|[Nn]ame|[Gg]ive|[Tt]ell me|[Dd]escribe|[Ee]xplain|[Cc]ompare|[Oo]utline) "
    rf"(?:me |us )?(?:all |some )?(?:of )?(?:the )?(?:\w+ ){{0,2}}{_PLURAL}"
    r"|\b(?:both (?:sides|of)|reasons|causes|ways|differences?|pros and cons|advantages|effects|consequences|"
    r"examples of|compared? (?:to|with)|versus|vs)\b"
)
_ONE_OF = re.compile(r"\bhow (?:many|much)\b|\b(?:which|what|who|name) one\b|\bone of\b", re.IGNORECASE)
# What a sentence holds of a kind, and for how much it counts: any name may be a place, and "today" is no date.
_HOLDS: dict[Kind, tuple[tuple[re.Pattern[str], float], ...]] = {
    "number": ((_NUMBER, 1.0),),
    "time": ((_TIME, 1.0), (_RELATIVE_TIME, 0.5)),
    "person": ((_NAME, 1.0),),
    "place": ((_NAME, 0.33),),
    "reason": ((_REASON, 1.0),),
    "manner": ((_MANNER, 1.0),),
}


def asked_for(question: str) -> Kind | None:
    """The kind of thing the question asks for; None where it is none of these."""
    lowered = question.lower()
    found = [(match.start(), at) for at, (_, asks) in enumerate(_ASKS) if (match := asks.search(lowered))]
    return _ASKS[min(found)[1]][0] if found else None


def holds_kind(kind: Kind, sentence: str, question: str) -> float:
    """0..1: whether `sentence` holds something of that kind that the question does not already name, how surely.

    Where the question measures something, only numbers in units of that count: "in 2021" does not tell how long.
    """
    named = set() if kind in ("reason", "manner") else {word.lower() for word in _WORD.findall(question)}
    units = units_of(question) if kind == "number" else None
    if units is not None:
        numbers = [match.span() for match in _NUMBER.finditer(sentence) if match[0].lower() not in named]
        counted = any(in_units(units, sentence, number) for number in numbers)
        return float(counted or any(units.match(sentence, one.end()) for one in _A_OR_AN.finditer(sentence)))
    return max(
        share if any(found.lower() not in named for found in pattern.findall(sentence)) else 0.0
        for pattern, share in _HOLDS[kind]
    )


def units_of(question: str) -> re.Pattern[str] | None:
    """What the thing that the question measures is counted in: "how long" asks for days or metres; None where any.

    None too where it counts ("how many share a border"): then the noun after "many" says what.
    """
    asked = question.lower()
    if _COUNTS.search(asked):
        return None
    return next((units for measures, units in UNITS if measures.search(asked)), None)


def in_units(units: re.Pattern[str], text: str, number: tuple[int, int]) -> bool:
    """Whether one of the `units` stands in the number, (start, end) in `text`, or within a word or two of it."""
    return bool(units.search(text, max(0, number[0] - _BEFORE), number[1] + _AFTER))


def is_question(text: str) -> bool:
    """Whether `text` asks or requests something; False for a name or a phrase: "Ever Given", "treaty ratification".

    Told by its form. A text without any English function word counts as a question where it is longer than a phrase.
    """
    if _QUESTION_MARKS & set(text) or _QUESTION_WORD.search(text) or _YES_OR_NO.match(text) or _REQUEST.match(text):
        return True
    words = text.lower().split()
    return len(words) > _LONGEST_PHRASE and not function_words.ENGLISH & set(words)


def asks_yes_or_no(question: str) -> bool:
    """Whether the question begins with its verb: "Did …", "Is …"."""
    return bool(_YES_OR_NO.match(question))


def asks_several(question: str) -> bool:
    """Whether several things are asked for: "which countries", "the causes of", "both sides"; English only."""
    return bool(_SEVERAL.search(question)) and not _ONE_OF.search(question) and not asks_yes_or_no(question)
