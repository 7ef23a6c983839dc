"""The peers' virtual environment: their packages on top of those that this project is installed with.

PyTorch, transformers, sentence-transformers, FAISS and NumPy are not installed again: a .pth file leads to ours, so
that all encode with the same build, and what pip would want to change of them stops it. Where a peer wants another
version of something else (LlamaIndex an older PyStemmer, of which pip warns), it gets it here, and ours stays as it is.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import version
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
SHARED = ("torch", "transformers", "sentence-transformers", "faiss-cpu", "numpy")


def pins() -> list[str]:
    """The peers' own packages, as name==version."""
    return [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if "==" in line]


def peers_python(folder: Path) -> Path:
    """The interpreter of the environment in `folder`, which is made, or brought up to date, where it is not there."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    constraints = "".join(f"{name}=={version(name)}\n" for name in SHARED)
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + constraints.encode()).hexdigest()
    stamp = folder / ".installed"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    if folder.exists() and not (folder / "pyvenv.cfg").is_file():
        raise SystemExit(f"{folder} is no virtual environment, and what is in it would be lost; name another --venv")
    print(f"installing the peers into {folder}", file=sys.stderr, flush=True)
    venv.create(folder, with_pip=True, clear=True)
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = subprocess.run(where, check=True, capture_output=True, text=True)
    Path(own.stdout.strip(), "shared.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (folder / "constraints.txt").write_text(constraints, encoding="utf-8")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*pip, "pip>=24"], check=True)
    subprocess.run(
        [*pip, "--constraint", str(folder / "constraints.txt"), "--requirement", str(REQUIREMENTS)], check=True
    )
    stamp.write_text(wanted, encoding="utf-8")
    return python
