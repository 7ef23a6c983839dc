"""Copies of uploaded files beside the library, so that `sync` finds them after the server's temporary files go."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qa.library import Library

FOLDER = "uploads"
_ASIDE = ".removed"  # where the copies of removed articles wait for an undo, until the server starts again


def keep_apart() -> None:
    """Have Gradio put what is uploaded into a folder of this process alone, which goes when the process ends.

    Its own choice is the same folder for all programs and people of the machine. GRADIO_TEMP_DIR has precedence.
    """
    if "GRADIO_TEMP_DIR" not in os.environ:
        folder = tempfile.mkdtemp(prefix="article-qa-")
        os.environ["GRADIO_TEMP_DIR"] = folder
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def keep(library: Library, upload: Path) -> Path:
    """A copy of an uploaded file. Another file of the same name gets one of its own: two sites have an index.html."""
    folder = _folder(library)
    folder.mkdir(parents=True, exist_ok=True)
    content = upload.read_bytes()
    kept = folder / upload.name
    if kept.exists() and kept.read_bytes() != content:
        kept = folder / f"{upload.stem}-{hashlib.sha256(content).hexdigest()[:8]}{upload.suffix}"
    if not kept.exists():
        shutil.copyfile(upload, kept)
    return kept


def forget(library: Library, source: str | None) -> None:
    """Delete the copy that `source` names; other files are never touched."""
    if kept := _own(library, source):
        kept.unlink(missing_ok=True)


def put_aside(library: Library, source: str | None) -> None:
    """Take the copy that `source` names away, so that `bring_back` can undo it."""
    kept = _own(library, source)
    if kept and kept.exists():
        aside = kept.parent / _ASIDE
        aside.mkdir(exist_ok=True)
        kept.replace(aside / kept.name)


def bring_back(library: Library, source: str | None) -> None:
    """Put the copy that `source` names back."""
    kept = _own(library, source)
    if kept and not kept.exists() and (aside := kept.parent / _ASIDE / kept.name).exists():
        aside.replace(kept)


def clear_aside(library: Library) -> None:
    """Delete for good what was put aside."""
    shutil.rmtree(_folder(library) / _ASIDE, ignore_errors=True)


def shown(library: Library, source: str) -> str:
    """A source as people know it: of an uploaded file its name."""
    kept = _own(library, source)
    return kept.name if kept else source


def _folder(library: Library) -> Path:
    return (Path(library.folder) / FOLDER).resolve()


def _own(library: Library, source: str | None) -> Path | None:
    """The path of a copy in the folder; None for every other source."""
    if not source or "://" in source:
        return None
    path = Path(source).resolve()
    return path if path.parent == _folder(library) else None
