"""Files inside a ZIP file, in memory and within bounds: nothing is unpacked to disk, and no name leads anywhere."""

from __future__ import annotations

import io
import zipfile
import zlib

from qa.errors import SourceError

MAX_UNPACKED = 200 * 2**20  # bytes of all files together; a book with pictures has 50
MAX_TEXT = 30 * 2**20  # bytes of one file that is read; the Bible in one XHTML file has 5
MAX_FILES = 10_000
# What EPUB and DOCX are packed with. zipfile inflates these in small steps; of bzip2 and LZMA it takes whatever a few
# kilobytes unpack to (1 GiB from 785 bytes), and looks at the stated size afterwards.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def lists_too_many(content: bytes) -> bool:
    """Whether a ZIP file lists more than MAX_FILES files: to be asked before it is opened, which takes them all in."""
    return content.count(b"PK\x01\x02") > MAX_FILES


class Archive:
    """A ZIP file's parts by name. `where` is what messages call it.

    Raises SourceError where it is damaged, protected or unpacks to more than MAX_UNPACKED: sizes are looked at before
    anything is read, and zipfile reads no more of a part than its stated size.
    """

    def __init__(self, content: bytes, where: str) -> None:
        self.where = where
        if lists_too_many(content):
            raise SourceError(f"{where} holds more than {MAX_FILES} files; up to that many are read")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise SourceError(f"{where} is damaged or cut short ({error}); save or download it again") from error
        parts = self._zip.infolist()
        size = sum(part.file_size for part in parts)
        if size > MAX_UNPACKED:
            raise SourceError(
                f"{where} unpacks to {size} bytes in {len(parts)} files; up to {MAX_UNPACKED} bytes are read"
            )
        self._parts = {part.filename: part for part in parts}

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def names(self) -> list[str]:
        return list(self._parts)

    def read(self, name: str, *, limit: int = MAX_TEXT) -> bytes:
        """The part called `name`; SourceError where there is none, or it is damaged, protected or above the limit."""
        part = self._parts.get(name)
        if part is None:
            raise SourceError(f"{self.where} is damaged: it lacks {name!r}; save or download it again")
        if part.flag_bits & 1:
            raise SourceError(f"{self.where} is protected by a password; save a copy without one")
        if part.compress_type not in _METHODS:
            raise SourceError(f"{self.where} is packed in an unusual way ({name!r}); save it again")
        if part.file_size > limit:
            raise SourceError(
                f"{self.where} has a part of {part.file_size} bytes ({name!r}); parts of up to {limit} are read"
            )
        try:
            return self._zip.read(part)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise SourceError(f"{self.where} is damaged ({name!r}: {error}); save or download it again") from error
