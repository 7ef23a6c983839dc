"""The reader on the real weights: where an answer is, and whether there is one."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings.errors import ModelError
from embeddings.reader import READER, Reader, Reading

LIGHTHOUSE = (
    "Skarholm lighthouse\nThe lighthouse was built by Ada Lund between 1871 and 1874. It stands on the northern tip of "
    "the island and is 41 metres high. The lamp was replaced after the storm of 1902."
)
BAKERY = "The bakery on Mill Street opens at six. Its owner sells rye bread, buns and, on Fridays, cardamom cakes."


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(dtype="float32")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who built the lighthouse?", "Ada Lund"),
        ("How high is the lighthouse?", "41 metres"),
        ("When was the lamp replaced?", "1902"),
    ],
)
def test_the_best_span_holds_the_answer(reader: Reader, question: str, answer: str) -> None:
    (reading,) = reader.read(question, [LIGHTHOUSE])
    best = reading.best_span(0, len(LIGHTHOUSE))
    assert best is not None
    weight, start, end = best
    assert answer in LIGHTHOUSE[start:end]
    assert len(LIGHTHOUSE[start:end]) < 60
    assert weight == pytest.approx(_by_hand(reading), abs=1e-4)


def _by_hand(reading: Reading) -> float:
    spans = (
        float(reading.starts[i] + reading.ends[j]) - reading.none
        for i in range(len(reading.starts))
        for j in range(i, min(len(reading.ends), i + 32))
    )
    return max(spans)


def test_a_span_is_looked_for_within_the_given_characters_only(reader: Reader) -> None:
    (reading,) = reader.read("How high is the lighthouse?", [LIGHTHOUSE])
    first = LIGHTHOUSE.index("The lighthouse was"), LIGHTHOUSE.index(" It stands")
    best = reading.best_span(*first)
    assert best is not None
    assert first[0] <= best[1] < best[2] <= first[1]
    whole = reading.best_span(0, len(LIGHTHOUSE))
    assert whole is not None
    assert whole[0] > best[0]
    assert reading.best_span(5, 5) is None


def test_a_passage_that_answers_is_more_relevant_than_one_that_does_not(reader: Reader) -> None:
    for question in ("Who built the lighthouse?", "How high is the lighthouse?"):
        right, wrong = reader.read(question, [LIGHTHOUSE, BAKERY])
        assert right.relevance > wrong.relevance
    right, wrong = reader.read("When does the bakery open?", [BAKERY, LIGHTHOUSE])
    assert right.relevance > wrong.relevance


def test_offsets_are_those_of_the_passage(reader: Reader) -> None:
    for text, reading in zip([BAKERY, LIGHTHOUSE], reader.read("Who?", [BAKERY, LIGHTHOUSE]), strict=True):
        assert reading.offsets.dtype == np.int32
        assert len(reading.offsets) == len(reading.starts) == len(reading.ends)
        assert reading.offsets[0][0] == 0
        assert text.startswith(text[slice(*reading.offsets[0])])
        assert text[slice(*reading.offsets[-1])] == "."


def test_alone_or_among_others_a_passage_reads_the_same(reader: Reader) -> None:
    (alone,) = reader.read("When does the bakery open?", [BAKERY])
    _, among = reader.read("When does the bakery open?", [LIGHTHOUSE, BAKERY])
    assert among.relevance == pytest.approx(alone.relevance, abs=1e-4)
    np.testing.assert_allclose(among.starts, alone.starts, atol=1e-4)


@pytest.mark.parametrize("question", ["a" * 4000, "why " * 1000, "маяк " * 500, "?"])
def test_any_question_can_be_read_with_any_passage(reader: Reader, question: str) -> None:
    long = "A sentence about nothing at all. " * 200
    for reading in reader.read(question, [LIGHTHOUSE, "x", long]):
        assert np.isfinite(reading.relevance)
        assert len(reading.offsets) > 0


def test_no_passages_give_no_readings(reader: Reader) -> None:
    assert reader.read("Who?", []) == []


def test_a_device_without_memory_left_says_so(reader: Reader) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 96.00 MiB.")

    with (
        reader._model.register_forward_pre_hook(full),
        pytest.raises(ModelError, match=r"^the memory of .* is too full to read 2 passages"),
    ):
        reader.read("Who built the lighthouse?", [LIGHTHOUSE, BAKERY])


def test_several_threads_read_the_same(reader: Reader) -> None:
    expected = [reading.relevance for reading in reader.read("Who built the lighthouse?", [LIGHTHOUSE, BAKERY])]
    seen: list[list[float]] = []

    def read() -> None:
        seen.append([reading.relevance for reading in reader.read("Who built the lighthouse?", [LIGHTHOUSE, BAKERY])])

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    for values in seen:
        assert values == pytest.approx(expected, abs=1e-4)


def test_weights_that_are_lost_or_of_another_model_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    with pytest.raises(ModelError, match="lost could not be loaded"):
        Reader(tmp_path / "lost")
    tensors = load_file(READER)
    save_file({name: tensor for name, tensor in tensors.items() if "layer.5" not in name}, tmp_path / "short")
    with pytest.raises(ModelError, match="is no reader of this version"):
        Reader(tmp_path / "short")
    (tmp_path / "cut").write_bytes(READER.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cut could not be loaded"):
        Reader(tmp_path / "cut")
