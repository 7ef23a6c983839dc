"""Search terms: folded, stemmed by language, bigrams where words are not spaced."""

from __future__ import annotations

import pytest

from qa.lexical import fold, question_terms, terms


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
