"""All of the torture, one after the other, as one table.

    make torture                              all of it, some hours
    make torture ARGS="--scale 0.05"          a twentieth of it
    make torture ARGS="--only kills faults"

What each does stands at the top of its file. Ends with 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("kills", "faults", "together", "resume", "memory", "load")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="how much of it (default 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    options = parser.parse_args()
    wrong = []
    print("| what | tried | what happened | wrong |\n| --- | ---: | --- | ---: |", flush=True)
    for name in options.only:
        began = time.monotonic()
        command = [sys.executable, str(HERE / f"{name}.py"), "--scale", str(options.scale), "--seed", str(options.seed)]
        if subprocess.run(command, check=False).returncode:
            wrong.append(name)
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    print(f"\nwrong: {', '.join(wrong)}" if wrong else "\nnothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
