"""Pages per second that are read: from bytes to Article, and to passages, in one process and in several.

    python benchmarks/reading_pace.py FILES OR FOLDERS… [--processes 1 2] [--rounds 3]

Files of every kind that is read, and those with .gz behind their names. Each round reads all of them once; the
best round counts. The first page, which loads the libraries, is read before the clock starts.
"""

from __future__ import annotations

import argparse
import gzip
import logging
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from qa.errors import SourceError
from qa.extract import read_page
from qa.formats import SUFFIXES
from qa.split import split


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    files = [file for path in options.paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    files = [
        file for file in files if file.is_file() and Path(file.name.removesuffix(".gz")).suffix.lower() in SUFFIXES
    ]
    if not files:
        print("no readable file there", file=sys.stderr)
        return 2
    size = sum(len(_content(file)) for file in files)
    print(f"{len(files)} files, {size / 2**20:.1f} MiB")
    print("processes  pages/s  MiB/s  passages/s  failed")
    for processes in options.processes:
        with ProcessPoolExecutor(processes, initializer=_warm, initargs=(files[0],)) as pool:
            list(pool.map(_warm, [files[0]] * processes * 4))
            best = float("inf")
            for _ in range(options.rounds):
                began = time.perf_counter()
                counts = list(pool.map(_read, files, chunksize=4))
                best = min(best, time.perf_counter() - began)
        passages, failed = sum(max(count, 0) for count in counts), sum(count < 0 for count in counts)
        print(
            f"{processes:9}  {len(files) / best:7.1f}  {size / 2**20 / best:5.1f}  {passages / best:10.0f}  {failed:6}"
        )
    return 0


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    return gzip.decompress(content) if file.suffix == ".gz" else content


def _warm(file: Path) -> None:
    logging.disable(logging.CRITICAL)
    _read(file)


def _read(file: Path) -> int:
    """How many passages the file's article has; -1 where it could not be read."""
    kind = SUFFIXES[Path(file.name.removesuffix(".gz")).suffix.lower()]
    try:
        return len(split(read_page(_content(file), source=str(file), media_type=kind)))
    except SourceError as error:
        print(f"{file.name}: {error}", file=sys.stderr)
        return -1


if __name__ == "__main__":
    sys.exit(main())
