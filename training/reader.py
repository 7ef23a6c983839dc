"""Train the reader: (question, passage) read together give relevance, the answer's start and end, or none.

    PYTHONPATH=. python training/reader.py SET... --out FOLDER

The layers begin as those of the packaged model with the changes of its first tuning, or as those of an earlier reader;
its word vectors stay as they are and are not saved. What pairs without an answer are made of is in
training/negatives.py. Saved is the mean of the weights over the second half of the steps (Izmailov et al., 2018,
"Averaging weights leads to wider optima and better generalization").
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.optim.swa_utils import AveragedModel

from embeddings.encoder import Encoder
from embeddings.model import PACKAGED_NAME, TUNINGS, find_model
from training.data import held_out, passage_vectors, read_sets, unanswerable
from training.negatives import Pair, alike_without, near_words, pairs_of, unanswered_pairs
from training.spoken import some_restarted

LONGEST = 288


class Trainee(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        from transformers import AutoModel, AutoTokenizer

        folder = find_model(PACKAGED_NAME).folder
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.backbone = AutoModel.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager", add_pooling_layer=False,
            hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,  # drawing it takes as long as all the rest
        )  # fmt: skip
        self.backbone.embeddings.word_embeddings.requires_grad_(False)
        self.span = torch.nn.Linear(384, 2)
        self.relevance = torch.nn.Linear(384, 1)
        merge(self.backbone, load_file(TUNINGS["all-MiniLM-L6-v2-articles"]))

    def forward(self, pairs: list[Pair]) -> tuple[torch.Tensor, ...]:
        """(logits (n, 2, t) of start and end, where the first token stands for none; relevance (n,); offsets)."""
        features = self.tokenizer(
            [one.question for one in pairs], [one.text for one in pairs], padding=True, truncation="only_second",
            max_length=LONGEST, return_offsets_mapping=True, return_tensors="pt",
        )  # fmt: skip
        offsets = features.pop("offset_mapping")
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.backbone(**features).last_hidden_state
        hidden = hidden.float()
        allowed = (features["token_type_ids"] == 1) & (offsets[..., 1] > offsets[..., 0])
        allowed[:, 0] = True
        spans = self.span(hidden).permute(0, 2, 1).masked_fill(~allowed[:, None], -1e4)
        return spans, self.relevance(hidden[:, 0])[:, 0], offsets, features["token_type_ids"]


def loss_of(model: Trainee, pairs: list[Pair]) -> tuple[torch.Tensor, torch.Tensor, dict[str, float]]:
    spans, relevance, offsets, kinds = model(pairs)
    gold = torch.zeros(spans.shape, dtype=torch.bool)
    held = torch.zeros(len(pairs))
    for row, one in enumerate(pairs):
        inside = kinds[row] == 1
        for start, end in one.answers:
            first = (inside & (offsets[row, :, 0] <= start) & (offsets[row, :, 1] > start)).nonzero()
            last = (inside & (offsets[row, :, 0] < end) & (offsets[row, :, 1] >= end)).nonzero()
            if len(first) and len(last):
                gold[row, 0, first[0, 0]] = gold[row, 1, last[0, 0]] = True
                held[row] = 1
        if not held[row]:
            gold[row, :, 0] = True
    by_span = (spans.logsumexp(-1) - spans.masked_fill(~gold, -1e4).logsumexp(-1)).mean()
    by_relevance = torch.nn.functional.binary_cross_entropy_with_logits(relevance, held)
    with torch.no_grad():
        some = held > 0
        best = spans[:, 0, 1:].argmax(-1) + 1
        hit = gold[torch.arange(len(pairs)), 0, best][some].float().mean() if some.any() else torch.tensor(0.0)
        right = ((relevance > 0).float() == held).float().mean()
    return by_span, by_relevance, {"start": float(hit), "relevance": float(right)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--begin", type=Path, help="weights of an earlier reader to begin with")
    parser.add_argument("--most", type=int, nargs="+", help="questions with an answer to draw, a number for each set")
    parser.add_argument("--draw", type=int, default=0, help="another number draws others of them")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--negatives", type=float, default=0.8, help="pairs without an answer, to one with")
    parser.add_argument("--spoken", type=float, default=0.0, help="share of the questions asked as spoken")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    torch.manual_seed(options.seed)
    texts, train, held = read_sets(options.sets, options.most, options.draw)
    none = [one for folder in options.sets for one in unanswerable(folder)]
    encoder = Encoder(PACKAGED_NAME)
    vectors = passage_vectors(texts, encoder, options.cache)
    found = alike_without(train, texts, vectors, encoder, 6)
    found_held = alike_without(held, texts, vectors, encoder, 6)
    unanswered, unanswered_held = (
        unanswered_pairs([one for one in none if held_out(one[1]) == out], texts, vectors, encoder)
        for out in (False, True)
    )
    del encoder
    print(f"{len(texts)} passages, {len(train)} questions, {len(unanswered)} without an answer", flush=True)
    model = Trainee()
    if options.begin:
        model.load_state_dict({name: tensor.float() for name, tensor in load_file(options.begin).items()}, strict=False)
    layers = [p for p in model.backbone.parameters() if p.requires_grad]
    heads = [*model.span.parameters(), *model.relevance.parameters()]
    optimizer = torch.optim.AdamW(
        [{"params": layers, "lr": options.rate}, {"params": heads, "lr": 10 * options.rate}], weight_decay=0.01
    )
    near = near_words((one.question for one in [*train, *held]), find_model(PACKAGED_NAME).folder)
    per_epoch = len(pairs_of(train, texts, found, near, random.Random(0), options.negatives)) + len(unanswered)
    total = options.epochs * (per_epoch // options.size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 100) * max(0.01, 1 - step / total)
    )
    check = pairs_of(held, texts, found_held, near, random.Random(1), 0.7)[:1200]
    rng.shuffle(unanswered_held)
    check_spoken = some_restarted(check, 1, random.Random(2)) if options.spoken else []

    def told(model: Trainee) -> str:
        checks = {"held out": check, "without an answer": unanswered_held[:600], "as spoken": check_spoken}
        return ", ".join(f"{name} {measure(model, some).round(3)}" for name, some in checks.items() if some)

    print(f"at first: {told(model)}", flush=True)
    mean = AveragedModel(model)
    began, step = time.time(), 0
    for epoch in range(options.epochs):
        pairs = pairs_of(train, texts, found, near, rng, options.negatives) + unanswered
        pairs = some_restarted(pairs, options.spoken, rng)
        rng.shuffle(pairs)
        runs = [
            sorted(pairs[at : at + 50 * options.size], key=lambda one: len(one.text))
            for at in range(0, len(pairs), 50 * options.size)
        ]
        batches = [run[at : at + options.size] for run in runs for at in range(0, len(run), options.size)]
        rng.shuffle(batches)
        sums = np.zeros(4)
        model.train()
        for count, batch in enumerate(batches, 1):
            by_span, by_relevance, seen = loss_of(model, batch)
            (by_span + by_relevance).backward()
            torch.nn.utils.clip_grad_norm_([*layers, *heads], 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            step += 1
            if 2 * step >= total and step % 20 == 0:
                mean.update_parameters(model)
            sums += [float(by_span.detach()), float(by_relevance.detach()), seen["start"], seen["relevance"]]
            if count % 50 == 0:
                print(f"{epoch} {step}/{total} {time.time() - began:.0f}s {(sums / count).round(3)}", flush=True)
        print(f"epoch {epoch}: {told(model)}", flush=True)
    print(f"mean: {told(mean.module)}", flush=True)
    save(mean.module, options.out / "reader.safetensors")


def measure(model: Trainee, pairs: list[Pair]) -> np.ndarray:
    """Losses of spans and of relevance, shares of right starts and of right relevance."""
    model.eval()
    sums = np.zeros(4)
    parts = [pairs[at : at + 64] for at in range(0, len(pairs), 64)]
    with torch.no_grad():
        for part in parts:
            by_span, by_relevance, seen = loss_of(model, part)
            sums += [float(by_span), float(by_relevance), seen["start"], seen["relevance"]]
    return sums / len(parts)


def merge(backbone: torch.nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Add low-rank changes to the layers of `backbone`."""
    modules = dict(backbone.encoder.named_modules())
    for name in {name[:-2] for name in tensors if name.endswith((".a", ".b"))}:
        modules[name].weight.data += tensors[f"{name}.b"].float() @ tensors[f"{name}.a"].float()


def save(model: Trainee, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            name: tensor.to(torch.bfloat16).contiguous()
            for name, tensor in model.state_dict().items()
            if not name.endswith(("word_embeddings.weight", "position_ids"))
        },
        path,
    )


if __name__ == "__main__":
    main()
