"""Questions in, scores out: the arithmetic on hand-made results, and the whole on the example articles."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import Article, Hit, InvalidInput, Progress, Turn
from qa.calibration import Bin, auroc, calibration_bins, calibration_error
from qa.evaluate import Evaluation, Result, comparison_table, evaluate, judged, misses, score
from qa.questions import Question, Span, gold_spans, read_questions

if TYPE_CHECKING:
    from qa import Library

TEXT = "Tolls rose in May 1956.\n\nIn May 1956 the canal was shut.\nYear | Ships\n1956 | 14,666"
ARTICLE = Article(id="a", title="Canal", text=TEXT)


def question(**fields: object) -> Question:
    values = {"id": "q", "question": "When?", "article_ids": ("a",), "answers": ("May 1956",), "answerable": True}
    return Question(**{**values, **fields})  # type: ignore[arg-type]


def result(**fields: object) -> Result:
    values: dict[str, object] = {
        "question": question(),
        "spans": (Span("a", 0, 4),),
        "rank": 1,
        "words_read": 4,
        "article_first": True,
        "found": True,
        "support": 0.9,
        "quote_first": True,
        "quote_any": True,
        "texts": 3,
        "exact": 3,
        "retrieve_s": 0.010,
        "ask_s": 0.030,
    }
    return Result(**{**values, **fields})  # type: ignore[arg-type]


UNANSWERABLE = question(id="u", article_ids=(), answers=(), answerable=False)


# Reading questions


def write(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return path


def test_reads_the_scorers_format(tmp_path: Path) -> None:
    path = write(
        tmp_path / "q.jsonl",
        {
            "id": "x1",
            "question": "And in 1957?",
            "article_ids": ["a", "b"],
            "answers": ["shut"],
            "answerable": True,
            "gold_paragraph": "one",
            "gold_paragraphs": {"a": "one", "b": "two"},
            "history": [{"role": "user", "text": "And in 1956?"}, {"role": "agent", "content": "Open."}],
        },
        {"id": "x2", "question": "Who?", "answerable": False, "article_ids": [], "answers": [], "gold_paragraph": ""},
        {
            "id": "x3",
            "question": "Which page says so?",
            "article_ids": ["a"],
            "answers": [],
            "answer_offsets": [[3, 9]],
        },
    )
    assert read_questions(path) == [
        Question(
            id="x1",
            question="And in 1957?",
            article_ids=("a", "b"),
            answers=("shut",),
            answerable=True,
            paragraphs=("one", "two"),
            history=(Turn("user", "And in 1956?"), Turn("assistant", "Open.")),
        ),
        Question(id="x2", question="Who?", article_ids=(), answers=(), answerable=False),
        Question(
            id="x3",
            question="Which page says so?",
            article_ids=("a",),
            answers=(),
            answerable=True,
            offsets=((3, 9),),
        ),
    ]


def test_reads_the_example_questions(examples: Path) -> None:
    questions = read_questions(examples / "questions.jsonl")
    pages = {page.stem for page in (examples / "articles").glob("*.html")}
    assert len(questions) >= 80
    assert sum(not each.answerable for each in questions) >= 20
    assert sum(bool(each.history) for each in questions) >= 10
    assert {name for each in questions for name in each.article_ids} <= pages


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", r"line 2: .*Expecting"),
        ("[1]", "line 2: a JSON object is needed, not list"),
        ('{"question": " "}', "line 2: 'question' is ' '"),
        ('{"question": "Who?", "answerable": "yes"}', "line 2: 'answerable' is 'yes'"),
        ('{"question": "Who?", "answers": ["he"]}', "line 2: an answerable question needs 'article_ids'"),
        ('{"question": "Who?", "answerable": false, "answers": [1]}', r"line 2: 'answers' is \[1\]"),
        ('{"question": "Who?", "answerable": false, "history": "x"}', "line 2: 'history' is 'x'"),
        ('{"question": "Who?", "answerable": false, "answer_offsets": [[1]]}', r"'answer_offsets' is \[\[1\]\]"),
        ('{"question": "Who?", "answerable": false, "answer_offsets": [[1, "2"]]}', "'answer_offsets' is"),
        ('{"question": "Who?", "answerable": false, "answer_offsets": 3}', "'answer_offsets' is 3"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"question": "Who?", "answerable": false}\n' + line, encoding="utf-8")
    with pytest.raises(InvalidInput, match=complaint):
        read_questions(path)


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n", encoding="utf-8")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InvalidInput, match="holds no question"):
        read_questions(tmp_path / "empty.jsonl")
    for name in ("binary.jsonl", "none.jsonl"):
        with pytest.raises(InvalidInput, match="cannot be read"):
            read_questions(tmp_path / name)


# Gold spans


def texts(spans: list[Span]) -> list[str]:
    return [TEXT[span.start : span.end] for span in spans]


def test_every_place_counts_where_no_paragraph_is_named() -> None:
    assert [span.start for span in gold_spans(question(), ARTICLE)] == [14, 28]


def test_only_the_gold_paragraph_counts_where_it_is_named() -> None:
    spans = gold_spans(question(paragraphs=("In May 1956\nthe canal was  shut.",)), ARTICLE)
    assert [span.start for span in spans] == [28]


def test_a_paragraph_that_is_not_there_is_passed_over() -> None:
    assert len(gold_spans(question(paragraphs=("of another page",)), ARTICLE)) == 2


def test_a_table_row_may_have_other_separators() -> None:
    spans = gold_spans(question(answers=("14,666",), paragraphs=("1956 14,666",)), ARTICLE)
    assert texts(spans) == ["14,666"]
    assert texts(gold_spans(question(answers=("1956, 14,666",)), ARTICLE)) == ["1956 | 14,666"]


def test_an_answer_is_no_part_of_a_word_when_punctuation_is_passed_over() -> None:
    assert gold_spans(question(answers=("“666”",)), Article(id="a", title="", text="14666")) == []


def test_offsets_say_which_of_two_places_is_meant() -> None:
    assert [span.start for span in gold_spans(question(offsets=((28, 36),)), ARTICLE)] == [28]


def test_offsets_into_another_text_are_passed_over() -> None:
    assert [span.start for span in gold_spans(question(offsets=((27, 35),)), ARTICLE)] == [14, 28]
    assert len(gold_spans(question(offsets=((28, 36),), article_ids=("a", "b")), ARTICLE)) == 2


def test_nothing_is_gold_for_unanswerable_questions() -> None:
    assert gold_spans(question(answerable=False), ARTICLE) == []


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalpha())


@given(st.text(alphabet="ab \n.,", max_size=40), st.text(alphabet="ab.", min_size=1, max_size=3))
def test_spans_hold_the_answer(text: str, answer: str) -> None:
    spans = gold_spans(question(answers=(answer,)), Article(id="a", title="t", text=text))
    for span in spans:  # separators may differ: "a.a" is found in "a, a"
        assert _letters(answer) in _letters(text[span.start : span.end])
    if answer in text:
        assert text[spans[0].start : spans[0].end] == answer


# Scores


def test_scores_of_hand_made_results() -> None:
    scores = score(
        [
            result(support=0.9),
            result(rank=4, words_read=300, quote_first=False, support=0.7, article_first=False),
            result(rank=None, words_read=None, found=False, quote_first=False, quote_any=False, support=0.2, ask_s=0.5),
            result(spans=(), rank=None, quote_first=False, quote_any=False, exact=0),  # its answer stands nowhere
            result(question=UNANSWERABLE, spans=(), rank=None, found=False, quote_first=False, support=0.8),
            result(question=UNANSWERABLE, spans=(), rank=None, found=True, quote_first=False, support=0.95),
        ]
    )
    assert (scores.questions, scores.placed) == (6, 3)
    assert (scores.recall_1, scores.recall_3, scores.recall_5, scores.recall_10) == pytest.approx(
        (1 / 3, 1 / 3, 2 / 3, 2 / 3)
    )
    assert scores.mrr_10 == pytest.approx((1 + 1 / 4) / 3)
    assert (scores.quote_first, scores.quote_any) == pytest.approx((1 / 3, 2 / 3))
    assert (scores.within_150, scores.within_500) == pytest.approx((1 / 3, 2 / 3))
    assert scores.article_first == 3 / 4
    assert (scores.answered, scores.declined) == (3 / 4, 1 / 2)
    assert scores.auroc == 3 / 4  # 0.9 is above 0.7, 0.2 and 0.8, and below 0.95
    assert scores.ece == pytest.approx((abs(0.9 + 0.95 - 1) + 0.7 + 0.2 + 0.8) / 5)  # 0.9 and 0.95 share a bin
    assert scores.text_exact == 15 / 18
    assert (scores.ask_s, scores.ask_95_s) == (0.030, 0.030)


def test_times_of_the_slowest_questions() -> None:
    scores = score([result(retrieve_s=number / 1000) for number in range(101)])
    assert (scores.retrieve_s, scores.retrieve_95_s) == (0.050, 0.095)


def test_a_right_quote_that_was_withheld_does_not_count() -> None:
    assert score([result(found=False)]).quote_first == 0.0


def test_no_questions_no_scores() -> None:
    scores = score([result(question=UNANSWERABLE, spans=())])
    assert scores.recall_1 is None
    assert scores.answered is None
    assert scores.auroc is None
    assert scores.ece == 0.9  # nothing is right where there is no answer
    assert "-" in comparison_table({"full": scores})


@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5), min_size=1))
def test_auroc_is_the_share_of_pairs_in_order(right: list[int], wrong: list[int]) -> None:
    pairs = [(1.0 if a > b else 0.5 if a == b else 0.0) for a in right for b in wrong]
    area = auroc(right, wrong)
    assert area is not None
    assert math.isclose(area, sum(pairs) / len(pairs))


def test_only_what_can_be_judged_is_calibrated() -> None:
    assert judged(
        [
            result(support=0.8),
            result(support=0.7, quote_first=False),
            result(support=0.6, spans=()),
            result(question=UNANSWERABLE, spans=(), support=0.5, quote_first=False),
        ]
    ) == [(0.8, True), (0.7, False), (0.5, False)]


def test_bins_hold_their_lower_border_and_the_last_holds_one() -> None:
    bins = calibration_bins([(0.0, False), (0.1, True), (0.3, True), (0.375, False), (0.7, True), (1.0, True)])
    counts = [each.count if each else 0 for each in bins]
    assert counts == [1, 1, 0, 2, 0, 0, 0, 1, 0, 1]
    assert bins[7] == Bin(1, 0.7, 1.0)
    assert bins[9] == Bin(1, 1.0, 1.0)


def test_calibration_error_weighs_bins_by_their_size() -> None:
    answers = [(0.75, True)] * 3 + [(0.75, False)] + [(0.2, True)]
    assert calibration_error(answers) == pytest.approx(0.8 / 5)
    assert calibration_error([]) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1))
def test_calibration_error_of_one_bin_is_the_difference_of_means(drawn: list[tuple[int, bool]]) -> None:
    answers = [(step / 20, right) for step, right in drawn]
    error = calibration_error(answers, bins=1)
    assert error is not None
    means = sum(support for support, _ in answers) - sum(right for _, right in answers)
    assert math.isclose(error, abs(means) / len(answers), abs_tol=1e-9)
    assert (calibration_error(answers) or 0.0) >= error - 1e-9


def test_table_of_two_shows_the_difference() -> None:
    better = score([result(), result()])
    worse = replace(score([result(), result(rank=2)]), auroc=None)
    table = comparison_table({"full": better, "dense": worse}).splitlines()
    assert table[0].split() == ["per", "cent", "full", "dense", "difference"]
    assert table[1].split() == ["recall@1", "100.0", "50.0", "+50.0"]
    assert table[10].split() == ["AUROC", "of", "support", "-", "-", "-"]
    assert table[-1] == "2 questions; the gold answer of 2 stands in the articles"


def test_misses_say_what_went_wrong() -> None:
    results = (
        result(),
        result(rank=3, quote_first=False),
        result(rank=None, found=False, quote_first=False, support=0.25),
        result(spans=()),
        result(question=UNANSWERABLE, spans=(), support=0.6),
        result(question=UNANSWERABLE, spans=(), found=False),
    )
    assert misses(Evaluation(results, score(results))) == [
        "q: wrong first quote, passage at rank 3: When?",
        "q: not answered, support 0.25: When?",
        "q: gold answer not in the articles' text: When?",
        "u: answered, support 0.60: When?",
    ]


# The whole


def test_measures_places_words_and_texts(tmp_path: Path) -> None:
    """Two passages of two articles; the gold answer ends at the third word of the one that comes second."""
    from qa import Library

    tolls = Article(id="tolls", title="Tolls", text="Ships paid 14,666 marks.")
    canal = Article(id="canal", title="Canal", text="How much did ships pay in tolls? Nobody knows any more.")
    with Library.open(tmp_path / "library", ranking="lexical") as library:
        library.add([tolls, canal])
        asked = question(question="How much did ships pay in tolls?", article_ids=("tolls",), answers=("14,666",))
        measured = evaluate(library, [asked, replace(asked, article_ids=("canal",), answers=())]).results
    assert (measured[0].rank, measured[0].words_read, measured[0].article_first) == (2, 11 + 3, False)
    assert (measured[1].rank, measured[1].words_read, measured[1].article_first) == (None, None, True)
    assert all(each.texts == each.exact >= 2 for each in measured)


def test_a_text_that_does_not_stand_where_it_says_is_counted(example_library: Library) -> None:
    class OneOff:
        """The library, but every first passage is said to begin one character later than it does."""

        articles, article, ask = example_library.articles, example_library.article, example_library.ask

        def retrieve(self, question: str, *, k: int, history: Sequence[Turn]) -> list[Hit]:
            first, *rest = example_library.retrieve(question, k=k, history=history)
            moved = replace(first.passage, start=first.passage.start + 1, end=first.passage.end + 1)
            return [replace(first, passage=moved), *rest]

    asked = [question(question="How long was the Suez Canal blocked?", article_ids=(), answers=(), answerable=False)]
    right, off = evaluate(example_library, asked).results[0], evaluate(OneOff(), asked).results[0]
    assert right.texts == right.exact == off.texts == off.exact + 1 >= 10


def test_no_example_page_loses_its_gold_answers(example_library: Library, examples: Path) -> None:
    """Each gold answer stands in the article as it was read, whatever the page's template did to it."""
    articles = {Path(article.source or "").stem: article for article in example_library.articles()}
    lost = [
        (each.id, name)
        for each in read_questions(examples / "questions.jsonl")
        for name in each.article_ids
        if each.answerable and not gold_spans(each, articles[name])
    ]
    assert lost == []


