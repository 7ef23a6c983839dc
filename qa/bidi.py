"""The invisible signs that turn the order in which letters are shown (Unicode Annex 9), where they would do harm.

In a name or a title they have no use, and one that is not closed turns what the page says after it. In a quote they
stay, and what they open is closed at its end.
"""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CLOSED_BY = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c") | dict.fromkeys("\u2066\u2067\u2068", "\u2069")


def without_controls(text: str) -> str:
    return _CONTROLS.sub("", text)


def closed(text: str) -> str:
    """`text` with what it opens closed behind it; the same where it opens nothing."""
    open_: list[str] = []
    for sign in _CONTROLS.findall(text):
        if sign in _CLOSED_BY:
            open_.append(_CLOSED_BY[sign])
        elif sign in open_:
            at = len(open_) - 1 - open_[::-1].index(sign)
            # The end of an isolate ends the embeddings inside of it, but not the other way round.
            if sign == "\u2069":
                del open_[at:]
            elif open_[-1] == sign:
                open_.pop()
    return text + "".join(reversed(open_))
