"""Fine-tune the packaged model for late interaction: low-rank changes to its weights, and weights of question tokens.

    PYTHONPATH=. python training/encoder.py SET... --out FOLDER

Three losses over passages that are alike, so that each is a hard negative of the others: MaxSim over the passages,
MaxSim over the sentences of the right passage (what `ask` needs), and the cosine of the pooled vectors. Low rank (Hu
et al., 2021, LoRA) keeps the change small, in bytes and in what it does to subjects that the sets know nothing of.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import normalize
from torch.nn.utils import parametrize

from embeddings.encoder import Encoder
from embeddings.model import PACKAGED_NAME, find_model
from training.data import Example, Text, knows_the_passage, passage_vectors, read_sets

RANK = 32


class LowRank(torch.nn.Module):
    """weight + B·A, B zero at first."""

    def __init__(self, weight: torch.Tensor, rank: int) -> None:
        super().__init__()
        rows, columns = weight.shape
        self.a = torch.nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.b = torch.nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight + self.b @ self.a


class Trainee(torch.nn.Module):
    def __init__(self, rank: int) -> None:
        super().__init__()
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(
            str(find_model(PACKAGED_NAME).folder),
            device="cpu",
            local_files_only=True,
            model_kwargs={"dtype": torch.float32, "attn_implementation": "eager"},  # 1.7 times as fast to train as sdpa
        )
        self.tokenizer = model.tokenizer
        self.backbone = model[0].auto_model
        self.backbone.requires_grad_(False)
        for module in self.backbone.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        self.linear = {
            name: module
            for name, module in self.backbone.encoder.named_modules()
            if isinstance(module, torch.nn.Linear)
        }
        for module in self.linear.values():
            parametrize.register_parametrization(module, "weight", LowRank(module.weight, rank))
        self.importance = torch.nn.Linear(384, 1, bias=False)
        torch.nn.init.zeros_(self.importance.weight)
        self.scale = torch.nn.Parameter(torch.tensor([3.4, 3.4, 3.0]))  # logarithms

    def encode(self, texts: list[str], longest: int) -> tuple[torch.Tensor, ...]:
        """(pooled (n, d), tokens (n, t, d), hidden (n, t, d), mask (n, t) of real tokens, offsets (n, t, 2))."""
        features = self.tokenizer(
            texts, padding=True, truncation=True, max_length=longest, return_offsets_mapping=True,
            return_special_tokens_mask=True, return_tensors="pt",
        )  # fmt: skip
        offsets, special = features.pop("offset_mapping"), features.pop("special_tokens_mask")
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.backbone(**features).last_hidden_state.float()
        seen = features["attention_mask"][..., None].float()
        pooled = normalize((hidden * seen).sum(1) / seen.sum(1), dim=-1)
        return pooled, normalize(hidden, dim=-1), hidden, special == 0, offsets

    def losses(self, questions: list[Example], passages: list[int], texts: list[Text]) -> list[torch.Tensor]:
        q_pooled, q_tokens, q_hidden, q_mask, _ = self.encode([one.question for one in questions], 48)
        p_pooled, p_tokens, _, p_mask, offsets = self.encode([texts[i].text for i in passages], 256)
        n, m, d = q_tokens.shape
        k, t, _ = p_tokens.shape
        weights = self.importance(q_hidden)[..., 0].masked_fill(~q_mask, -1e4).softmax(-1)  # (n, m)
        with torch.autocast("cpu", torch.bfloat16):
            similarity = q_tokens.reshape(n * m, d) @ p_tokens.reshape(k * t, d).T
        similarity = similarity.reshape(n, m, k, t).float().masked_fill(~p_mask, -1.0)
        late = (similarity.amax(-1) * weights[..., None]).sum(1)  # (n, k)
        at = {text: row for row, text in enumerate(passages)}
        gold = torch.tensor([at[one.text] for one in questions])
        clear = torch.tensor([not knows_the_passage(one.question) for one in questions])
        scales = self.scale.exp()
        cross = torch.nn.functional.cross_entropy
        zero = late.sum() * 0
        by_late = cross(late[clear] * scales[0], gold[clear]) if clear.any() else zero
        by_pooled = cross((q_pooled @ p_pooled.T)[clear] * scales[2], gold[clear]) if clear.any() else zero
        # the sentences of the right passage
        most = max(len(texts[one.text].sentences) for one in questions)
        inside = torch.zeros(n, most, t, dtype=torch.bool)
        right = torch.zeros(n, most, dtype=torch.bool)
        for row, one in enumerate(questions):
            tokens = offsets[gold[row]]
            for number, (start, end) in enumerate(texts[one.text].sentences):
                inside[row, number] = (tokens[:, 0] >= start) & (tokens[:, 1] <= end) & p_mask[gold[row]]
                right[row, number] = any(start <= a and b <= end for a, b in one.answers)
        own = similarity[torch.arange(n), :, gold]  # (n, m, t)
        met = own[:, :, None, :].masked_fill(~inside[:, None], -1.0).amax(-1)  # (n, m, sentences)
        sentence = (met * weights[..., None]).sum(1) * scales[1]
        there = inside.any(-1)
        sentence = sentence.masked_fill(~there, -1e4)
        some = (right & there).any(-1) & (there.sum(-1) > 1)
        by_sentence = zero
        if some.any():
            wanted = sentence.masked_fill(~(right & there), -1e4).logsumexp(-1)
            by_sentence = (sentence.logsumexp(-1) - wanted)[some].mean()
        return [by_late, by_sentence, by_pooled]


def batches(examples: list[Example], vectors: np.ndarray, rng: random.Random, size: int, alike: int):
    """(questions, passages): groups of `alike` neighbouring passages, `size` in all, with all of their questions."""
    asked: dict[int, list[Example]] = {}
    for one in examples:
        asked.setdefault(one.text, []).append(one)
    left = list(asked)
    rng.shuffle(left)
    free = set(left)
    columns = np.array(left)
    groups = []
    for seed in left:
        if seed not in free:
            continue
        near = columns[np.argsort(-(vectors[columns] @ vectors[seed]))]
        group = [seed, *[i for i in near.tolist() if i in free and i != seed][: alike - 1]]
        free -= set(group)
        groups.append(group)
        columns = np.array([i for i in columns.tolist() if i in free])
    rng.shuffle(groups)
    for at in range(0, len(groups), size // alike):
        passages = [i for group in groups[at : at + size // alike] for i in group]
        questions = [one for i in passages for one in rng.sample(asked[i], min(3, len(asked[i])))]
        yield questions, passages


def add_negatives(examples: list[Example], texts: list[Text], vectors: np.ndarray, encoder: Encoder, each: int):
    """For each example's passage the passages without its answer that the plain model takes for it: text -> texts."""
    by_article: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        by_article.setdefault(text.article, []).append(number)
    golds: dict[tuple[str, str], set[int]] = {}
    for one in examples:
        golds.setdefault((one.question, one.article), set()).add(one.text)
    questions = encoder.encode_questions([one.question for one in examples])
    found: dict[int, list[int]] = {}
    for one, vector in zip(examples, questions, strict=True):
        others = [i for i in by_article[one.article] if i not in golds[one.question, one.article]]
        best = sorted(others, key=lambda i: -float(vectors[i] @ vector))[:each]
        found.setdefault(one.text, []).extend(i for i in best if i not in found.get(one.text, []))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--keep", type=float, default=0.6, help="share of the change that is kept")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    torch.manual_seed(options.seed)
    texts, train, held = read_sets(options.sets)
    encoder = Encoder(PACKAGED_NAME)
    vectors = passage_vectors(texts, encoder, options.cache)
    negatives = add_negatives(train, texts, vectors, encoder, 2)
    del encoder
    print(f"{len(texts)} passages, {len(train)} questions, {len(held)} held out", flush=True)
    model = Trainee(RANK)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01)
    total = options.epochs * sum(1 for _ in batches(train, vectors, random.Random(0), options.size, 8))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 40) * max(0.02, 1 - step / total)
    )
    began, step = time.time(), 0
    for epoch in range(options.epochs):
        sums = np.zeros(3)
        for count, (questions, passages) in enumerate(batches(train, vectors, rng, options.size, 8), 1):
            extra = list(dict.fromkeys(i for p in passages for i in negatives.get(p, []) if i not in passages))
            parts = model.losses(questions, passages + rng.sample(extra, min(8, len(extra))), texts)
            (parts[0] + parts[1] + 0.5 * parts[2]).backward()
            torch.nn.utils.clip_grad_norm_(weights, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            step += 1
            sums += [float(part.detach()) for part in parts]
            if count % 20 == 0:
                print(f"{epoch} {step}/{total} {time.time() - began:.0f}s {(sums / count).round(3)}", flush=True)
        with torch.no_grad():
            sums, n = np.zeros(3), 0
            for questions, passages in batches(held, vectors, random.Random(0), options.size, 8):
                sums += [float(part) for part in model.losses(questions, passages, texts)]
                n += 1
            print(f"epoch {epoch}: held out {(sums / n).round(3)} scales {model.scale.exp().tolist()}", flush=True)
        save(model, options.out / "encoder.safetensors", options.keep)


def save(model: Trainee, path: Path, keep: float) -> None:
    """Write `keep` of the change: between the weights before and after is more robust on other subjects than after

    (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models").
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {"importance": keep * model.importance.weight.detach()[0]}
    for name, module in model.linear.items():
        change = module.parametrizations.weight[0]
        tensors[f"{name}.a"], tensors[f"{name}.b"] = change.a.detach(), keep * change.b.detach()
    save_file(
        {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in tensors.items()},
        path,
    )


if __name__ == "__main__":
    main()
