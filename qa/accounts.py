"""Who may use a library's page: names with a role and a hashed password, in one file beside the library.

    accounts.json: {"format": 1, "accounts": {name: {"role", "salt", "hash", "n", "r", "p"}}}

Passwords are hashed by scrypt (RFC 7914) with a salt of their own. The parameters stand beside each hash, so that
they can be raised later: hashes that stand there already stay good.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import secrets
import tempfile
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from qa.errors import InvalidInput, LibraryError

log = logging.getLogger(__name__)

Role = Literal["reader", "editor"]
ROLES: tuple[Role, ...] = get_args(Role)
FILE = "accounts.json"
SHORTEST, LONGEST = 10, 1024  # characters of a password
LONGEST_NAME = 64

# 32 MB and about a third of a second; OWASP's Password Storage Cheat Sheet counts it as strong as n=2**17, p=1, which
# takes four times the memory.
_N, _R, _P = 2**15, 8, 3
_MOST_MEMORY = 2**28  # bytes that parameters of a file may ask for
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Account:
    """A name, its role and its hashed password. Two are equal where nothing was changed."""

    name: str
    role: Role
    salt: str  # hexadecimal, as the hash
    hash: str
    n: int = _N
    r: int = _R
    p: int = _P


class Accounts:
    """The accounts of a file, which is read again when it has changed; none where there is no file."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._held: Mapping[str, Account] = {}
        self._nobody = _account("nobody", secrets.token_hex(), "reader")

    def all(self) -> Mapping[str, Account]:
        """By name, in order. Raises LibraryError where the file cannot be read, or is none of ours."""
        with self._lock:
            try:
                about = self.path.stat()
                seen = (about.st_mtime_ns, about.st_size, about.st_ino)
                if seen != self._seen:
                    self._held, self._seen = _read(self.path.read_bytes()), seen
            except FileNotFoundError:
                self._held, self._seen = {}, None
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                raise LibraryError(
                    f"the accounts in {self.path} cannot be read ({type(error).__name__}: {error}); mend the file, or "
                    "delete it and make the accounts anew with `article-qa account NAME`"
                ) from error
            return self._held

    def find(self, name: str) -> Account | None:
        """As the file is now. Raises LibraryError."""
        return self.all().get(_normal(name))

    def check(self, name: str, password: str) -> Account | None:
        """The account, where this is its password; takes as long where there is no such name. Raises LibraryError."""
        found = self.find(name)
        account = found or self._nobody
        given = _hashed(password, account)
        right = hmac.compare_digest(given, bytes.fromhex(account.hash))
        return found if right else None

    def set(self, name: str, password: str, role: Role) -> Account:
        """Makes an account, or gives the one of that name another password and role.

        Raises InvalidInput for a name, password or role that is none, LibraryError where the file cannot be written.
        """
        name = _normal(name)
        if not name or len(name) > LONGEST_NAME or ":" in name or not name.isprintable():
            raise InvalidInput(
                f"the account's name is {name!r}; use 1 to {LONGEST_NAME} printable characters other than “:”"
            )
        if role not in ROLES:
            raise InvalidInput(f"the role is {role!r}; use {' or '.join(ROLES)}")
        if not SHORTEST <= len(_normal(password)) <= LONGEST:
            raise InvalidInput(
                f"the password has {len(_normal(password))} characters; use {SHORTEST} to {LONGEST}, some words in a "
                "row, say"
            )
        if _normal(password).casefold() == name.casefold():
            raise InvalidInput("the password is the account's name; use another")
        account = _account(name, password, role)
        self._write({**self.all(), name: account})
        return account

    def remove(self, name: str) -> None:
        """Raises InvalidInput where there is no such account, LibraryError where the file cannot be written."""
        held = dict(self.all())
        if held.pop(_normal(name), None) is None:
            raise InvalidInput(f"there is no account {name!r} in {self.path}; there is {', '.join(held) or 'none'}")
        self._write(held)

    def _write(self, accounts: Mapping[str, Account]) -> None:
        """The whole file or none: what is read is the one before or the one after. Only its owner may read it."""
        entries = {}
        for name, account in sorted(accounts.items()):
            entry = asdict(account)
            del entry["name"]
            entries[name] = entry
        part = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, part = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-")  # mode 0600
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, "accounts": entries}, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.path)
        except OSError as error:
            if part is not None:
                Path(part).unlink(missing_ok=True)
            raise LibraryError(f"the accounts cannot be written to {self.path}: {error.strerror}") from error


def accounts_file(location: str | Path) -> Path | None:
    """Where the accounts of a library in a folder stand; None for one at an address."""
    return None if "://" in str(location) else Path(location) / FILE


def _account(name: str, password: str, role: Role) -> Account:
    account = Account(name, role, secrets.token_hex(16), "")
    return Account(name, role, account.salt, _hashed(password, account).hex())


def _hashed(password: str, account: Account) -> bytes:
    return hashlib.scrypt(
        _normal(password)[: LONGEST + 1].encode("utf-8", "replace"),
        salt=bytes.fromhex(account.salt),
        n=account.n,
        r=account.r,
        p=account.p,
        maxmem=_memory(account) + 2**20,
        dklen=32,
    )


def _memory(account: Account) -> int:
    return 128 * account.r * (account.n + account.p + 2)


def _normal(typed: str) -> str:
    """One form of what keyboards and systems type in several, as NIST SP 800-63B asks for."""
    return unicodedata.normalize("NFKC", typed)


def _read(content: bytes) -> Mapping[str, Account]:
    kept: Any = json.loads(content)
    if kept["format"] != _FORMAT:
        raise ValueError(f"its format is {kept['format']!r}; this version reads {_FORMAT}")
    accounts = {name: Account(name, **entry) for name, entry in kept["accounts"].items()}
    for account in accounts.values():
        if account.role not in ROLES:
            raise ValueError(f"the role of {account.name!r} is {account.role!r}")
        if len(bytes.fromhex(account.salt)) < 16 or len(bytes.fromhex(account.hash)) != 32:
            raise ValueError(f"salt or hash of {account.name!r} is too short")
        if min(account.n, account.r, account.p) < 1 or _memory(account) > _MOST_MEMORY or account.p > 16:
            raise ValueError(f"the scrypt parameters of {account.name!r} are out of range")
    return accounts
