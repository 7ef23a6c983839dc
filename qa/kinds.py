"""What kind of thing a question asks for, and whether a sentence holds one that the question did not name.

English patterns, for numbers, times, names and reasons: enough to prefer "174 machines" to "came first"
where the question is "how many". Questions of other kinds and languages ask for nothing in particular.
"""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["number", "time", "person", "place", "reason"]

_NUMBER = re.compile(
    r"\b(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|half|third|quarter|twice|once|none|no|single|"
    r"couple|several)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:1[0-9]{3}|20[0-9]{2}|\d+(?:st|nd|rd|th) century|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d{1,2}[.:]\d{2}|"
    r"years? (?:ago|later)|days? later|months? later|yesterday|today|spring|summer|autumn|winter|decade|century)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?] )(?<!^)(?<!^[\"“])\b[A-Z][\w’'-]+")
_REASON = re.compile(
    r"\b(?:because|so that|due to|owing to|thanks to|caused|causes?|reasons?|result(?:s|ed)?|therefore|in order|"
    r"led to|to blame|blamed)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w’'-]+")

_ASKS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|old|far|often|large|big|high|low|tall|wide|deep|fast|heavy|hot|cold|few|late)"
            r"\b"
            r"|\bwhat (?:is the |was the |are the )?(?:percent|percentage|number|population|share|proportion|amount|"
            r"length|height|price|cost|size|age|rate|speed|temperature|depth|distance)\b"
        ),
    ),
    ("time", re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|decade|century|time)\b")),
    ("person", re.compile(r"\b(?:who|whom|whose)\b")),
    (
        "place",
        re.compile(
            r"\bwhere\b|\b(?:what|which) (?:city|country|state|place|island|town|port|region|province|airport)\b"
        ),
    ),
    ("reason", re.compile(r"\bwhy\b|\b(?:what|which) (?:reason|cause|caused)\b")),
)
_HOLDS: dict[Kind, re.Pattern[str]] = {
    "number": _NUMBER,
    "time": _TIME,
    "person": _NAME,
    "place": _NAME,
    "reason": _REASON,
}


def asked_for(question: str) -> Kind | None:
    """The kind of thing the question asks for; None where it is none of these."""
    lowered = question.lower()
    return next((kind for kind, pattern in _ASKS if pattern.search(lowered)), None)


def holds(kind: Kind, sentence: str, question: str) -> bool:
    """Whether `sentence` holds something of that kind which the question does not already name."""
    named = set() if kind == "reason" else {word.lower() for word in _WORD.findall(question)}
    return any(found.lower() not in named for found in _HOLDS[kind].findall(sentence))
