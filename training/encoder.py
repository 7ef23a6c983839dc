"""Fine-tune the packaged model for late interaction: low-rank changes to its weights, and weights of question tokens.

    PYTHONPATH=. python training/encoder.py SET... --out FOLDER

Three losses over passages that are alike, so that each is a hard negative of the others: MaxSim over the passages, as
`retrieve` ranks them (the mean of the passage's and of its best sentence's), MaxSim over the sentences of the right
passage (what `ask` needs), and the cosine of the pooled vectors. Low rank (Hu et al., 2021, LoRA) keeps the change
small, in bytes and in what it does to subjects that the sets know nothing of.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy, linear, normalize, pad

from embeddings.encoder import Encoder
from embeddings.model import PACKAGED_NAME, find_model
from training.data import Example, Text, knows_the_passage, passage_vectors, read_sets

RANK = 32
TOGETHER = 12  # texts that are encoded at once


class LowRank(torch.nn.Module):
    """A linear layer that stays as it is, in bfloat16, with B·A added to its weight; B is zero at first.

    The change is multiplied with what goes in, not added up first: the gradient of the whole weight is never needed.
    """

    def __init__(self, layer: torch.nn.Linear, rank: int) -> None:
        super().__init__()
        self.layer = layer.requires_grad_(False).bfloat16()
        self.a = torch.nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features**0.5)
        self.b = torch.nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, entering: torch.Tensor) -> torch.Tensor:
        entering = entering.bfloat16()
        return self.layer(entering) + linear(linear(entering, self.a.bfloat16()), self.b.bfloat16())


@dataclass(frozen=True, slots=True)
class Group:
    """Passages that are alike, and questions that they answer."""

    passages: list[int]
    questions: list[Example]


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
        self.changes: dict[str, LowRank] = {}
        for name, module in list(self.backbone.encoder.named_modules()):
            if isinstance(module, torch.nn.Linear):
                self.changes[name] = LowRank(module, rank)
                self.backbone.encoder.set_submodule(name, self.changes[name])
        self.importance = torch.nn.Linear(384, 1, bias=False)
        torch.nn.init.zeros_(self.importance.weight)
        self.scale = torch.nn.Parameter(torch.tensor([3.4, 3.4, 3.0]))  # logarithms

    def begin_with(self, path: Path) -> None:
        """Start from an earlier tuning of the same rank."""
        tensors = {name: tensor.float() for name, tensor in load_file(path).items()}
        with torch.no_grad():
            self.importance.weight[0] = tensors["importance"]
            for name, change in self.changes.items():
                change.a.copy_(tensors[f"{name}.a"])
                change.b.copy_(tensors[f"{name}.b"])

    def encode(self, texts: list[str], longest: int) -> tuple[torch.Tensor, ...]:
        """(pooled (n, d), tokens (n, t, d), hidden (n, t, d), mask (n, t) of real tokens, offsets (n, t, 2))."""
        features = self.tokenizer(
            texts, truncation=True, max_length=longest, return_offsets_mapping=True, return_special_tokens_mask=True
        )
        lengths = [len(ids) for ids in features["input_ids"]]
        order = sorted(range(len(texts)), key=lengths.__getitem__)  # those of about one length go together
        parts = [order[at : at + TOGETHER] for at in range(0, len(order), TOGETHER)]
        encoded = [self._encode({name: [features[name][i] for i in part] for name in features}) for part in parts]
        back = torch.tensor(order).argsort()
        pooled, hidden, real, offsets = zip(*encoded, strict=True)
        hidden, real, offsets = (_as_long(one, max(lengths))[back] for one in (hidden, real, offsets))
        return torch.cat(pooled)[back], normalize(hidden, dim=-1), hidden, real, offsets

    def _encode(self, features: dict[str, list[list[int]]]) -> tuple[torch.Tensor, ...]:
        """(pooled, hidden, mask of real tokens, offsets) of texts that are padded to the longest of them."""
        longest = max(len(ids) for ids in features["input_ids"])
        offsets = torch.tensor([each + [(0, 0)] * (longest - len(each)) for each in features.pop("offset_mapping")])
        special = torch.tensor([each + [1] * (longest - len(each)) for each in features.pop("special_tokens_mask")])
        padded = self.tokenizer.pad(features, return_tensors="pt")
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.backbone(**padded).last_hidden_state.float()
        seen = padded["attention_mask"][..., None].float()
        pooled = normalize((hidden * seen).sum(1) / seen.sum(1), dim=-1)
        return pooled, hidden, special == 0, offsets

    def losses(self, groups: list[Group], extra: list[int], texts: list[Text]) -> list[torch.Tensor]:
        """By late interaction over passages, over sentences, and by pooled vectors.

        Late interaction compares a question with its group's passages and the `extra` ones: those of other groups are
        easily told apart, and comparing with them took most of the time.
        """
        questions = [one for group in groups for one in group.questions]
        passages = [*(i for group in groups for i in group.passages), *extra]
        at = {text: number for number, text in enumerate(passages)}
        q_pooled, q_tokens, q_hidden, q_mask, _ = self.encode([one.question for one in questions], 48)
        p_pooled, p_tokens, _, p_mask, offsets = self.encode([texts[i].text for i in passages], 256)
        weights = self.importance(q_hidden)[..., 0].masked_fill(~q_mask, -1e4).softmax(-1)  # (n, m)
        clear = torch.tensor([not knows_the_passage(one.question) for one in questions])
        scales = self.scale.exp()
        by_late, by_sentence, start = [], [], 0
        for group in groups:
            rows = slice(start, start + len(group.questions))
            start = rows.stop
            columns = [*group.passages, *extra]
            where = torch.tensor([at[i] for i in columns])
            sentences = [texts[i].sentences for i in columns]
            late, alone, owner = compared(
                q_tokens[rows], weights[rows], p_tokens[where], p_mask[where], offsets[where], sentences
            )
            gold = torch.tensor([columns.index(one.text) for one in group.questions])
            by_late.append(cross_entropy(late * scales[0], gold, reduction="none")[clear[rows]])
            # the sentences of the right passage
            spans = [span for each in sentences for span in each]
            own = owner == gold[:, None]
            right = own & torch.tensor(
                [[any(a <= c and d <= b for c, d in one.answers) for a, b in spans] for one in group.questions]
            )
            some = right.any(1) & (own.sum(1) > 1)
            among, wanted = ((scales[1] * alone).masked_fill(~those, -1e4).logsumexp(1) for those in (own, right))
            by_sentence.append((among - wanted)[some])
        gold = torch.tensor([at[one.text] for one in questions])
        by_pooled = cross_entropy((q_pooled @ p_pooled.T) * scales[2], gold, reduction="none")[clear]
        parts = (torch.cat(by_late), torch.cat(by_sentence), by_pooled)
        return [part.sum() / max(len(part), 1) for part in parts]


def compared(
    questions: torch.Tensor,
    weights: torch.Tensor,
    passages: torch.Tensor,
    mask: torch.Tensor,
    offsets: torch.Tensor,
    sentences: list[tuple[tuple[int, int], ...]],
) -> tuple[torch.Tensor, ...]:
    """Late interaction of `questions` (n, m, d), weighted (n, m), with `passages` (k, t, d), as `retrieve` has it.

    Returned are (n, k), of passages; (n, s), of all of their sentences alone, in their order, -1 for one without
    tokens; and (s,), the passage of each sentence.
    """
    n, m, d = questions.shape
    k, t, _ = passages.shape
    with torch.autocast("cpu", torch.bfloat16):
        similarity = questions.reshape(n * m, d) @ passages.reshape(k * t, d).T
    similarity = similarity.reshape(n, m, k, t).float().masked_fill(~mask, -1.0)
    whole = (similarity.amax(-1) * weights[..., None]).sum(1)
    owner = torch.tensor([number for number, each in enumerate(sentences) for _ in each])
    alone = []
    for number, spans in enumerate(sentences):
        starts, ends = offsets[number, :, 0], offsets[number, :, 1]
        for low, high in spans:
            inside = (mask[number] & (starts >= low) & (ends <= high)).nonzero()[:, 0]
            if len(inside):
                part = similarity[:, :, number, int(inside[0]) : int(inside[-1]) + 1]
                alone.append((part.amax(-1) * weights).sum(1))
            else:
                alone.append(torch.full((n,), -1.0))
    every = torch.stack(alone, 1)
    best = torch.full((n, k), -1.0).scatter_reduce(1, owner.expand(n, -1), every, "amax")
    return torch.where(best > -1, (whole + best) / 2, whole), every, owner


def _as_long(parts: Sequence[torch.Tensor], most: int) -> torch.Tensor:
    """Tensors (n, t, ...) as one, filled up with zeros to `most` tokens."""
    return torch.cat([pad(one, (0, 0) * (one.dim() - 2) + (0, most - one.shape[1])) for one in parts])


def batches(
    examples: list[Example], vectors: np.ndarray, rng: random.Random, size: int, alike: int
) -> Iterator[list[Group]]:
    """Groups of `alike` neighbouring passages, `size` in all, with at most three questions of each."""
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
        yield [
            Group(group, [one for i in group for one in rng.sample(asked[i], min(3, len(asked[i])))])
            for group in groups[at : at + size // alike]
        ]


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
    parser.add_argument("--begin", type=Path, help="an earlier tuning to begin with")
    parser.add_argument("--most", type=int, nargs="+", help="questions to draw, a number for each set")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--keep", type=float, default=0.6, help="share of the change that is kept")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    torch.manual_seed(options.seed)
    texts, train, held = read_sets(options.sets, options.most)
    encoder = Encoder(PACKAGED_NAME)
    vectors = passage_vectors(texts, encoder, options.cache)
    negatives = add_negatives(train, texts, vectors, encoder, 2)
    del encoder
    print(f"{len(texts)} passages, {len(train)} questions, {len(held)} held out", flush=True)
    model = Trainee(RANK)
    if options.begin:
        model.begin_with(options.begin)
    weights = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=options.rate, weight_decay=0.01)
    total = options.epochs * sum(1 for _ in batches(train, vectors, random.Random(0), options.size, 8))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 40) * max(0.02, 1 - step / total)
    )
    began, step = time.time(), 0
    for epoch in range(options.epochs):
        sums = np.zeros(3)
        for count, groups in enumerate(batches(train, vectors, rng, options.size, 8), 1):
            passages = {i for group in groups for i in group.passages}
            extra = list(dict.fromkeys(i for p in passages for i in negatives.get(p, []) if i not in passages))
            parts = model.losses(groups, rng.sample(extra, min(8, len(extra))), texts)
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
            for groups in batches(held, vectors, random.Random(0), options.size, 8):
                sums += [float(part) for part in model.losses(groups, [], texts)]
                n += 1
            print(f"epoch {epoch}: held out {(sums / n).round(3)} scales {model.scale.exp().tolist()}", flush=True)
        save(model, options.out / "encoder.safetensors", options.keep)


def save(model: Trainee, path: Path, keep: float) -> None:
    """Write `keep` of the change: between the weights before and after is more robust on other subjects than after

    (Wortsman et al., 2022, "Robust fine-tuning of zero-shot models").
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {"importance": keep * model.importance.weight.detach()[0]}
    for name, change in model.changes.items():
        tensors[f"{name}.a"], tensors[f"{name}.b"] = change.a.detach(), keep * change.b.detach()
    save_file(
        {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in tensors.items()},
        path,
    )


if __name__ == "__main__":
    main()
