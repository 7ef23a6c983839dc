"""The words that answer within a sentence: found whole or not at all, and when two of them contradict each other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.kinds import asks_several, asks_yes_or_no, is_question
from qa.spans import SpanKind, contradict, find_span, names, same, span_kind, whole_words


@pytest.mark.parametrize(
    ("question", "sentence", "span"),
    [
        # numbers, with what they count or are measured in, and what makes them loose
        ("How many samples are stored?", "They keep about 30,000 seed samples there.", "about 30,000 seed samples"),
        ("How many machines came?", "In all 174 machines came there in 1956.", "174 machines"),
        ("How many ports are there?", "The coast has forty-two ports and two yards.", "forty-two ports"),
        ("How much did a ton cost?", "It cost less than $5.86 to load.", "less than $5.86"),
        ("How long did the work take?", "The work went on for nine years.", "nine years"),
        ("What percentage of the goods spoils?", "Some 12 per cent of them spoil.", "Some 12 per cent"),
        ("How fast does it sail?", "It makes 24 kilometres an hour in a calm.", "24 kilometres an hour"),
        ("How much was raised?", "The fund raised £1.2 million by June.", "£1.2 million"),
        ("How much will they raise?", "They will raise up to $12.9bn (£10bn) by selling shares.", "up to $12.9bn"),
        ("How many ferry crews left?", "Two Northern Isles ferry crews left by bus.", "Two Northern Isles ferry crews"),
        # the number of the unit that is asked for, not the nearest year or price
        ("How deep is the lake?", "In 1968 the lake, 40 kilometres from town, held 3 boats.", "40 kilometres"),
        ("How old is the bridge?", "The bridge is 40 metres long.", None),
        ("How many boats sank?", "Of the boats, 4 crews came home.", None),
        ("How many countries signed?", "Thirty-five years later Spain and Italy signed.", None),
        ("How many units did Boeing sell?", "Boeing delivered Apollo 11 in June.", None),
        # dates whole
        ("When did the ship leave?", "It left the pier on 26 April 1956 with 58 boxes.", "26 April 1956"),
        ("When did the ship leave?", "It left on Friday, 3 May.", "Friday, 3 May"),
        ("In which year did it open?", "It opened in 1911, we think.", "1911"),
        ("When did the works begin?", "The works began in 1961 and were ended, after a long strike, in 1968.", "1961"),
        ("At what time did it float?", "At 15.05 on 29 March it was afloat.", "15.05"),
        ("When was it built?", "It was built in the late 1960s.", "the late 1960s"),
        # names whole, and none where there are several
        ("Who designed the bridge?", "The bridge is the work of Marta van der Berg.", "Marta van der Berg"),
        ("Who designed the bridge?", "Marta Ruiz designed the bridge.", "Marta Ruiz"),
        ("Who designed the bridge?", "Marta Ruiz designed it with Bo Lund.", None),
        ("Who saw the fox?", "A KEEPER saw the fox at dawn.", None),
        ("Who designed the bridge?", "Bread is cheap at the bridge.", None),
        ("Where was the vault built?", "It was built near Aldersund by miners.", "Aldersund"),
        ("Where was the vault built?", "Marta Ruiz built the vault.", None),
        # what the question names is no answer
        ("How many of the 40 boats sank?", "Of the 40 boats, 12 boats sank.", "12 boats"),
        ("When did Marta Ruiz die?", "Marta Ruiz died.", None),
        ("When was the law of 1911 changed?", "The law of 1911 was changed in 1920.", "1920"),
        # other questions have no span
        ("Did the ship leave in 1956?", "It left in 1957.", None),
        ("Why did it close in 1956?", "It closed in 1956 for want of 12 ships.", None),
        ("What did Marta Ruiz say?", "Bo Lund left on 3 May.", None),
        ("Wer baute 1911 die Brücke?", "Marta Ruiz baute sie 1911.", None),
    ],
)
def test_the_span_is_whole_or_not_given(question: str, sentence: str, span: str | None) -> None:
    found = find_span(question, sentence)
    assert (sentence[slice(*found)] if found else None) == span


def test_the_first_question_word_says_what_is_asked_for() -> None:
    assert span_kind("Who left when the dam broke?") == "person"
    assert span_kind("When did those who stayed leave?") == "time"
    assert span_kind("Why do people ask how many?") is None
    assert span_kind("Is that where it stood?") is None


@pytest.mark.parametrize(
    ("kind", "one", "other", "contradicts", "agrees"),
    [
        ("number", "400 families", "420 families", True, False),
        ("number", "1,200", "about 1,200", False, True),
        ("number", "1.2 million", "1,200,000", False, True),
        ("number", "twelve boats", "12 boats", False, True),
        ("number", "two hundred boats", "200 boats", False, True),
        ("number", "29,870 tons", "30,000 tons", False, True),
        ("number", "about 400 boats", "420 boats", False, True),
        ("number", "$5", "€6", False, False),
        ("number", "37 kilometres", "23 miles", False, False),
        ("number", "10 to 15 boats", "20 boats", False, False),
        ("number", "12.9bn", "12.9 billion", False, True),
        ("number", "3k boats", "3,000 boats", False, True),
        ("number", "12%", "15 per cent", True, False),
        ("time", "1956", "26 April 1956", False, True),
        ("time", "26 April 1956", "April 26", False, True),
        ("time", "1956", "1957", True, False),
        ("time", "26 April 1956", "27 April 1956", True, False),
        ("time", "1956-04-26", "26 April 1956", False, True),
        ("time", "the 1960s", "1964", False, False),
        ("time", "Monday", "1956", False, False),
        ("person", "Marta Ruiz", "M. Ruiz", False, True),
        ("person", "Marta Ruiz", "Bo Lund", True, False),
        ("place", "Suez Canal Authority", "SCA", False, True),
    ],
)
def test_contradiction(kind: SpanKind, one: str, other: str, contradicts: bool, agrees: bool) -> None:
    for first, second in ((one, other), (other, one)):
        assert contradict(kind, first, second) is contradicts
        assert same(kind, first, second) is agrees
    assert not contradict(kind, one, one)


def test_names_are_those_of_people_places_and_counts_not_dates() -> None:
    assert names("In 1956 the Ideal-X left Newark with 58 boxes on 26 April.") == {"ideal x", "newark", "58 boxes"}


@pytest.mark.parametrize(
    ("text", "marked", "whole"),
    [
        ("They paid the £71.6million fee.", "71", "£71.6million"),
        ("It beat Bautista-Agut in Madrid.", "Bautista", "Bautista-Agut"),
        ("It fell by 12.5% at 7:40.", "12", "12.5%"),
        ("Rolled back tariffs, they say.", "back tariffs", "back tariffs"),
    ],
)
def test_a_span_cuts_no_word(text: str, marked: str, whole: str) -> None:
    at = text.index(marked)
    assert text[slice(*whole_words(text, (at, at + len(marked))))] == whole


TEXT = st.text(alphabet=st.sampled_from("Ab1 ,.$%-–'é日\n5oftheinJune"), max_size=60)


@settings(deadline=None)
@given(
    text=TEXT,
    question=st.sampled_from(["How many abc are there?", "When was it?", "Who was it?", "Where is it?", "How far?"]),
)
def test_a_span_lies_in_any_text_and_is_not_empty(text: str, question: str) -> None:
    found = find_span(question, text)
    assert found is None or (0 <= found[0] < found[1] <= len(text) and text[slice(*found)].strip())


@pytest.mark.parametrize(
    "phrase", ["Ever Given", "Montreal Protocol ratification", "the seed vault on Svalbard", "dikes"]
)
def test_a_phrase_is_no_question(phrase: str) -> None:
    assert not is_question(phrase)


@pytest.mark.parametrize(
    "question",
    [
        "Ever Given?",
        "who built the canal",
        "tell me about the canal",
        "List the ports",
        "please describe the vault",
        "is the vault cold",
        "the year in which the canal opened",
        "¿Quién construyó el canal?",
        "谁建造了运河？",
        "nenne mir bitte alle Häfen dieser Küste",
    ],
)
def test_a_question_or_request_is_one(question: str) -> None:
    assert is_question(question)


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Which countries signed the treaty?", True),
        ("What are the causes of the flood?", True),
        ("What were the main reasons for the strike?", True),
        ("Who were the founders of the club?", True),
        ("List the ports that were closed.", True),
        ("What did both sides say about the toll?", True),
        ("What are the differences between the two lamps?", True),
        ("Which country signed the treaty?", False),
        ("How many countries signed the treaty?", False),
        ("Which of the lamps is the oldest?", False),
        ("What is the status of the talks?", False),
        ("Which bus goes there?", False),
        ("What does the treaty say?", False),
        ("Which European countries signed the treaty?", True),
        ("Did the causes change?", False),
        ("When did the strikes end?", False),
    ],
)
def test_questions_for_several_things(question: str, several: bool) -> None:
    assert asks_several(question) is several


def test_yes_or_no() -> None:
    assert asks_yes_or_no("Did the ship leave?")
    assert asks_yes_or_no("Isn't it late?")
    assert not asks_yes_or_no("Can you tell me when it left?")
    assert not asks_yes_or_no("Which ship did leave?")
