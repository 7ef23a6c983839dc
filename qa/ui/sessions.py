"""Who is signed in: sessions, passwords that are tried, and what a role allows. No Gradio here."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from qa.accounts import LONGEST_NAME, Account, Accounts
from qa.errors import ArticleQAError
from qa.ui.tries import Tries

log = logging.getLogger(__name__)

IDLE, LONGEST = 12 * 3600.0, 7 * 86_400.0  # seconds without a request, and in all, after which a session ends
_MOST_SESSIONS = 10_000
# Behind a reverse proxy all come from one address.
_TRIES_OF_NAME, _TRIES_OF_ADDRESS, _WITHIN = 10, 50, 900.0
_HASHED_AT_ONCE, _WAITING = 2, 16  # each takes 32 MB and a third of a second of a core


@dataclass(frozen=True, slots=True)
class Refused:
    """A try that was not let in; `wait` is in seconds, 0 where the name or password was wrong."""

    wait: float = 0.0


@dataclass(slots=True)
class _Session:
    account: Account
    began: float
    used: float


class SignIns:
    """The sign-ins of one server. `accounts` None: nobody is asked.

    Once there is an account, nobody comes in without one until the server ends: that the file goes does not open the
    door. Secrets are kept as keyed hashes only.
    """

    def __init__(self, accounts: Accounts | None, *, clock: Callable[[], float] = time.time) -> None:
        self._accounts, self._clock = accounts, clock
        self._key = secrets.token_bytes(32)
        self._sessions: OrderedDict[bytes, _Session] = OrderedDict()
        self._names = Tries(_TRIES_OF_NAME, _WITHIN, clock=clock)
        self._addresses = Tries(_TRIES_OF_ADDRESS, _WITHIN, clock=clock)
        self._hashing = asyncio.Semaphore(_HASHED_AT_ONCE)
        self._waiting = 0
        self._asked = False

    @property
    def demanded(self) -> bool:
        """Whether an account is needed."""
        if self._accounts is not None and not self._asked:
            try:
                self._asked = bool(self._accounts.all())
            except ArticleQAError as error:
                log.error("%s", error)
                self._asked = True
        return self._asked

    def may_edit(self, name: str | None) -> bool:
        """Whether who goes by that name may change the library, as the accounts are now."""
        if not self.demanded:
            return True
        account = self.account(name or "")
        return account is not None and account.role == "editor"

    def account(self, name: str) -> Account | None:
        """The account of that name as it is now; None too where the file cannot be read."""
        if self._accounts is None:
            return None
        try:
            return self._accounts.find(name)
        except ArticleQAError as error:
            log.error("%s", error)
            return None

    def begin(self, account: Account, secret: str | None = None) -> str:
        """Starts a session, known by `secret` or by a random one; gives it."""
        secret = secret or secrets.token_urlsafe(32)
        now = self._clock()
        self._sessions[self._hash(secret)] = _Session(account, now, now)
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return secret

    def signed_in(self, secret: str) -> Account | None:
        """Whose session this is; None where it is none, has expired, or the account is not what it was."""
        key, now = self._hash(secret), self._clock()
        session = self._sessions.get(key)
        if session is None:
            return None
        over = now - session.used > IDLE or now - session.began > LONGEST
        if over or self.account(session.account.name) != session.account:
            del self._sessions[key]
            return None
        session.used = now
        self._sessions.move_to_end(key)
        return session.account

    def end(self, secret: str) -> None:
        self._sessions.pop(self._hash(secret), None)

    async def try_in(self, name: str, password: str, address: str) -> Account | Refused:
        """Tries a password. As many wrong ones are let through as `Tries` allows, by name and by address."""
        assert self._accounts is not None
        name, network = name[: LONGEST_NAME + 1], _network(address)
        if wait := max(self._names.wait(name), self._addresses.wait(network)):
            return Refused(wait)
        if self._waiting >= _WAITING:
            return Refused(1.0)
        self._names.count(name)
        self._addresses.count(network)
        self._waiting += 1
        try:
            async with self._hashing:
                account = await asyncio.to_thread(self._accounts.check, name, password)
        except ArticleQAError as error:
            log.error("%s", error)
            account = None
        finally:
            self._waiting -= 1
        if account is None:
            log.warning("a wrong name or password was given from %s", network)
            return Refused()
        self._names.forget(name)
        # Not forgotten: whoever has an account could try those of others without end.
        self._addresses.take_back(network)
        return account

    def _hash(self, secret: str) -> bytes:
        return hmac.digest(self._key, secret.encode("utf-8", "replace"), hashlib.sha256)


def _network(address: str) -> str:
    """The address, of IPv6 the 64 bits that one household has."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)
