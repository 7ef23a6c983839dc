"""What the models are trained on: examples cut from question sets, and pairs that hold no answer."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from embeddings.encoder import Encoder
from embeddings.late import TokenVectors, maxsim
from embeddings.model import PACKAGED_NAME, TUNED_NAME, TUNINGS, find_model
from training.calibrate import fitted
from training.data import held_out, knows_the_passage, read_sets, unanswerable, untokenized
from training.encoder import RANK, Trainee, batches, compared, save
from training.negatives import (
    Pair,
    alike_without,
    asked_for_other,
    near_words,
    pairs_of,
    unanswered_pairs,
    with_other_word,
    without_answer,
)
from training.spoken import restarted, some_restarted

FERRY = (
    "The ferry Maria sailed from Oban on 3 May 1958. She carried forty cars . Her captain was Ewan Reid , a Scot.\n\n"
    "The harbour was dredged again in 1961, which cost 900 pounds."
)
LIGHT = "The lighthouse of Skerry was lit with oil until 1931. Its keeper kept bees."
QUESTIONS = [
    {"question": "When did the Maria sail from Oban?", "article_ids": ["ferry"], "answers": ["3 May 1958"],
     "answerable": True, "gold_paragraph": FERRY.split("\n\n")[0]},
    {"question": "Who was the captain of the Maria?", "article_ids": ["ferry"], "answers": ["Ewan Reid ,"],
     "answerable": True, "gold_paragraph": None},
    {"question": "What did the keeper of Skerry keep?", "article_ids": ["light"], "answers": ["bees"],
     "answerable": True, "gold_paragraph": LIGHT},
    {"question": "Who lit the lighthouse in 1950?", "article_ids": ["light"], "answers": [], "answerable": False,
     "gold_paragraph": None},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    articles = [("ferry", "The ferry", FERRY), ("light", "The lighthouse", LIGHT)]
    lines = [json.dumps({"id": i, "title": title, "text": text}) for i, title, text in articles]
    (folder / "articles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "questions.jsonl").write_text("\n".join(json.dumps(one) for one in QUESTIONS) + "\n", encoding="utf-8")
    return folder


def test_answers_are_spans_of_the_passage_as_it_is_embedded(folder: Path) -> None:
    texts, train, held = read_sets([folder])
    told = {one.question: [texts[one.text].text[a:b] for a, b in one.answers] for one in [*train, *held]}
    assert told == {
        "When did the Maria sail from Oban?": ["3 May 1958"],
        "Who was the captain of the Maria?": ["Ewan Reid,"],  # written apart, embedded together
        "What did the keeper of Skerry keep?": ["bees"],
    }
    for text in texts:
        sentences = [text.text[a:b] for a, b in text.sentences]
        assert text.text[text.context :].startswith(sentences[0])
        assert text.text.startswith({"ferry": "The ferry", "light": "The lighthouse"}[text.article])
    assert unanswerable(folder) == [("Who lit the lighthouse in 1950?", "light", "")]


def test_articles_held_out_are_one_in_twenty_and_in_no_training(folder: Path) -> None:
    share = sum(held_out(f"article {number}") for number in range(2000)) / 2000
    assert 0.04 < share < 0.06
    _, train, held = read_sets([folder])
    assert {one.article for one in train} == {name for name in ("ferry", "light") if not held_out(name)}
    assert {one.article for one in held} == {name for name in ("ferry", "light") if held_out(name)}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("It did n't rain , she said .", "It didn't rain, she said."),
        ("the book ( 1984 ) , 90 % read", "the book (1984), 90% read"),
        ("Left as it is: 3.5 (half).", "Left as it is: 3.5 (half)."),
    ],
)
def test_texts_lose_the_spaces_that_a_tokenizer_left(written: str, read: str) -> None:
    assert untokenized(written) == read


def test_a_question_about_the_author_is_known_to_need_its_passage() -> None:
    assert knows_the_passage("What does the author like?")
    assert knows_the_passage("How long did it last?")
    assert not knows_the_passage("When was the Oban ferry built?")


def test_the_passage_without_its_answer_keeps_all_other_sentences(folder: Path) -> None:
    texts, train, held = read_sets([folder])
    one = next(one for one in [*train, *held] if one.question.startswith("When"))
    cut = without_answer(texts[one.text], one.answers)
    assert "1958" not in cut
    assert cut.startswith("The ferry")
    assert "She carried forty cars. Her captain was Ewan Reid, a Scot." in cut
    short = next(one for one in [*train, *held] if one.question.startswith("What"))
    assert without_answer(texts[short.text], short.answers) == ""  # one sentence would be left


def test_a_question_is_asked_for_another_name_number_or_opposite() -> None:
    text = "The Maria sailed from Oban in 1958, the Flora from Mallaig."
    asked = {asked_for_other("Why did the Maria sail?", text, [], random.Random(seed)) for seed in range(30)}
    assert asked == {"Why did the Oban sail?", "Why did the Flora sail?", "Why did the Mallaig sail?"}
    for seed in range(30):
        year = int(asked_for_other("what sailed in 1958?", text, [], random.Random(seed)).split()[-1].rstrip("?"))
        assert 15 <= abs(year - 1958) <= 60
    assert asked_for_other("what is the largest boat?", text, [], random.Random(1)) == "what is the smallest boat?"
    assert asked_for_other("what is it?", text, [], random.Random(1)) == ""


def test_a_word_of_the_passage_becomes_a_related_one_that_it_has_not() -> None:
    near = {"sold": ["bought", "traded"], "boat": ["ship"]}
    told = "He sold the boat that he had bought."
    assert {with_other_word("when was it sold?", told, near, random.Random(seed)) for seed in range(9)} == {
        "when was it traded?"  # the passage has "bought"
    }
    assert with_other_word("when was it sold?", "The boat sank.", near, random.Random(0)) == ""  # no near miss
    assert with_other_word("who sold the boat?", told, {}, random.Random(0)) == ""


def test_related_words_are_neither_forms_nor_synonyms() -> None:
    near = near_words(
        ["what blue movie did the wife see in winter when teachers sold"], find_model(PACKAGED_NAME).folder
    )
    assert {"yellow", "green"} <= set(near["blue"])
    assert "blues" not in near["blue"]
    assert "film" not in near["movie"]
    assert {"daughter", "lady"} <= set(near["wife"])
    assert all(word.endswith("s") for word in near["teachers"])
    assert "when" not in near
    assert "what" not in near


def test_passages_alike_lack_the_answer_and_make_pairs_without_one(folder: Path) -> None:
    texts, train, held = read_sets([folder])
    examples = [*train, *held]
    encoder = Encoder(PACKAGED_NAME)
    vectors = encoder.encode_passages([one.text for one in texts])
    found = alike_without(examples, texts, vectors, encoder, 6)
    assert any(found)
    for one, others in zip(examples, found, strict=True):
        answers = [texts[one.text].text[a:b] for a, b in one.answers]
        assert one.text not in others
        assert not any(answer in texts[i].text for i in others for answer in answers)

    pairs = pairs_of(examples, texts, found, {}, random.Random(5), 1.0)
    assert [pair.question for pair in pairs if pair.answers] == [one.question for one in examples]
    without = [pair for pair in pairs if not pair.answers]
    assert 0 < len(without) <= len(examples)
    held_by = {one.question: [texts[one.text].text[a:b] for a, b in one.answers] for one in examples}
    for pair in without:
        assert not any(answer in pair.text for answer in held_by.get(pair.question, []))
    assert all(pair.answers for pair in pairs_of(examples, texts, found, {}, random.Random(5), 0.0))


SQUAD = """<div class="para-wrap">
<pre>The ferry sailed from Oban in 1958. She carried forty cars &amp; a crew of 12.</pre>
<div class="qa-wrap"><p><strong class="question">How many cars didn't walk aboard?</strong></p>
<span class="answer">forty</span><span class="answer">forty cars</span></div></div>
<div class="para-wrap">
<pre>It was lit with oil until it was lit with gas, and nobody on the coast ever saw a lamp again.</pre>
<div class="qa-wrap"><strong class="question">With what was it lit?</strong>
<span class="answer">oil</span></div></div>"""


def test_a_set_is_made_of_squads_pages_and_of_the_pairs_of_questions(tmp_path: Path) -> None:
    pages, pairs, measured, out = (tmp_path / name for name in ("pages", "pairs", "measured", "out"))
    for folder in (pages, pairs, measured):
        folder.mkdir()
    (pages / "The_ferry.html").write_text(SQUAD, encoding="utf-8")
    for part, with_answer, without in (
        ("train", "how many cars did n't walk aboard ?", "how many `` buses '' did n't walk aboard ?"),
        ("dev", "who is asked nowhere ?", "who is not ?"),
    ):
        (pairs / f"{part}-answerable-questions.txt").write_text(f"1\t{with_answer}\t3\t3\n", encoding="utf-8")
        (pairs / f"{part}-unanswerable-questions.txt").write_text(f"2\t{without}\t3\t3\n", encoding="utf-8")
    same = "As is told, it was lit with oil until it was lit with gas, and nobody came."
    (measured / "articles.jsonl").write_text(json.dumps({"id": "m", "title": "", "text": same}), encoding="utf-8")
    command = ["training/squad.py", str(pages), str(pairs), "--out", str(out), "--without", str(measured)]
    root = Path(__file__).parents[1]
    said = subprocess.run(
        [sys.executable, *command], cwd=root, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True
    )
    assert said.stdout == "1 questions with an answer, 1 of 2 without placed\n"
    paragraph = "The ferry sailed from Oban in 1958. She carried forty cars & a crew of 12."
    articles = [json.loads(line) for line in (out / "articles.jsonl").read_text("utf-8").splitlines()]
    assert articles == [{"id": "The_ferry", "title": "The ferry", "text": paragraph}]
    questions = [json.loads(line) for line in (out / "questions.jsonl").read_text("utf-8").splitlines()]
    assert [(one["question"], one["answers"], one["gold_paragraph"]) for one in questions] == [
        ("How many cars didn't walk aboard?", ["forty", "forty cars"], paragraph),
        ('how many " buses " didn\'t walk aboard?', [], paragraph),
    ]
    assert unanswerable(out) == [('how many " buses " didn\'t walk aboard?', "The_ferry", paragraph)]


def test_a_question_without_an_answer_is_paired_with_its_paragraph(folder: Path) -> None:
    encoder = Encoder(PACKAGED_NAME)
    texts, _, _ = read_sets([folder])
    vectors = encoder.encode_passages([one.text for one in texts])
    dredged = "The harbour was dredged again in 1961, which cost 900 pounds."
    asked = [("What did the ferry cost?", "ferry", dredged), ("Who lit it in 1950?", "light", "")]
    pairs = unanswered_pairs(asked, texts, vectors, encoder)
    assert [(one.question, one.answers) for one in pairs] == [(question, ()) for question, _, _ in asked]
    assert dredged in pairs[0].text
    assert LIGHT in pairs[1].text
    assert unanswered_pairs([("Who?", "elsewhere", "")], texts, vectors, encoder) == []


def test_passages_and_sentences_are_compared_in_training_as_retrieve_compares_them(encoder: Encoder) -> None:
    texts = ["Ferries\nThe Maria sailed in 1958. Her captain was a Scot, Ewan Reid.", "Its keeper kept bees."]
    spans = [((8, 33), (34, 68)), ((0, 21),)]
    question = encoder.embed_question("Who was the captain of the Maria?")
    stored = [
        TokenVectors(one.signs, (one.offsets - spans[i][0][0]).astype(np.int16))
        for i, one in enumerate(encoder.pack_passages(texts))
    ]
    places = [[(a - each[0][0], b - each[0][0]) for a, b in each] for each in spans]
    expected = maxsim(question.tokens, stored, question.weights, sentences=places)
    length = max(len(one.signs) for one in stored)
    signs = np.zeros((2, length, 384), np.float32)
    offsets, mask = np.zeros((2, length, 2), np.int64), np.zeros((2, length), bool)
    for i, one in enumerate(stored):
        n = len(one.signs)
        signs[i, :n] = (np.unpackbits(one.signs, axis=1) * 2.0 - 1.0) / np.sqrt(384 * 2 / np.pi)
        offsets[i, :n], mask[i, :n] = one.offsets + spans[i][0][0], True
    late, alone, owner = compared(
        torch.tensor(question.tokens)[None], torch.tensor(question.weights)[None], torch.tensor(signs),
        torch.tensor(mask), torch.tensor(offsets), spans,
    )  # fmt: skip
    np.testing.assert_allclose(late[0].numpy(), expected, atol=0.01)  # it multiplies in bfloat16
    assert owner.tolist() == [0, 0, 1]
    assert alone[0, 1] > alone[0, 0] > alone[0, 2]


def test_a_tuning_that_is_begun_with_encodes_as_the_product_does(encoder: Encoder, tmp_path: Path) -> None:
    texts = ["The Maria sailed in 1958.", "Its keeper kept bees, and the lamp was lit with oil until 1931."]
    trainee = Trainee(RANK)
    trainee.begin_with(TUNINGS[TUNED_NAME])
    with torch.no_grad():
        pooled, tokens, _, real, offsets = trainee.encode(texts, 256)
    for row, expected in enumerate(encoder.embed_passages(texts)):
        assert float(pooled[row] @ torch.tensor(expected.vector)) > 0.995
        np.testing.assert_array_equal(offsets[row][real[row]].numpy(), expected.offsets)
        cosines = (tokens[row][real[row]] * torch.tensor(expected.tokens)).sum(-1)
        assert float(cosines.min()) > 0.98
    save(trainee, tmp_path / "again.safetensors", keep=1.0)
    again, first = load_file(tmp_path / "again.safetensors"), load_file(TUNINGS[TUNED_NAME])
    assert again.keys() == first.keys()
    assert all(torch.equal(again[name], first[name]) for name in first)


def test_a_batch_is_groups_of_passages_alike_with_their_questions(folder: Path) -> None:
    texts, examples, _ = read_sets([folder])
    vectors = np.eye(len(texts), dtype=np.float32)
    (groups,) = batches(examples, vectors, random.Random(3), size=8, alike=2)
    asked = [one for group in groups for one in group.questions]
    assert sorted(asked, key=examples.index) == examples
    assert all(one.text in group.passages for group in groups for one in group.questions)


def test_a_question_as_spoken_begins_with_another_or_says_another_thing_first() -> None:
    asked, other = "When did the Maria sail from Oban?", "Who was the captain of the ferry?"
    rng = random.Random(0)
    said = {restarted(asked, other, rng) for _ in range(3000)}
    whole = {one for one in said if one.endswith(asked)}
    assert "Who was the captain, no wait, When did the Maria sail from Oban?" in whole
    assert "When did the captain sorry Maria sail from Oban?" in said - whole
    assert "When did the Maria sail from ferry, no, from Oban?" in said - whole
    assert all(one.startswith("Who") for one in whole)
    assert all(one.startswith("When did") for one in said - whole)


def test_questions_are_made_spoken_where_the_passage_is_asked_another_one() -> None:
    ferry = [Pair("When did the Maria sail?", FERRY, ((0, 3),)), Pair("Who was the captain?", FERRY, ())]
    pairs = [*ferry, Pair("What did the keeper keep?", LIGHT, ())]
    assert some_restarted(pairs, 0.0, random.Random(0)) == pairs
    changed = [some_restarted(pairs, 1.0, random.Random(seed)) for seed in range(40)]
    assert all(one[2] == pairs[2] for one in changed)  # nothing else was asked of its passage
    assert all(
        [(pair.text, pair.answers) for pair in one] == [(pair.text, pair.answers) for pair in pairs] for one in changed
    )
    questions = {one[0].question for one in changed}
    assert "When did the Maria sail?" in questions  # what the product mends is read mended
    assert any(question.startswith("Who was") for question in questions)  # and what it does not, as it is


def test_a_curve_weighs_evidence_for_all_sets_and_has_the_level_of_one() -> None:
    """Two sets in which the same evidence weighs the same, and right answers are rarer in the second."""
    draw = np.random.default_rng(0)

    def answers(count: int, bias: float) -> tuple[np.ndarray, np.ndarray]:
        rows = np.c_[draw.normal(size=(count, 2)), np.ones(count)]
        right = draw.random(count) < 1 / (1 + np.exp(-(rows @ [2.0, -1.0, bias])))
        return rows, right

    often, rarely = answers(4000, 1.0), answers(1000, -1.0)
    joint = fitted([often, rarely], None)
    assert joint[:2] == pytest.approx([2.0, -1.0], abs=0.25)
    assert joint[2] == pytest.approx(0.6, abs=0.2), "most questions are those of the first"
    for level, bias in enumerate((1.0, -1.0)):
        weights = fitted([often, rarely], level)
        assert weights == pytest.approx([2.0, -1.0, bias], abs=0.3)
        rows, right = (often, rarely)[level]
        assert np.mean(1 / (1 + np.exp(-rows @ weights))) == pytest.approx(right.mean(), abs=0.005)