def test_evaluates_the_examples(example_library: Library, examples: Path) -> None:
    """Floors well below what `make eval` prints for all questions, so that only a real loss fails."""
    questions = read_questions(examples / "questions.jsonl")[::5]
    seen: list[Progress] = []
    scores = evaluate(example_library, questions, on_progress=seen.append).scores
    assert [each.done for each in seen] == list(range(1, len(questions) + 1))
    assert (scores.questions, scores.placed) == (len(questions), sum(each.answerable for each in questions))
    for value, floor in ((scores.recall_10, 0.9), (scores.mrr_10, 0.7), (scores.auroc, 0.6)):
        assert value is not None
        assert value >= floor


def test_articles_go_by_their_id_and_by_their_page(tmp_path: Path) -> None:
    from qa import Library

    (tmp_path / "suez canal.txt").write_text("The Suez Canal\n\nThe Suez Canal was opened in November 1869.\n")
    with Library.open(tmp_path / "library") as library:
        library.add([tmp_path / "suez canal.txt", Article(id="kiel", title="Kiel", text="It was opened in June 1895.")])
        asked = [
            question(question="When was the Suez Canal opened?", article_ids=("suez canal",), answers=("1869",)),
            question(question="When was it opened in June?", article_ids=("kiel",), answers=("1895",)),
        ]
        assert [each.rank for each in evaluate(library, asked).results] == [1, 1]
        with pytest.raises(InvalidInput, match="holds none of the 1 articles that the questions name, as 'panama'"):
            evaluate(library, [question(article_ids=("panama",))])
