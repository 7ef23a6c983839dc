"""Search terms: folded, stemmed by language, bigrams where words are not spaced."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa import lexical
from qa.lexical import fold, form_scores, question_terms, stems, terms


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "eruptions", "eruption"),
        ("en", "running", "runs"),
        (None, "cables", "cable"),
        ("es", "canciones", "canción"),
        ("fr", "nationales", "national"),
        ("de", "Häuser", "Haus"),
        ("ru", "города", "городами"),
        ("ar", "الكتاب", "كتاب"),
        ("xx", "cables", "cable"),  # an unknown language is stemmed as English
    ],
)
def test_forms_of_a_word_are_one_term(language: str | None, one: str, other: str) -> None:
    assert terms(one, language) == terms(other, language)
    assert len(terms(one, language)) == 1


def test_stemming_goes_by_the_language() -> None:
    assert terms("gatos", "es") == ["gat"]
    assert terms("gatos", "en") == ["gato"]


def test_case_accents_and_compatibility_forms_do_not_count() -> None:
    assert terms("CAFÉ Café cafe\u0301 ＣＡＦＥ") == ["cafe"] * 4
    assert fold("Eyjafjallajökull") == "eyjafjallajokull"
    assert fold("STRASSE") == fold("Straße") == "strasse"


def test_order_and_repeats_are_kept() -> None:
    assert terms("The cat, the dog: 3.5 O'Neil") == ["the", "cat", "the", "dog", "3", "5", "o", "neil"]
    assert terms("?! … —") == []


def test_unspaced_scripts_give_bigrams() -> None:
    assert terms("北京大学", "zh") == ["北京", "京大", "大学"]
    assert terms("CPU北京2022年", "zh") == ["cpu", "北京", "2022", "年"]
    assert terms("データ", "ja") == terms("データ", None) == ["テー", "ータ"]
    assert set(terms("大学", "zh")) <= set(terms("在北京大学读书", "zh"))


def test_a_question_meets_every_language_of_the_library() -> None:
    assert question_terms("gatos", ["en", "es"]) == ["gato", "gat"]
    assert question_terms("gatos", ["es"]) == ["gat"]
    assert question_terms("cables cable cables", [None, "en"]) == ["cabl"]
    assert question_terms("cables", []) == ["cabl"]


def test_stems_are_of_words_already_folded() -> None:
    assert stems(["cables", "lying"], "en") == ["cabl", "lie"]
    assert stems(["gatos"], "es") == ["gat"]
    assert stems([]) == []


def test_the_text_with_the_parts_of_a_compound_scores_higher() -> None:
    texts = [
        "Der Wetterbericht kam am Abend.",
        "Die Schifffahrtsgesellschaft verlegte das Kabel.",
        "Das Museum blieb am Montag zu.",
        "Ein Sturm zog über die Insel.",
    ]
    scores = form_scores("Welche Schifffahrt litt?", texts)
    assert int(np.argmax(scores)) == 1
    assert scores[1] > 2 * max(scores[[0, 2, 3]])


def test_words_side_by_side_score_higher_than_apart() -> None:
    texts = [
        "The break of the cable lay at sea, and the floor was rock.",
        "The floor was rock, and the sea floor held the cable break.",
        "A ship came.",
        "Nobody saw a whale.",
        "It rained all day.",
    ]
    together, apart = form_scores("cable break", texts)[[1, 0]]
    assert together > apart > 0


def test_form_scores_count_single_characters_of_unspaced_scripts() -> None:
    scores = form_scores("海缆", ["海底的电缆断了", "今天下雨", "船来了", "没有人"])
    assert scores[0] > 0
    assert scores[1:].tolist() == [0, 0, 0]


@given(
    st.lists(st.text("ab 海é\U00020000\ud800") | st.text("ab"), min_size=1, max_size=4),
    st.lists(
        st.text("ab 海\U00020000\ud800", min_size=1, max_size=5) | st.text("ab", min_size=4, max_size=4), max_size=8
    ),
)
@example(["aaaaa", ""], ["aaaa", "aaab", "baaa"])
def test_letters_in_a_row_are_counted_as_count_does(bodies: list[str], grams: list[str]) -> None:
    grams = list(dict.fromkeys(grams))
    counted = lexical._counts(grams, bodies)
    assert counted.tolist() == [[body.count(gram) for gram in grams] for body in bodies]


def test_many_letters_in_a_row_are_counted_as_count_does() -> None:
    """So many that most of what the hash lets through is none of them."""
    draw = random.Random(0)
    body = "".join(draw.choices("abcdefghijkl", k=20_000))
    grams = sorted({"".join(draw.choices("abcdefghijkl", k=4)) for _ in range(500)})
    assert lexical._counts(grams, [body]).tolist() == [[body.count(gram) for gram in grams]]


def test_what_nearly_all_texts_hold_scores_nothing() -> None:
    assert form_scores("cable", ["a cable", "the cable", "one cable"]).tolist() == [0, 0, 0]
    assert form_scores("?!", ["a cable"]).tolist() == [0]
    assert form_scores("cable", []).tolist() == []


def test_letters_in_other_case_or_with_accents_are_the_same() -> None:
    texts = ["Ørsted CAFÉ", "nothing here", "rain", "snow"]
    assert form_scores("cafe", texts).tolist() == form_scores("Café", texts).tolist()
    assert form_scores("cafe", texts)[0] > 0


def test_words_of_a_question_are_found_in_a_text_in_any_form() -> None:
    def found(question: str, text: str, language: str | None = None) -> list[str]:
        return [text[start:end] for start, end in lexical.matched(question, text, language)]

    text = "The floating turbines of Snorre draw much power; a turbine floats."
    assert found("How much power do floating turbines draw?", text, "en") == [
        "floating", "turbines", "draw", "power", "turbine", "floats",
    ]  # fmt: skip
    assert found("What is the of a?", text, "en") == []
    assert found("ÉCOLE de la République", "Les écoles de la republique", "fr") == ["écoles", "republique"]
    assert found("電力はどこから来ますか", "多くの電力が来ます。", "ja") == ["電力", "来ます"]
    assert found("", text) == found("turbine", "") == []
