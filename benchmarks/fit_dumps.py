"""Fits the weights with which qa/readers/dumps.py tells an article's lines from the rest of a saved text.

    python benchmarks/fit_dumps.py PAGES...

PAGES are HTML files, or folders of them. Each page is turned to text by inscriptis (`pip install inscriptis`),
once as it is and once without indentation and bullets; a line counts as article where `read_page` has most of
its words. The weights in use come from the 1,033 pages of https://github.com/adbar/trafilatura, tests/cache and
tests/eval. Prints WEIGHTS and INTERCEPT as they stand in the module.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from qa.charset import decode
from qa.errors import ArticleQAError
from qa.extract import read_page
from qa.readers.chrome import same_text
from qa.readers.dumps import bare, features
from qa.readers.outline import Line
from qa.readers.plaintext import unwrapped_lines

_HELD = 0.6  # the share of a line's word triples that the article has to hold
_MARK = re.compile(r"^\s*(?:[*+o-] )?", re.M)


def main(arguments: list[str]) -> int:
    from inscriptis import get_text

    logging.disable(logging.CRITICAL)
    files = [file for name in arguments for file in _files(Path(name))]
    names: list[str] = []
    rows, labels, weights = [], [], []
    for file in files:
        content = file.read_bytes()
        try:
            article = read_page(content)
            dump = get_text(decode(content))
        except (ArticleQAError, ValueError) as error:
            print(f"{file.name}: {error}", file=sys.stderr)
            continue
        texts = [article.text[block.start : block.end] for block in article.blocks if block.kind != "caption"]
        for text in (dump, _MARK.sub("", dump)):
            lines = [line for line in unwrapped_lines(text) if line.raw]
            known = _labels(lines, texts)
            if not any(known):
                continue
            described = features(lines)
            names = list(described[0])
            sizes = np.array([min(len(line.text), 200) + 20 for line in lines])
            rows.append(np.array([list(row.values()) for row in described]))
            labels.append(np.array(known))
            weights.append(sizes / sizes.sum())  # every page counts the same, long lines for more
    weight = np.concatenate(weights)
    model = LogisticRegression(C=1.0, max_iter=3000)
    model.fit(np.vstack(rows), np.concatenate(labels), sample_weight=weight * len(weight) / weight.sum())
    print(f"# {len(rows)} dumps, {len(weight)} lines")
    print("WEIGHTS = {")
    for name, value in zip(names, model.coef_[0], strict=True):
        print(f'    "{name}": {value:.2f},')
    print(f"}}\nINTERCEPT = {model.intercept_[0]:.2f}")
    return 0


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.htm*")) if path.is_dir() else [path]


def _labels(lines: list[Line], texts: list[str]) -> list[bool]:
    """Whether the article has each line: most of its word triples, or, of short lines, a block that is the same."""
    triples = _triples(" \n ".join(texts))
    keys = {same_text(text) for text in texts}
    whole = "".join(same_text(text) for text in texts)
    known = []
    for line in lines:
        own, key = _triples(bare(line)), same_text(bare(line))
        if len(own) >= 3:
            known.append(len(own & triples) >= _HELD * len(own))
        else:
            known.append(key in keys or (len(key) > 20 and key in whole))
    return known


def _triples(text: str) -> set[tuple[str, str, str]]:
    words = re.findall(r"\w+", text.lower())
    return set(zip(words, words[1:], words[2:], strict=False))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
