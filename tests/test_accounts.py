"""Accounts: the file, how passwords are tried, who may do what in the running app, and how much may be sent to it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import re
import shutil
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import loops
import pytest
from gradio.utils import get_upload_folder
from gradio_client import Client  # type: ignore[import-untyped]
from people import EDITOR, READER

from qa import InvalidInput, Library, LibraryError
from qa.accounts import FILE, Account, Accounts
from qa.cli import main
from qa.commands import BAD_INPUT, DONE
from qa.ui import serve
from qa.ui.server import _look_at_the_door, create_app, running
from qa.ui.sessions import IDLE, LONGEST, Refused, SignIns
from qa.ui.tries import Tries
from qa.ui.upload_limits import UploadLimits
from qa.ui.words import words

ROOT = Path(__file__).resolve().parent.parent
PAGE = {"Accept": "text/html,application/xhtml+xml"}
SHARE = "How much of the electricity of Snorre and Gullfaks comes from floating turbines?"
REFUSAL = words()("account.readers_only")


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def cheap(name: str, password: str, role: str = "reader") -> Account:
    """An account whose password is hashed in a millisecond, as an older version may have done it."""
    salt = bytes(16)
    hashed = hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1, dklen=32)
    return Account(name, role, salt.hex(), hashed.hex(), n=1024, r=8, p=1)  # type: ignore[arg-type]


def cheap_accounts(path: Path, *names: str) -> Accounts:
    accounts = Accounts(path)
    accounts._nobody = cheap("nobody", "x")
    accounts._write({name: cheap(name, f"the password of {name}", "editor") for name in names})
    return accounts


def entry_file(**changed: Any) -> str:
    entry = {"role": "editor", "salt": "0" * 32, "hash": "0" * 64, "n": 1024, "r": 8, "p": 1, **changed}
    return json.dumps({"format": 1, "accounts": {"a": entry}})


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The n of every scrypt that is run."""
    ran: list[int] = []
    scrypt = hashlib.scrypt

    def noted(*given: Any, **named: Any) -> bytes:
        ran.append(named["n"])
        return scrypt(*given, **named)

    monkeypatch.setattr(hashlib, "scrypt", noted)
    return ran


