"""How much memory the largest things take: 100,000 pages, pages of 50 MB, questions of 100,000 characters, k = 10,000.

    python tests/torture/memory.py [--scale 1] [--seed 0]

Each call runs in a process of its own; counted is the most that it and the processes it started held together at any
moment, in proportional shares (PSS), looked at twice a second. More than 3 GB, or a call that fails, is wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pages import ROOT, row
from resume import page

MOST = 3_072  # megabytes
PAGE_BYTES = 50 * 2**20
_ASK = """
import json, sys, time
from qa import Library
folder = sys.argv[1]
first = "Which canal was opened first?"
long = ("What did the council say about the lighthouse, and when was the canal opened? " * 1_300)[:100_000]
before = [{"role": "user", "content": first}] * 10_000
said = {}
with Library.open(folder, create=False) as library:
    library.ask("warm up")
    for name, call in {
        "question of 100,000 characters": lambda: len(library.ask(long).hits),
        "the same, retrieved": lambda: len(library.retrieve(long)),
        "k = 10,000": lambda: len(library.retrieve(first, k=10_000)),
        "ask with k = 10,000": lambda: len(library.ask(first, k=10_000).hits),
        "10,000 turns before": lambda: len(library.ask("And when?", history=before).hits),
    }.items():
        began = time.monotonic()
        said[name] = [call(), round(time.monotonic() - began, 1)]
print(json.dumps(said))
"""


def measured(arguments: list[str]) -> tuple[int, str, float, list[float]]:
    """Exit code, what it printed, seconds, and how many megabytes it held every half a second."""
    began, held = time.monotonic(), [0.0]
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            held.append(sum(map(_megabytes, _family(process.pid))))
            time.sleep(0.5)
        out.seek(0)
        return process.returncode, out.read().decode(), time.monotonic() - began, held


def _family(process: int) -> list[int]:
    """The process and all that it and those have started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            children.setdefault(parent, []).append(int(folder.name))
    found = [process]
    for each in found:
        found += children.get(each, [])
    return found


def _megabytes(process: int) -> float:
    try:
        said = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in said.splitlines() if line.startswith("Pss:")) / 1024


def add(what: str, folder: Path, sources: Path, tried: int, *, expected: int) -> int:
    command = ["-m", "qa", "add", str(sources), "--library", str(folder), "--json", "--quiet"]
    code, said, seconds, held = measured(command)
    report = json.loads(said) if said else {"added": [], "failed": [], "skipped": []}
    wrong = [] if max(held) <= MOST else [f"it held {max(held):.0f} MB"]
    if code not in (0, 1) or len(report["added"]) != expected:
        wrong.append(f"exit code {code}, {len(report['added'])} added, {report['failed'][:3]}")
    half = held[len(held) // 2]
    seen = f"added {len(report['added'])} in {seconds:.0f} s; {half:.0f} MB half-way, at most {max(held):.0f}"
    seen += "".join(
        f"; refused: {one['reason'].partition(': ')[2] or one['reason']}"[:160] for one in report["failed"][:2]
    )
    return row(what, tried, seen, wrong)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, wrong, count = random.Random(options.seed), 0, max(500, round(100_000 * options.scale))
    with tempfile.TemporaryDirectory(prefix="memory-") as base:
        folder, many = Path(base) / "library", Path(base) / "many"
        for number in range(count):
            part = many / f"{number // 1_000:03}"
            part.mkdir(parents=True, exist_ok=True)
            town = draw.randrange(10**9)
            text = f"# Note {number}\n\nThe canal of town {town} was opened in {draw.randrange(1700, 2020)}."
            (part / f"{number:06}.md").write_text(text, encoding="utf-8")
        wrong += add(f"add of {count} small pages", folder, many, count, expected=count)

        whole = page(17, draw)
        script = f"<script>{'var x = 1; ' * (PAGE_BYTES // 11 - 1_000)}</script>"
        long = "".join(f"<p>{sentence}</p>" for sentence in ["The canal was opened late. " * 20] * (PAGE_BYTES // 560))
        for name, content in {
            "a page of 50 MB, nearly all of it scripts": whole.replace("<article>", f"{script}<article>"),
            "a page of 50 MB, all of it text": whole.replace("</article>", f"{long}</article>"),
        }.items():
            file = Path(base) / "large.html"
            file.write_text(content, encoding="utf-8")
            wrong += add(name, Path(base) / "large", file, 1, expected=int("scripts" in name))

        code, said, _, held = measured(["-c", _ASK, str(folder)])
        told = json.loads(said) if code == 0 else {}
        seen = "; ".join(f"{name}: {hits} hits in {seconds} s" for name, (hits, seconds) in told.items())
        faults = [] if code == 0 else [f"exit code {code}"]
        faults += [] if max(held) <= MOST else [f"it held {max(held):.0f} MB"]
        wrong += row(f"long questions to {count} passages", 5, f"{seen}; at most {max(held):.0f} MB", faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
