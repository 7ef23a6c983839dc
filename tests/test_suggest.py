"""Questions to begin with."""

from __future__ import annotations

from qa import Library
from qa.suggest import questions, suggestions


def test_titles_and_headings_that_ask() -> None:
    assert list(
        questions("Who pays for a canal? The long release", ["", "What remains open?", "A › Why it Failed"])
    ) == [
        "Who pays for a canal?",
        "The long release: what remains open?",
        "The long release: why it Failed",
    ]
    assert list(
        questions("Undersea cables: how they fail", ["Recommendations", "What breaks them", "What breaks them"])
    ) == [
        "Undersea cables: how they fail",
        "Undersea cables: what breaks them",
    ]
    assert list(questions("El canal | Diario", ["¿Quién paga?", "Cómo se hizo", "Diez años de obras"])) == [
        "El canal: ¿Quién paga?",
        "El canal: cómo se hizo",
        "El canal: Diez años de obras",
    ]
    assert list(questions("T", ["How " + "very " * 40 + "long"])) == []
    assert list(questions("", [""])) == []


def test_each_is_answered_from_its_own_article(example_library: Library) -> None:
    found = suggestions(example_library)
    assert len(found) == len(set(found)) == 4
    titles = []
    for question in found:
        answer = example_library.ask(question)
        assert answer.found
        titles.append(answer.citations[0].title)
    assert len(set(titles)) == 4
    assert suggestions(example_library, 1) == found[:1]
    assert suggestions(example_library, going=lambda: False) == []