class TestFile:
    def test_what_is_kept_of_an_account(self, tmp_path: Path, hashed: list[int]) -> None:
        accounts = Accounts(tmp_path / "new" / FILE)
        assert accounts.all() == {}
        accounts.set("eva", EDITOR[1], "editor")
        kept = accounts.path.read_text()
        assert EDITOR[1] not in kept
        entry = json.loads(kept)["accounts"]["eva"]
        assert (entry["role"], entry["n"], entry["r"], entry["p"]) == ("editor", 32768, 8, 3)
        assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
        assert [each.name for each in accounts.path.parent.iterdir()] == [FILE]

        again = Accounts(accounts.path)
        assert again.check("eva", EDITOR[1]) == accounts.find("eva")
        del hashed[:]
        assert again.check("eva", EDITOR[1] + " ") is None
        assert again.check("nobody", "nobody's password") is None
        assert again.check("nobody", "") is None
        assert hashed == [32768] * 3  # an unknown name takes as long

    def test_hashes_of_other_parameters_stay_good(self, tmp_path: Path) -> None:
        accounts = cheap_accounts(tmp_path / FILE, "old")
        assert accounts.check("old", "the password of old") is not None
        assert accounts.check("old", "the password of new") is None

    def test_the_same_password_typed_on_another_system(self, tmp_path: Path) -> None:
        accounts = Accounts(tmp_path / FILE)
        accounts.set("Zoé", "Ångström ½ café", "reader")
        assert accounts.check("Zoe\u0301", "A\u030angstro\u0308m ½ cafe\u0301") is not None

    def test_changes_of_another_process_are_seen(self, tmp_path: Path) -> None:
        one, other = Accounts(tmp_path / FILE), cheap_accounts(tmp_path / FILE, "a", "b")
        assert list(one.all()) == ["a", "b"]
        other.remove("a")
        assert list(one.all()) == ["b"]
        other.path.unlink()
        assert one.all() == {}

    @pytest.mark.parametrize(
        ("name", "password", "role", "reason"),
        [
            ("eva", "ninechars", "editor", "the password has 9 characters; use 10 to 1024"),
            ("eva", "", "editor", "the password has 0 characters"),
            ("eva", "x" * 1025, "editor", "the password has 1025 characters"),
            ("a long name", "A Long Name", "editor", "the password is the account's name"),
            ("eva", "long enough", "owner", "the role is 'owner'; use reader or editor"),
            ("", "long enough", "editor", "the account's name is ''"),
            ("a:b", "long enough", "editor", "the account's name is 'a:b'"),
            ("a\nb", "long enough", "editor", "printable"),
            ("x" * 65, "long enough", "editor", "use 1 to 64"),
        ],
    )
    def test_what_is_no_account(self, tmp_path: Path, name: str, password: str, role: Any, reason: str) -> None:
        accounts = Accounts(tmp_path / FILE)
        with pytest.raises(InvalidInput, match=re.escape(reason)):
            accounts.set(name, password, role)
        assert not accounts.path.exists()

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            '{"format": 2, "accounts": {}}',
            '{"format": 1, "accounts": {"a": {"role": "editor"}}}',
            entry_file(role="owner"),
            entry_file(hash=""),
            entry_file(salt="00"),
            entry_file(n=2**30),
        ],
    )
    def test_a_damaged_file_lets_nobody_in(self, tmp_path: Path, content: str) -> None:
        (tmp_path / FILE).write_text(content)
        with pytest.raises(LibraryError, match="cannot be read"):
            Accounts(tmp_path / FILE).all()
        door = SignIns(Accounts(tmp_path / FILE))
        assert (door.demanded, door.may_edit("a"), door.may_edit("")) == (True, False, False)

    def test_a_write_that_fails_leaves_what_was(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        accounts = cheap_accounts(tmp_path / FILE, "a")

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("qa.accounts.os.fsync", full)
        with pytest.raises(LibraryError, match="No space left on device"):
            accounts.remove("a")
        assert list(accounts.all()) == ["a"]
        assert [each.name for each in tmp_path.iterdir()] == [FILE]


class TestTries:
    def test_pauses_grow(self) -> None:
        clock = Clock()
        tries = Tries(3, 60, clock=clock)
        waits = []
        for _ in range(4):
            for _ in range(3):
                assert tries.wait("a") == 0
                tries.count("a")
            waits.append(tries.wait("a"))
            clock.now += waits[-1]
        assert waits == [60, 120, 240, 480]
        assert tries.wait("b") == 0
        for _ in range(40):
            tries.count("a")
        assert tries.wait("a") == 86_400
        clock.now += 2 * 86_400 + 1  # a day after the pause all is forgotten
        for _ in range(3):
            tries.count("a")
        assert tries.wait("a") == 60

    def test_tries_far_apart_are_no_series(self) -> None:
        clock = Clock()
        tries = Tries(3, 60, clock=clock)
        for _ in range(20):
            tries.count("a")
            clock.now += 40
        assert tries.wait("a") == 0

    def test_what_was_right_does_not_count(self) -> None:
        tries = Tries(2, 60, clock=Clock())
        for _ in range(10):
            tries.count("a")
            tries.take_back("a")
        tries.count("a")
        assert tries.wait("a") == 0
        tries.count("a")
        tries.take_back("a")  # the one that closed it
        assert tries.wait("a") == 0
        tries.count("a")
        assert tries.wait("a") == 60

    def test_memory_is_bounded(self) -> None:
        tries = Tries(2, 60, held=100, clock=Clock())
        for number in range(1000):
            tries.count(number)
        assert len(tries) == 100


class TestSessions:
    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def door(self, tmp_path: Path, clock: Clock) -> SignIns:
        return SignIns(cheap_accounts(tmp_path / FILE, "a", "b"), clock=clock)

    def test_they_expire(self, door: SignIns, clock: Clock) -> None:
        account = door.account("a")
        assert account
        secret = door.begin(account)
        assert door.begin(account) != secret
        assert len(secret) >= 43  # 32 bytes
        clock.now += IDLE
        assert door.signed_in(secret) == account
        clock.now += IDLE + 1
        assert door.signed_in(secret) is None
        secret = door.begin(account)
        for _ in range(int(LONGEST // IDLE)):
            clock.now += IDLE
            assert door.signed_in(secret) == account
        clock.now += 1
        assert door.signed_in(secret) is None

    def test_they_end(self, door: SignIns, tmp_path: Path) -> None:
        a, b = door.account("a"), door.account("b")
        assert a
        assert b
        first, second, third = door.begin(a), door.begin(a), door.begin(b)
        door.end(first)
        assert (door.signed_in(first), door.signed_in(second)) == (None, a)
        Accounts(tmp_path / FILE)._write({"a": cheap("a", "another password"), "b": b})
        assert (door.signed_in(second), door.signed_in(third)) == (None, b)
        Accounts(tmp_path / FILE).remove("b")
        assert door.signed_in(third) is None

    def test_secrets_are_not_kept(self, door: SignIns) -> None:
        account = door.account("a")
        assert account
        secret = door.begin(account)
        assert all(secret.encode() not in key for key in door._sessions)

    def test_many_at_once_do_not_pass_the_limit(self, door: SignIns, hashed: list[int]) -> None:
        async def flood() -> list[Account | Refused]:
            return await asyncio.gather(*(door.try_in("a", f"guess {n}", "192.0.2.1") for n in range(100)))

        outcomes = loops.run(flood())
        assert len(hashed) == 10
        assert outcomes.count(Refused()) == 10
        wait = loops.run(door.try_in("a", "the password of a", "192.0.2.2"))
        assert wait == Refused(900)  # by name, from wherever

    def test_few_are_hashed_at_once_and_few_wait(self, door: SignIns, hashed: list[int]) -> None:
        async def flood() -> list[Account | Refused]:
            return await asyncio.gather(*(door.try_in(f"name {n}", "guess", f"192.0.2.{n}") for n in range(30)))

        outcomes = loops.run(flood())
        assert outcomes == [Refused()] * 16 + [Refused(1)] * 14
        assert len(hashed) == 16
        assert loops.run(door.try_in("name 29", "guess", "192.0.2.29")) == Refused()

    def test_one_address_tries_many_names(self, door: SignIns, hashed: list[int], clock: Clock) -> None:
        async def spray(address: str) -> list[Account | Refused]:
            return [await door.try_in(f"name {n % 25}", "guess", address) for n in range(60)]

        outcomes = loops.run(spray("2001:db8::1"))
        assert outcomes[:50] == [Refused()] * 50
        assert outcomes[50:] == [Refused(900)] * 10
        assert loops.run(door.try_in("a", "the password of a", "2001:db8::2")) == Refused(900)  # the same network
        assert loops.run(door.try_in("a", "the password of a", "2001:db8:1::2")) == door.account("a")
        clock.now += 901
        assert loops.run(door.try_in("a", "the password of a", "2001:db8::1")) == door.account("a")

    def test_an_account_of_one_s_own_gives_no_more_tries(self, door: SignIns) -> None:
        async def alternate() -> Account | Refused:
            for n in range(55):
                await door.try_in("a", "the password of a", "192.0.2.1")
                last = await door.try_in(f"b{n}", "guess", "192.0.2.1")
            return last

        assert loops.run(alternate()) == Refused(900)


@pytest.fixture(scope="module")
def library(guarded_library: Library) -> Library:
    return guarded_library


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with running(library) as url:
        yield url


def signed_in(address: str, account: tuple[str, str]) -> httpx.Client:
    client = httpx.Client(base_url=address, timeout=60)
    typed = {"username": account[0], "password": account[1]}
    client.cookies = httpx.post(f"{address}login", data=typed).raise_for_status().cookies
    return client


@pytest.fixture(scope="module")
def editor(address: str) -> Iterator[httpx.Client]:
    with signed_in(address, EDITOR) as client:
        yield client


@pytest.fixture(scope="module")
def reader(address: str) -> Iterator[httpx.Client]:
    with signed_in(address, READER) as client:
        yield client


class TestDoor:
    @pytest.mark.parametrize(
        ("method", "path", "status", "location"),
        [
            ("GET", "", 303, "/login?next=%2F"),
            ("GET", "?q=a%20b&site=X", 303, "/login?next=%2F%3Fq%3Da%2520b%26site%3DX"),
            ("GET", "ar/", 303, "/login?next=%2Far%2F"),
            ("GET", "article?id=x", 303, "/login?next=%2Farticle%3Fid%3Dx"),
            ("GET", "//elsewhere.example/", 303, "/login?next=%2F"),
            ("GET", "config", 303, "/login?next=%2Fconfig"),
            ("GET", "assets/x.js", 303, "/login?next=%2Fassets%2Fx.js"),
            ("GET", "login", 200, None),
            ("GET", "logout", 303, "/login?next=%2F"),
            ("POST", "gradio_api/queue/join", 401, None),
            ("POST", "gradio_api/upload", 401, None),
            ("POST", "export?format=md", 401, None),
            ("POST", "es/login", 401, None),
            ("OPTIONS", "", 401, None),
        ],
    )
    def test_who_has_no_session(self, address: str, method: str, path: str, status: int, location: str | None) -> None:
        response = httpx.request(method, f"{address}{path}", headers=PAGE)
        assert (response.status_code, response.headers.get("location")) == (status, location)
        assert "example" not in response.text

    def test_programs_are_told(self, address: str) -> None:
        response = httpx.get(f"{address}config")
        assert response.status_code == 401
        assert response.json() == {"detail": words()("account.needed")}
        assert "www-authenticate" not in response.headers  # a browser would ask in a window of its own

    @pytest.mark.parametrize(
        ("onward", "to"),
        [
            ("/?q=x", "/?q=x"),
            ("/ar/", "/ar/"),
            ("", "/"),
            ("//elsewhere.example", "/"),
            ("/\\elsewhere.example", "/"),
            ("/\t/elsewhere.example", "/"),
            ("https://elsewhere.example/", "/"),
            ("javascript:alert(1)", "/"),
            ("/x\r\nSet-Cookie: a=b", "/"),
            ("/login?next=/login", "/"),
            ("/logout", "/"),
        ],
    )
    def test_signing_in_leads_on_only_here(self, address: str, onward: str, to: str) -> None:
        typed = {"username": EDITOR[0], "password": EDITOR[1], "next": onward}
        response = httpx.post(f"{address}login", data=typed, headers=PAGE)
        assert (response.status_code, response.headers["location"]) == (303, to)
        name, flags = re.fullmatch(r"(article-qa-\d+)=[\w-]{43}; (.*)", response.headers["set-cookie"]).groups()  # type: ignore[union-attr]
        assert name == f"article-qa-{httpx.URL(address).port}"
        assert flags == "HttpOnly; Max-Age=604800; Path=/; SameSite=strict"

    def test_the_form(self, address: str) -> None:
        response = httpx.post(
            f"{address}login", data={"username": '"><b>', "password": "wrong", "next": "/es/"}, headers=PAGE
        )
        assert response.status_code == 401
        assert words("es")("account.wrong") in response.text
        assert 'value="&quot;&gt;&lt;b&gt;"' in response.text
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert "set-cookie" not in response.headers
        assert '<html lang="fr"' in httpx.get(f"{address}login?language=fr&next=/es/").text
        assert '<html lang="ar" dir="rtl">' in httpx.get(f"{address}login", headers={"Accept-Language": "ar"}).text

    def test_a_new_session_ends_the_old_one_and_signing_out_the_new(self, address: str) -> None:
        with signed_in(address, READER) as client:
            first = dict(client.cookies)
            client.post("login", data={"username": READER[0], "password": READER[1]})
            assert dict(client.cookies) != first
            assert httpx.get(f"{address}config", cookies=first).status_code == 401
            assert client.get("config").json()["username"] == READER[0]
            second = dict(client.cookies)
            assert client.post("logout").headers["location"] == "/login"
            assert dict(client.cookies) == {}
            assert httpx.get(f"{address}config", cookies=second).status_code == 401

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Origin": "https://elsewhere.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({}, 200),
        ],
    )
    @pytest.mark.parametrize("path", ["login", "logout"])
    def test_other_sites_sign_nobody_in_or_out(
        self, address: str, path: str, headers: dict[str, str], status: int
    ) -> None:
        typed = {"username": READER[0], "password": READER[1]}
        response = httpx.post(f"{address}{path}", data=typed, headers=headers)
        assert response.status_code == (303 if path == "logout" and status == 200 else status)

    def test_forms_are_small(self, address: str) -> None:
        assert httpx.post(f"{address}login", data={"username": "x" * 10_000, "password": "y"}).status_code == 413

    def test_programs_sign_in(self, address: str, hashed: list[int]) -> None:
        client = Client(address, auth=READER, verbose=False, analytics_enabled=False)
        assert "about 35 per cent" in client.predict(SHARE, api_name="/ask")["text"]
        assert len(hashed) == 1
        with pytest.raises(Exception, match="Invalid credentials"):
            Client(address, auth=("rita", "wrong"), verbose=False)
        with pytest.raises(Exception, match="credentials were not provided"):
            Client(address, verbose=False)

    def test_http_basic(self, address: str, hashed: list[int]) -> None:
        for _ in range(5):
            assert httpx.get(f"{address}config", auth=EDITOR).json()["username"] == "eva"
        assert len(hashed) <= 1
        wrong = httpx.get(f"{address}config", auth=("eva", "wrong"))
        assert wrong.status_code == 401
        assert wrong.headers["www-authenticate"].startswith("Basic ")
        for header in ("Basic", "Basic !", "Basic bm9jb2xvbg==", "Bearer x", "Basic " + "A" * 20_000):
            assert httpx.get(f"{address}config", headers={"Authorization": header}).status_code == 401

    def test_tries_are_limited(self, tmp_path: Path) -> None:
        accounts = cheap_accounts(tmp_path / "elsewhere.json", "eva", "otto")
        with Library.open(tmp_path / "library") as library, running(library, accounts=accounts) as url:
            typed = {"username": "eva", "password": "wrong"}
            inside = httpx.Client(base_url=url, auth=("eva", "the password of eva"))
            assert inside.get("config").status_code == 200
            forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(10)]
            assert [httpx.post(f"{url}login", data=typed, headers=each).status_code for each in forged] == [401] * 10
            right = {**typed, "password": "the password of eva"}
            refused = httpx.post(f"{url}login", data=right, headers=PAGE)
            assert refused.status_code == 429
            assert 890 < int(refused.headers["retry-after"]) <= 900
            assert words()("account.wait", n=15) in refused.text
            assert httpx.get(f"{url}config", auth=("eva", "x")).status_code == 429
            assert inside.get("config").status_code == 200  # who is in stays in
            for n in range(40):
                assert httpx.get(f"{url}config", auth=(f"n{n % 5}", "x")).status_code == 401
            other = {"username": "otto", "password": "the password of otto"}
            headers = {"X-Forwarded-For": "192.0.2.99"}
            assert httpx.post(f"{url}login", data=other, headers=headers).status_code == 429

    def test_accounts_change_while_the_server_runs(self, tmp_path: Path) -> None:
        with Library.open(tmp_path) as library, running(library) as url:
            assert httpx.get(f"{url}config").json()["username"] == ""  # no account yet: nobody is asked
            accounts = cheap_accounts(tmp_path / FILE, "eva")
            assert httpx.get(f"{url}config").status_code == 401
            with signed_in(url, ("eva", "the password of eva")) as client:
                assert client.get("config").status_code == 200
                accounts._write({"eva": cheap("eva", "the password of eva", "reader")})
                assert client.get("config").status_code == 401
            accounts.path.unlink()
            assert httpx.get(f"{url}config").status_code == 401  # the door does not open by that

    def test_no_auth(self, library: Library) -> None:
        with running(library, auth=False) as url:
            assert httpx.get(f"{url}config").status_code == 200
            response = httpx.post(f"{url}gradio_api/upload", files={"files": ("a.txt", b"x")})
            assert response.status_code == 200


