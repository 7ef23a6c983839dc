"""What speaks for a sentence, what support that lends, and the order that the reader gives passages."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

from qa import Answer, Article, InvalidInput, Library
from qa.kinds import asked_for, holds_kind
from qa.scoring import PASSAGES_READ, WEIGHTS, WEIGHTS_UNREAD, Parts, Sentence, read_closely, score_sentences
from qa.support import FOUND_FROM, LIKELY_FROM, STRONG_FROM, Curve, evidence, support_word
from qa.types import Filters

QUESTION = "When did the first container ship leave Newark?"


def scored(library: Library, question: str) -> list[Sentence]:
    found = library._find(library._stand_alone(question, ()), k=PASSAGES_READ, filters=Filters())
    text, embedded, candidates = found.text, found.embedded, found.candidates
    assert embedded is not None
    articles = library._store.articles_by_id(one.stored.passage.article_id for one in candidates)
    reader = library._reader_for(embedded)
    return score_sentences(text, embedded, candidates, articles=articles, store=library._store, reader=reader)


def test_a_score_is_what_its_parts_weigh(example_library: Library) -> None:
    sentences = scored(example_library, QUESTION)
    assert [one.score for one in sentences] == sorted((one.score for one in sentences), reverse=True)
    for one in sentences[:20]:
        by_hand = sum(getattr(one.parts, each.name) * getattr(WEIGHTS, each.name) for each in fields(Parts))
        assert one.score == pytest.approx(by_hand)
        assert -1.5 <= one.parts.span <= 1.5
        assert -1.5 <= one.parts.relevance <= 1.5
        assert one.parts.passage == one.candidate.score


def test_the_reader_speaks_for_the_sentence_with_the_answer(example_library: Library) -> None:
    sentences = scored(example_library, "Which ship laid the new cable of Tonga, and how long was it?")
    best = max(sentences, key=lambda one: one.parts.span)
    assert best.parts.span > sum(one.parts.span for one in sentences) / len(sentences) + 0.1
    for one in sentences:
        if one.span is not None:
            assert one.start <= one.span[0] < one.span[1] <= one.end


def test_the_best_sentence_is_read_closely(example_library: Library) -> None:
    embedded = example_library._find(example_library._stand_alone(QUESTION, ()), k=1, filters=Filters()).embedded
    assert embedded is not None
    reader = example_library._reader_for(embedded)
    assert reader is not None
    sentence = next(one for one in scored(example_library, QUESTION) if _at(one) not in (0, _last(one)))
    article = example_library.article(sentence.candidate.stored.passage.article_id)
    read = read_closely(QUESTION, sentence, article, embedded, reader)
    spans = sentence.candidate.stored.passage.sentences
    beside = article.text[spans[_at(sentence) - 1][0] : spans[_at(sentence) + 1][1]]
    alone = f"{article.title}\n{article.text[sentence.start : sentence.end]}"
    by_hand = [one.relevance / 10 for one in reader.read(QUESTION, [alone, beside])]
    assert max(map(abs, by_hand)) < 1.5, "nothing to be bounded"
    assert embedded.familiarity == 1.0
    assert read.parts.close == pytest.approx((sentence.parts.relevance + sum(by_hand)) / 3)
    assert (read.score, read.parts.relevance) == (sentence.score, sentence.parts.relevance)
    assert evidence([read]).relevance == read.parts.close != 0.0


def _at(sentence: Sentence) -> int:
    return [start for start, _ in sentence.candidate.stored.passage.sentences].index(sentence.start)


def _last(sentence: Sentence) -> int:
    return len(sentence.candidate.stored.passage.sentences) - 1


def test_the_first_and_last_sentence_of_a_passage_are_read_closely_too(tmp_path: Path) -> None:
    for text in (
        "The bridge opened in 1931.",
        "The bridge opened in 1931. Bread is cheap.",
        "It rained. It opened in 1931.",
    ):
        with Library.open(tmp_path / str(len(text))) as library:
            library.add(Article("a", "The bridge", text))
            assert library.ask("When did the bridge open?").found


def test_without_the_reader_its_parts_are_nothing(example_folder: Path) -> None:
    with Library.open(example_folder, ranking="unread", create=False) as library:
        sentences = scored(library, QUESTION)
        answer = library.ask(QUESTION)
    assert {(one.parts.span, one.parts.relevance, one.span) for one in sentences} == {(0.0, 0.0, None)}
    assert {(one.parts.close, one.likeliest) for one in sentences} == {(0.0, None)}
    assert sentences[0].score == pytest.approx(sentences[0].parts.weighed(WEIGHTS_UNREAD))
    assert answer.found


def test_a_question_in_a_script_that_the_model_does_not_know_is_not_read(example_library: Library) -> None:
    sentences = scored(example_library, "Когда был подписан Монреальский протокол?")
    assert max(abs(one.parts.span) for one in sentences) < 0.1


def test_support_is_a_logistic_curve_over_score_distance_and_relevance(example_library: Library) -> None:
    first, *rest = scored(example_library, QUESTION)
    best = replace(first, parts=replace(first.parts, close=0.3))
    other = next(one for one in rest if one.candidate.stored.id != best.candidate.stored.id)
    assert evidence([best, *rest]) == (best.score, best.score - other.score, 0.3)
    same = [one for one in rest if one.candidate.stored.id == best.candidate.stored.id]
    assert evidence([best, *same]) == (best.score, 0.0, 0.3)
    curve = Curve(score=2.0, ahead=3.0, relevance=5.0, bias=-2.0)
    log_odds = -2 + 2 * best.score + 3 * (best.score - other.score) + 5 * 0.3
    assert curve.support([best, *rest]) == pytest.approx(1 / (1 + math.exp(-log_odds)))


def test_support_in_words() -> None:
    assert 0 < FOUND_FROM < LIKELY_FROM < STRONG_FROM < 1
    assert [support_word(value) for value in (0.0, FOUND_FROM, LIKELY_FROM, STRONG_FROM, 1.0)] == [
        "none", "weak", "likely", "strong", "strong",
    ]  # fmt: skip


def test_where_an_answer_begins_can_be_set(example_library: Library) -> None:
    question = "How do I bake sourdough bread?"
    support = example_library.ask(question).support
    assert not example_library.ask(question).found
    assert example_library.ask(question, found_from=support - 1e-6).found
    assert not example_library.ask("Who supplied the turbines at Vindeby?", found_from=1.0).found
    for wrong in (-0.1, 1.1, "0.5", math.nan):
        with pytest.raises(InvalidInput, match="found_from is"):
            example_library.ask(question, found_from=wrong)  # type: ignore[arg-type]


def test_the_reader_reorders_what_is_retrieved_when_asked_to(example_library: Library) -> None:
    question = "Which company supplied the turbines at Vindeby?"
    plain = example_library.retrieve(question, k=10)
    read = example_library.retrieve(question, k=10, rerank="reader")
    assert {hit.passage for hit in read} == {hit.passage for hit in plain}
    best = scored(example_library, question)[0].candidate.stored.passage
    assert read[0].passage == best
    assert [hit.passage for hit in read[PASSAGES_READ:]] == [hit.passage for hit in plain[PASSAGES_READ:]]
    with pytest.raises(InvalidInput, match="rerank is 'best'; use 'reader'"):
        example_library.retrieve(question, rerank="best")  # type: ignore[arg-type]


def test_sentences_side_by_side_that_score_alike_are_one_quote(tmp_path: Path) -> None:
    text = (
        "The ferry to Skarholm was cancelled because of the storm. The ferry to Skarholm stayed cancelled because its "
        "ramp had cracked. Bread is sold in the harbour. A kiosk sells stamps and ice cream."
    )
    with Library.open(tmp_path, ranking="unread") as library:
        library.add([Article(id="ferry", title="News from the harbour", text=text)])
        answer: Answer = library.ask("Why was the ferry to Skarholm cancelled?")
    assert answer.found
    first = answer.citations[0]
    assert first.quote.startswith("The ferry to Skarholm was cancelled because of the storm.")
    assert first.quote.endswith("because its ramp had cracked.")
    assert text[first.start : first.end] == first.quote
    assert "Bread" not in answer.text


def test_a_title_says_half_of_what_the_sentence_under_it_says(tmp_path: Path) -> None:
    text = "The treaty was signed in 1987. The treaty of Oban was signed in 1990. Fish are cold and wet, and swim."
    with Library.open(tmp_path) as library:
        library.add(
            [Article(id="a", title="Montreal", text=text), Article(id="b", title="Bees", text="Bees hum loudly.")]
        )
        found = scored(library, "When was the Montreal treaty signed?")
    sentences = {one.start: one.parts.held for one in found if one.candidate.stored.passage.article_id == "a"}
    both, under = sentences[0], sentences[text.index("Fish")]
    assert 0 < under < both < 1
    assert both == pytest.approx(sentences[text.index("The treaty of")])
    whole = 2 * under + (both - under)  # all of the question's words in the sentence itself
    assert whole == pytest.approx(1)


@pytest.mark.parametrize(
    ("question", "sentence", "share"),
    [
        ("When was it signed?", "It was signed on 16 September 1987.", 1),
        ("When was it signed?", "Thirty-five years later it is still kept to.", 0.5),
        ("When was the 1987 treaty signed?", "The 1987 treaty was signed.", 0),
        ("How long was it shut?", "It was shut in March 2021 for one reason.", 0),
        ("How long was it shut?", "It was shut in March 2021 for six whole days.", 1),
        ("How long was it shut?", "It was shut for a week.", 1),
        ("How old must they be?", "They must be over the age of 18.", 1),
        ("How many towns share a well?", "In 2021 it was three.", 1),  # no share of anything is asked for
        ("How much did the sea rise?", "It rose by 3.4 millimetres.", 1),
        ("How much does it weigh?", "It weighs 5 tonnes.", 1),
        ("How much does it weigh?", "It weighs less than in 1990.", 0),
        ("How much was the town in Costa Rica paid?", "It was given 5.", 0),
        ("What is the population of Costa Rica?", "It has 5.2 million people.", 1),
        ("How much did it cost?", "In 2021 it cost $5.", 1),
        ("How much did it cost?", "It was paid for in 2021 by three towns.", 0),
        ("How was the leak found?", "The leak was found by listening at night.", 1),
        ("How was the leak found?", "The leak was a surprise.", 0),
        ("How does it work?", "It works using a mirror.", 1),
        ("Where was it signed?", "It was signed in Montreal.", 0.33),
        ("Why was it signed?", "It was signed because ozone was lost.", 1),
    ],
)
def test_what_a_sentence_holds_of_what_is_asked_for(question: str, sentence: str, share: float) -> None:
    kind = asked_for(question)
    assert kind is not None
    assert holds_kind(kind, sentence, question) == share


def test_how_asks_for_a_manner_only_with_its_verb() -> None:
    assert asked_for("How was the leak found?") == "manner"
    assert asked_for("How many leaks were found?") == "number"
    assert asked_for("How come the leak was found?") is None
    assert asked_for("What does it say about how it was found?") is None
