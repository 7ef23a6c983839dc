"""Texts to unit vectors and token vectors, on the real model."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embeddings import encoder as encoder_module
from embeddings.encoder import Encoder, _batches, pick_device, quiet_loading
from embeddings.errors import ModelError
from embeddings.model import PACKAGED_NAME, TUNED_NAME, TUNINGS, find_model
from embeddings.reader import Reader

TEXTS = [
    "Short.",
    "The eruption cut the only cable to the islands, and for five weeks there was no internet. " * 3,
    "",
    "Ärger mit Umlauten, 数字 and 😀 emoji.",
    "The ship ran aground.",
    "word " * 600,  # beyond the model's window
]


def test_rows_are_unit_vectors_in_the_order_of_the_texts(encoder: Encoder) -> None:
    rows = encoder.encode_passages(TEXTS)
    assert rows.dtype == np.float32
    assert rows.shape == (len(TEXTS), encoder.dimension) == (len(TEXTS), 384)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for text, row in zip(TEXTS, rows, strict=True):
        np.testing.assert_allclose(encoder.encode_passages([text])[0], row, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_passages(TEXTS[::-1])[::-1], rows, atol=1e-5)


def test_many_batches_keep_the_order(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{'many ' * (i % 7)}words about number {i}" for i in range(40)]
    rows = encoder.encode_passages(texts)
    monkeypatch.setattr(encoder_module, "_TOKENS_AT_ONCE", 40)
    embedded = encoder.embed_passages(texts)
    np.testing.assert_allclose(np.stack([one.vector for one in embedded]), rows, atol=1e-5)


def test_batches_hold_as_many_texts_as_their_tokens_allow() -> None:
    lengths = [3, 50, 10, 10, 9, 2]
    order = [1, 2, 3, 4, 0, 5]
    assert list(_batches(order, lengths, 30)) == [[1], [2, 3, 4], [0, 5]]
    assert list(_batches(order, lengths, 1)) == [[1], [2], [3], [4], [0], [5]]
    assert list(_batches([], [], 30)) == []


def test_packed_embeddings_are_those_of_the_token_vectors(encoder: Encoder) -> None:
    for packed, whole in zip(encoder.pack_passages(TEXTS), encoder.embed_passages(TEXTS), strict=True):
        assert np.array_equal(packed.vector, whole.vector)
        assert np.array_equal(packed.offsets, whole.offsets)
        assert np.array_equal(packed.signs, whole.signs)
        assert np.array_equal(packed.signs, np.packbits(whole.tokens > 0, axis=1))


def test_the_same_text_gives_the_same_vector(encoder: Encoder) -> None:
    assert np.array_equal(encoder.encode_passages(TEXTS[:2]), encoder.encode_passages(TEXTS[:2]))


def test_vectors_of_the_plain_model_are_those_of_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    plain = Encoder(PACKAGED_NAME, dtype="float32")
    theirs = SentenceTransformer(str(plain.files.folder), device="cpu", local_files_only=True)
    expected = theirs.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(plain.encode_passages(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(plain.encode_questions(TEXTS), expected, atol=1e-5)
    embedded = plain.embed_question(TEXTS[1])
    np.testing.assert_allclose(embedded.vector, expected[1], atol=1e-5)
    np.testing.assert_allclose(embedded.weights, np.full(len(embedded.tokens), 1 / len(embedded.tokens)), atol=1e-7)


def test_the_tuning_is_the_low_rank_change_added_to_the_layers(encoder: Encoder) -> None:
    from safetensors.torch import load_file

    plain = Encoder(PACKAGED_NAME, dtype="float32")
    change = load_file(TUNINGS[TUNED_NAME])
    name = "layer.3.attention.self.query"
    before = plain._model[0].auto_model.encoder.get_submodule(name).weight
    after = encoder._model[0].auto_model.encoder.get_submodule(name).weight
    added = (change[f"{name}.b"].float() @ change[f"{name}.a"].float()).numpy()
    assert np.abs(added).max() > 1e-3
    np.testing.assert_allclose((after - before).detach().cpu().numpy(), added, atol=1e-6)
    embedded = encoder.embed_question("When did the first container ship leave Newark?")
    assert embedded.weights.sum() == pytest.approx(1)
    said = {embedded.offsets[i].tolist()[0]: float(weight) for i, weight in enumerate(embedded.weights)}
    assert said[0] > said[9]  # "When" asks for something that "the" does not


def test_familiarity_tells_languages_that_the_packaged_model_knows(encoder: Encoder) -> None:
    asked = {
        "en": "Who mended the lamp of the lighthouse after the storm?",
        "de": "Wer hat nach dem Sturm die Lampe des Leuchtturms ausgebessert?",
        "ru": "Кто починил лампу маяка после бури?",
        "zh": "暴风雨之后是谁修好了灯塔的灯？",
        "none": "1874?",
    }
    known = {language: encoder.embed_question(text).familiarity for language, text in asked.items()}
    assert known["en"] == known["none"] == 1
    assert 0.5 < known["de"] < 1
    assert known["ru"] < 0.1
    other = Encoder(
        replace(find_model(PACKAGED_NAME), digest="0" * 64), dtype="float32"
    )  # weights of which nothing is known
    assert other.embed_question(asked["ru"]).familiarity == 1
    assert known["zh"] < 0.1


def test_no_texts_give_no_rows(encoder: Encoder) -> None:
    assert encoder.encode_passages([]).shape == (0, 384)
    assert encoder.encode_questions([]).dtype == np.float32
    assert encoder.embed_passages([]) == []


def test_tokens_say_which_characters_they_cover(encoder: Encoder) -> None:
    text = "Hunga  Tonga's eruption, in 2022, cut a cable."
    one = encoder.embed_passages([text, "A much longer text beside it, so that the first is padded in its batch."])[0]
    assert [text[start:end] for start, end in one.offsets] == [
        "Hung", "a", "Tonga", "'", "s", "eruption", ",", "in", "202", "2", ",", "cut", "a", "cable", ".",
    ]  # fmt: skip
    assert one.tokens.shape == (15, 384)
    assert one.tokens.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(one.tokens, axis=1), 1, atol=1e-5)


def test_a_token_vector_is_nearest_to_the_same_word_elsewhere(encoder: Encoder) -> None:
    first = encoder.embed_passages(["The cable was repaired by a ship."])[0]
    second = encoder.embed_passages(["A ship came in March. The broken cable lay deep."])[0]
    words = ["A", "ship", "came", "in", "March", ".", "The", "broken", "cable", "lay", "deep", "."]
    similarity = first.tokens @ second.tokens.T
    assert words[int(similarity[1].argmax())] == "cable"
    assert words[int(similarity[6].argmax())] == "ship"


def test_bfloat16_vectors_are_nearly_those_of_float32(encoder: Encoder) -> None:
    half = Encoder(dtype="bfloat16", device="cpu")
    assert half.dtype == "bfloat16"
    texts = [TEXTS[1], TEXTS[4]]
    rows = half.encode_passages(texts)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    cosines = (rows * encoder.encode_passages(texts)).sum(axis=1)
    assert cosines.min() >= 0.995
    assert not np.array_equal(rows, encoder.encode_passages(texts))


def test_one_forward_pass_runs_at_a_time(encoder: Encoder) -> None:
    inside, most, guard = 0, 0, threading.Lock()

    def entered(*_: object) -> None:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)

    def left(*_: object) -> None:
        nonlocal inside
        with guard:
            inside -= 1

    expected = encoder.encode_passages(TEXTS[:4])
    rows: list[np.ndarray] = []
    before, after = encoder._model.register_forward_pre_hook(entered), encoder._model.register_forward_hook(left)
    try:
        threads = [threading.Thread(target=lambda: rows.append(encoder.encode_passages(TEXTS[:4]))) for _ in range(4)]
        threads += [threading.Thread(target=encoder.embed_question, args=("Who?",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        before.remove()
        after.remove()
    assert most == 1
    assert len(rows) == 4
    for row in rows:
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_the_prompt_for_questions_is_embedded_but_is_no_token(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder._model, "prompts", {"query": "query: ", "document": ""})
    question = encoder.embed_question("Who came?")
    assert ["Who came?"[start:end] for start, end in question.offsets] == ["Who", "came", "?"]
    np.testing.assert_allclose(question.vector, encoder.encode_passages(["query: Who came?"])[0], atol=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "FLOAT32", ""])
def test_an_unknown_dtype_is_refused(dtype: str) -> None:
    with pytest.raises(ModelError, match="use auto, float32, bfloat16, float16"):
        Encoder(dtype=dtype)


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "meta", "hpu", ""])
@pytest.mark.parametrize("model", [Encoder, Reader])
def test_a_device_that_is_not_here_is_refused(model: type[Encoder | Reader], device: str) -> None:
    with pytest.raises(
        ModelError, match=rf"^device is '{device}', which cannot be used here \(.+\); use cpu\b"
    ) as found:
        model(device=device)
    assert "\n" not in str(found.value)


def test_batches_that_memory_is_too_small_for_are_halved(encoder: Encoder) -> None:
    expected = encoder.encode_passages(TEXTS)
    sizes: list[int] = []

    def full(most: int) -> Callable[..., None]:
        def hook(_: object, arguments: tuple[dict[str, torch.Tensor]]) -> None:
            sizes.append(len(arguments[0]["input_ids"]))
            if sizes[-1] > most:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 96.00 MiB.")

        return hook

    with encoder._model.register_forward_pre_hook(full(2)):
        np.testing.assert_allclose(encoder.encode_passages(TEXTS), expected, atol=1e-5)
    assert sizes == [6, 3, 1, 2, 3, 1, 2]
    with (
        encoder._model.register_forward_pre_hook(full(0)),
        pytest.raises(ModelError, match=r"^the memory of .* is too full to encode a text of 256 tokens"),
    ):
        encoder.encode_passages(TEXTS)


def test_the_tokenizer_has_one_thread_where_the_processor_encodes_and_all_beside_a_gpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    with quiet_loading("cuda:0"):
        assert "TOKENIZERS_PARALLELISM" not in os.environ
    with quiet_loading("cpu"):
        assert os.environ["TOKENIZERS_PARALLELISM"] == "false"


@pytest.mark.parametrize("device", ["cpu", "cpu:0"])
def test_the_processor_has_one_name(device: str) -> None:
    assert pick_device(device) == "cpu"


def test_a_model_that_cannot_be_loaded_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(find_model().folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ModelError, match="broken could not be loaded"):
        Encoder(folder)