# Every event of the page that the server runs, by the name of its handler, as Gradio numbers those of one name.
READ = {
    "on_filters", "on_ask", "on_stop", "lambda", "on_click", "lambda_1", "on_refresh", "on_list", "on_select",
    "on_tick", "lambda_3", "listed", "on_ask_1", "on_open", "on_draw", "on_stop_1", "shown", "lambda_5", "on_load",
    "on_change", "ask", "retrieve",
}  # fmt: skip
CHANGE = {
    "on_add", "on_outcome", "on_look", "lambda_2", "on_sources", "on_remove", "on_yes", "lambda_4", "on_save",
    "on_uncorrect", "on_again", "on_remove_one", "on_click_1",
}  # fmt: skip


def events(client: httpx.Client, place: str) -> dict[str, dict[str, Any]]:
    found = client.get(f"{place}config").json()["dependencies"]
    return {each["api_name"]: each for each in found if each["backend_fn"]}


def call(client: httpx.Client, place: str, event: dict[str, Any], said: Any = None, data: Any = None) -> httpx.Response:
    body = {"fn_index": event["id"], "data": data or [None] * len(event["inputs"]), "session_hash": "s"}
    return client.post(f"{place}gradio_api/run/predict", json={**body, "event_data": said})


class TestRoles:
    def test_every_event_is_known(self, reader: httpx.Client) -> None:
        assert set(events(reader, "")) == READ | CHANGE
        assert set(events(reader, "es/")) == (READ | CHANGE) - {"ask", "retrieve"}

    @pytest.mark.parametrize("place", ["", "fr/"])
    @pytest.mark.parametrize("role", ["reader", "editor"])
    def test_events(self, request: pytest.FixtureRequest, role: str, place: str, library: Library) -> None:
        client: httpx.Client = request.getfixturevalue(role)
        refusal = words(place.strip("/") or "en")("account.readers_only")
        before = library.stamp
        refused = {
            name
            for name, event in events(client, place).items()
            if refusal in json.dumps(call(client, place, event).json(), ensure_ascii=False)
        }
        assert refused == (CHANGE if role == "reader" else set())
        assert library.stamp == before

    def test_the_queue_is_no_way_around(self, reader: httpx.Client) -> None:
        event = events(reader, "")["on_remove_one"]
        body = {"fn_index": event["id"], "data": [None] * len(event["inputs"]), "session_hash": "q"}
        assert reader.post("gradio_api/queue/join", json=body).status_code == 200
        with reader.stream("GET", "gradio_api/queue/data?session_hash=q") as stream:
            told = next(line for line in stream.iter_lines() if "process_completed" in line)
        assert json.loads(told.removeprefix("data: "))["output"]["error"] == REFUSAL

    def test_verdicts_are_the_editors_(self, reader: httpx.Client, editor: httpx.Client, library: Library) -> None:
        for client, refused in ((reader, True), (editor, False)):
            event = events(client, "")["on_click"]
            said = call(client, "", event, {"do": "right", "key": "k"}, [None, [], [], [], "", "", ""])
            assert (REFUSAL in said.json()["data"][3]) is refused

    @pytest.mark.parametrize(
        ("path", "sent", "of_reader", "of_editor"),
        [
            ("gradio_api/upload", {"files": {"files": ("a.txt", b"x")}}, 403, 200),
            ("fr/gradio_api/upload", {"files": {"files": ("a.txt", b"x")}}, 403, 200),
            ("gradio_api/vibe-edit", {"json": {}}, 403, 404),
            ("export?format=md", {"json": {"exchanges": []}}, 200, 200),
            ("gradio_api/reset", {"json": {"event_id": "x"}}, 200, 200),
        ],
    )
    def test_routes(
        self, reader: httpx.Client, editor: httpx.Client, path: str, sent: Any, of_reader: int, of_editor: int
    ) -> None:
        assert reader.post(path, **sent).status_code == of_reader
        assert editor.post(path, **sent).status_code == of_editor

    def test_readers_read(self, reader: httpx.Client, library: Library) -> None:
        article = next(library.articles())
        assert article.title in reader.get(f"article?id={article.id}").text

    def test_folders_of_the_server_are_not_read_for_others(self, editor: httpx.Client, tmp_path: Path) -> None:
        (tmp_path / "secret.txt").write_text("The secret of the server is kept here for nobody but the server.")
        known = events(editor, "")
        told = call(editor, "", known["on_add"], data=[None, "", str(tmp_path)]).json()["data"][0]
        while "qa-work" in told:
            told = call(editor, "", known["on_tick"]).json()["data"][0]
        assert words()("library.no_folders") in told
        assert tmp_path.name in told  # with the reason, and no other list than of what failed
        assert told.count("<li>") == 1


