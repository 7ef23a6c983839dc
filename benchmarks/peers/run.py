"""Adding articles, article-qa against its peers: the same articles, the same weights, one run.

    python benchmarks/peers/run.py SET [SET ...] [--passages 400] [--questions 150] [--rounds 3] [--dtype float32]
                                   [--only NAME[,NAME]] [--venv FOLDER] [--out benchmarks/RESULTS.md]

A SET is a folder as benchmarks/sets.py describes. Articles are taken from the sets in turn until they make about
`--passages` passages of ours. Every system adds them `--rounds` times, one after the other in each round, each in a
process of its own that waits while the others work:

- cut by its own splitter, set to about 110 words without overlap;
- as ready passages: ours, with the title and headings that ours are encoded with, so that a passage is the same thing
  for all. article-qa cuts its passages itself there too.

What counts is the whole of adding: splitting, encoding, indexing, for article-qa also writing to disk; not importing
and loading the model. After the last round each is asked `--questions` questions whose answer's place is known, and a
passage counts that holds a gold answer whole. Everything runs on the processor, without the network.

The peers are run as their documentation has it (float32, its batch size), and with what is easy to set: bfloat16 where
the processor multiplies it, 64 texts a batch. `--dtype float32` has everything in float32, as on a processor without.
`--out FILE` puts the tables between <!-- peers --> and <!-- /peers --> (with `--dtype`: peers-float32) in FILE; without
it they are printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))  # what the benchmarks share

from answers import put
from corpus import Corpus, Places, rank_of, read_corpus
from environment import peers_python
from report import Measured, report
from systems import OURS, PEERS, Process, variants

from embeddings.encoder import pick_dtype

VENV = Path(__file__).resolve().parents[2] / ".venv" / "peers"


def measure(processes: Sequence[Process], corpus: Corpus, rounds: int) -> dict[bool, list[Measured]]:
    """By whether the systems split by themselves: a Measured for each process. article-qa always does."""
    measured = {cut: [Measured(process.variant) for process in processes] for cut in (True, False)}
    places = Places(corpus)
    for number in range(rounds):
        for cut, row in measured.items():
            for process, one in zip(processes, row, strict=True):
                if process.variant.is_ours and not cut:
                    continue
                one.passages, seconds = process.add(corpus, split=cut)
                one.seconds.append(seconds)
                _say(number, one, cut)
                if number == rounds - 1 and corpus.asked:
                    found, one.asking = process.search([asked.question for asked in corpus.asked])
                    one.ranks = [rank_of(asked, hits, places) for asked, hits in zip(corpus.asked, found, strict=True)]
                one.peak = process.peak()
    for own, ready in zip(measured[True], measured[False], strict=True):
        if own.variant.is_ours:
            ready.passages, ready.seconds, ready.ranks = own.passages, own.seconds, own.ranks
            ready.asking, ready.peak = own.asking, own.peak
        elif ready.passages != len(corpus.ready):
            raise SystemExit(f"{own.variant.system} holds {ready.passages} of {len(corpus.ready)} ready passages")
    if places.lost:
        print(f"{places.lost} found texts do not stand in their article and count as wrong", file=sys.stderr)
    return measured


def _say(number: int, one: Measured, split: bool) -> None:
    how = "own splitter" if split else "ready passages"
    name = f"{one.variant.system}, {one.variant.setting}, {how}"
    print(f"round {number + 1}: {name}: {one.passages} in {one.seconds[-1]:.1f} s", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+", type=Path, metavar="SET")
    parser.add_argument("--passages", type=int, default=400, help="about how many, of all sets together")
    parser.add_argument("--questions", type=int, default=150, help="of all sets together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", choices=["auto", "float32"], default="auto", help="auto: bfloat16 where it is fast")
    parser.add_argument("--only", help="systems to compare article-qa with, with commas between: " + ", ".join(PEERS))
    parser.add_argument("--venv", type=Path, default=VENV, metavar="FOLDER")
    parser.add_argument("--out", type=Path, metavar="FILE.md")
    options = parser.parse_args()
    wanted = {OURS, *(options.only.split(",") if options.only else PEERS)}
    if unknown := wanted - {OURS, *PEERS}:
        parser.error(f"--only names {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    dtype = pick_dtype(options.dtype, "cpu")
    python = peers_python(options.venv)
    corpus = read_corpus(options.sets, options.passages, options.questions)
    processes: list[Process] = []
    try:
        for variant in variants(dtype):
            if variant.system in wanted:
                own = Path(sys.executable) if variant.is_ours else python
                processes.append(Process(variant, own, corpus))
        measured = measure(processes, corpus, options.rounds)
    finally:
        for process in processes:
            process.end()
    text = report(measured, corpus, dtype)
    if options.out:
        put(options.out, "peers" if options.dtype == "auto" else "peers-float32", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