class TestServing:
    @pytest.fixture
    def outside(self) -> Iterator[socket.socket]:
        with socket.create_server(("0.0.0.0", 0)) as listener:
            yield listener

    def test_an_address_of_others_demands_an_account(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InvalidInput, match="there is no account") as raised:
            serve(tmp_path / "library", host="0.0.0.0")
        assert "article-qa account NAME --role editor" in str(raised.value)
        assert "--no-auth" in str(raised.value)
        assert not (tmp_path / "library").exists()
        assert main(["serve", "--host", "0.0.0.0", "--library", "milvus://127.0.0.1:1/x"]) == BAD_INPUT
        assert "--accounts FILE" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("some", "auth", "tls", "said"),
        [(True, True, False, "in clear"), (True, True, True, ""), (False, False, True, "nobody is asked")],
    )
    def test_what_is_said_of_it(
        self, outside: socket.socket, tmp_path: Path, capsys: pytest.CaptureFixture[str], some: bool, auth: bool,
        tls: bool, said: str,
    ) -> None:  # fmt: skip
        accounts = cheap_accounts(tmp_path / FILE, "eva") if some else None
        _look_at_the_door(outside, accounts, auth=auth, tls=tls)
        warned = capsys.readouterr().err
        assert said in warned
        assert bool(warned) is bool(said)

    def test_https(self, tmp_path: Path) -> None:
        if not shutil.which("openssl"):
            pytest.skip("no openssl to make a certificate")
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2"]
        command += ["-keyout", "key.pem", "-out", "cert.pem", "-addext", "subjectAltName=IP:127.0.0.1"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        with pytest.raises(InvalidInput, match="a key is given"):
            serve(tmp_path, key=tmp_path / "key.pem")
        with pytest.raises(InvalidInput, match=r"the certificate .*missing\.pem .* cannot be used: No such file"):
            serve(tmp_path, certificate=tmp_path / "missing.pem")
        cheap_accounts(tmp_path / FILE, "eva")
        files = {"certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
        with Library.open(tmp_path) as library, running(library, **files) as url:
            assert url.startswith("https://127.0.0.1:")
            typed = {"username": "eva", "password": "the password of eva"}
            trusted = ssl.create_default_context(cafile=tmp_path / "cert.pem")
            response = httpx.post(f"{url}login", data=typed, verify=trusted)
            cookie = response.headers["set-cookie"]
            assert cookie.startswith("__Host-article-qa-")
            assert cookie.endswith("; SameSite=strict; Secure")


@pytest.fixture(scope="module")
def app(library: Library) -> Any:
    return create_app(library, auth=False)


class TestUploads:
    def send(self, app: Any, *files: tuple[str, bytes], **options: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.post("/gradio_api/upload", files=[("files", each) for each in files], **options)

        return loops.run(sent())

    def test_what_waits_is_limited_until_it_is_added(self, app: Any) -> None:
        limited = UploadLimits(app, most_waiting=3000, most_files=3)
        paths = [Path(self.send(limited, (f"{n}.txt", b"%d" % n * 1000)).json()[0]) for n in (1, 2)]
        full = self.send(limited, ("3.txt", b"3" * 1000))  # with what is around it more than is left
        assert full.status_code == 413
        assert full.text.startswith("2 files (0 MB) are uploaded and not added yet; at most 3 files")
        assert self.send(limited, ("3.txt", b"")).status_code == 200
        assert self.send(limited, ("4.txt", b"")).status_code == 413  # files are counted too
        paths[0].unlink()
        assert self.send(limited, ("3.txt", b"3" * 1000)).status_code == 200

    def test_too_much_is_refused_before_it_is_read(self, app: Any) -> None:
        async def body() -> Any:
            raise AssertionError("it was read")
            yield b""

        for path, most in (("/gradio_api/upload", 1_000_000_000), ("/gradio_api/run/predict", 40_000_000)):
            headers = {"Content-Length": str(most + 1), "Content-Type": "multipart/form-data; boundary=x"}

            async def sent(path: str = path, headers: dict[str, str] = headers) -> httpx.Response:
                async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
                    return await client.post(path, content=body(), headers=headers)

            assert loops.run(sent()).status_code == 413

    def test_without_a_length_it_is_cut_off_on_the_way(self, app: Any) -> None:
        async def body() -> Any:
            for _ in range(5):
                yield b'{"x": "' + b"y" * 10_000_000

        async def sent() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
                return await client.post("/gradio_api/run/predict", content=body())

        assert loops.run(sent()).status_code == 413
        before = held()
        limited = UploadLimits(app, most_waiting=5000)
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        answered = loops.run(broken_off(limited, [head, b"y" * 3000, b"y" * 3000]))
        assert answered == 413
        assert held() == before

    def test_one_file_has_a_limit(self, app: Any) -> None:
        before = held()
        response = self.send(app, ("large.txt", bytes(52_500_000)))
        assert response.status_code == 413
        assert "maximum allowed size" in response.text
        assert held() == before

    def test_what_is_uploaded_lies_where_nobody_else_of_the_machine_looks(self, app: Any) -> None:
        self.send(app, ("mine.txt", b"x"))
        folder = Path(get_upload_folder())
        assert list(folder.rglob("mine.txt"))
        assert folder.name.startswith("article-qa-")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_an_upload_that_is_broken_off_leaves_nothing(self, app: Any) -> None:
        before = held()
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        loops.run(broken_off(app, [head, b"half of it"]))
        assert held() == before


def held() -> set[str]:
    folder = Path(get_upload_folder())
    return {each.name for each in folder.iterdir()} if folder.exists() else set()


async def broken_off(app: Any, pieces: list[bytes]) -> int:
    """The status of an upload whose sender goes away after these pieces."""
    scope = {
        "type": "http", "method": "POST", "path": "/gradio_api/upload", "raw_path": b"/gradio_api/upload",
        "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"multipart/form-data; boundary=x")],
    }  # fmt: skip
    statuses = []

    async def receive() -> Any:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return int(statuses[0])


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("ARTICLE_QA_LIBRARY", raising=False)

        def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
            monkeypatch.setattr("sys.stdin", io.StringIO(typed))
            code = main(["account", *arguments])
            said = capsys.readouterr()
            return code, said.out.strip(), said.err.strip()

        return run

    def test_accounts_are_made_changed_listed_and_removed(self, run: Any) -> None:
        assert run() == (DONE, "none", "")
        assert run("rita", typed="staple of the readers\n") == (DONE, "made rita (reader)", "")
        assert run("eva", "--role", "editor", typed="correct horse battery") == (DONE, "made eva (editor)", "")
        assert run("eva", typed="another password\n") == (DONE, "changed eva (editor)", "")
        assert run() == (DONE, "editor  eva\nreader  rita", "")
        _, out, _ = run("--json")
        assert json.loads(out) == {"accounts": [{"name": "eva", "role": "editor"}, {"name": "rita", "role": "reader"}]}
        accounts = Accounts(Path("library") / FILE)
        assert accounts.check("eva", "another password")
        assert not accounts.check("eva", "correct horse battery")
        assert run("rita", "--remove") == (DONE, "removed rita", "")
        assert run() == (DONE, "editor  eva", "")

    @pytest.mark.parametrize(
        ("arguments", "typed", "reason"),
        [
            (("eva",), "short\n", "the password has 5 characters"),
            (("eva",), "", "the password has 0 characters"),
            (("eva", "--remove"), "", "there is no account 'eva'"),
            (("--role", "editor"), "", "need the NAME"),
            (("eva", "--library", "milvus://127.0.0.1:1/x"), "long enough for it", "--accounts FILE"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, run: Any, arguments: tuple[str, ...], typed: str, reason: str) -> None:
        code, _, error = run(*arguments, typed=typed)
        assert code == BAD_INPUT
        assert reason in error

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
    @pytest.mark.parametrize(
        ("again", "code", "said"),
        [("correct horse battery", DONE, "made eva (reader)"), ("correct horse batery", BAD_INPUT, "passwords differ")],
    )
    def test_a_terminal_is_asked_twice(self, tmp_path: Path, again: str, code: int, said: str) -> None:
        import pty

        master, terminal = pty.openpty()
        command = [sys.executable, "-m", "qa", "account", "eva", "--library", str(tmp_path / "library")]
        process = subprocess.Popen(
            command, stdin=terminal, stdout=terminal, stderr=terminal, cwd=ROOT, start_new_session=True
        )
        os.close(terminal)
        shown = b""
        for prompt, reply in ((b"New password: ", "correct horse battery"), (b"The same again: ", again)):
            while prompt not in shown:
                shown += os.read(master, 1000)
            os.write(master, f"{reply}\n".encode())
        while said.encode() not in shown:
            shown += os.read(master, 1000)
        assert process.wait(timeout=60) == code
        os.close(master)
        assert b"horse" not in shown  # what is typed is not shown
        assert (tmp_path / "library" / FILE).exists() is (code == DONE)
