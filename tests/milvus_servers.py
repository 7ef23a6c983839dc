"""Milvus servers for tests: started on this machine, reached on 127.0.0.1 only, ended with the tests.

The real server listens on every interface. So it runs in a network of its own (network_namespaces(7), and for those
who are not root user_namespaces(7)), and this file, run as a program, is the one door to it: it listens outside, on
127.0.0.1, and passes on what comes.

    python tests/milvus_servers.py FOLDER    prints its port; ends with what its standard input is connected to
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING or __name__ != "__main__":
    from qa.milvus_engine import Address, Engine
    from qa.milvus_schema import Kind

ROOT = Path(__file__).resolve().parent.parent
INSTALLED = Path(os.environ.get("ARTICLE_QA_MILVUS", ROOT / "build" / "milvus"))  # by tests/milvus/setup.sh
_PORT = 19530  # inside
_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000  # CLONE_NEWNET, CLONE_NEWUSER
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
_START_SECONDS = 120.0
# A read that must see what was just written waits for the next tick; as a rule they come every 200 ms.
_SETTINGS = ("proxy.timeTickInterval=20", "queryCoord.checkInterval=100", "queryCoord.distPullInterval=100")


class Unavailable(Exception):
    """There is no such server here; the message says why."""


@contextlib.contextmanager
def running(name: str, folder: Path) -> Iterator[str]:
    """The address, host:port, of a new server: "milvus", the real one, or "milvus-lite". Raises Unavailable."""
    if not (INSTALLED / ".installed").exists():
        raise Unavailable(f"no Milvus in {INSTALLED}: run tests/milvus/setup.sh")
    try:
        import pymilvus  # noqa: F401
    except ImportError as error:
        raise Unavailable("pymilvus is not installed: pip install -e '.[milvus]'") from error
    with _double(folder) if name == "milvus-lite" else _real(folder) as port:
        yield f"127.0.0.1:{port}"


def empty(url: str) -> None:
    """Leave nothing in a library. Its collections stay: to make them takes some seconds."""
    engine = Engine(Address.of(url))
    for collection, everything in (
        ("articles", "number >= 0"),
        ("records", "kind >= 0"),
        *_passages(engine, "id >= 0"),
    ):
        if engine.has(name := f"{engine.address.name}_{collection}"):
            engine.call(engine.client.delete, name, filter=everything)
    engine.close()


def kept(url: str) -> tuple[int, int, int]:
    """How many texts of articles, passages and marks of writers there are, whether they count or not."""
    engine = Engine(Address.of(url))
    view, name = engine.view(), engine.address.name
    bodies = engine.query(f"{name}_records", f"kind == {Kind.BODY:d}", ["key"], view)
    marks = engine.count(f"{name}_records", f"kind == {Kind.MARK:d}", view)
    passages = sum(engine.count(f"{name}_{each}", where, view) for each, where in _passages(engine, "id >= 0"))
    engine.close()
    return sum(row["key"].endswith(".0") for row in bodies), passages, marks


def passage_ids(url: str) -> list[int]:
    """Of all passages, whether they count or not."""
    engine = Engine(Address.of(url))
    view, name = engine.view(), engine.address.name
    found = [engine.query(f"{name}_{each}", where, ["id"], view) for each, where in _passages(engine, "id >= 0")]
    engine.close()
    return [row["id"] for rows in found for row in rows]


def _passages(engine: Engine, where: str) -> list[tuple[str, str]]:
    prefix = f"{engine.address.name}_"
    names = engine.call(engine.client.list_collections)
    return [(each.removeprefix(prefix), where) for each in names if each.startswith(f"{prefix}passages_")]


@contextlib.contextmanager
def _double(folder: Path) -> Iterator[int]:
    (program,) = INSTALLED.glob("lib/python*/site-packages/milvus_lite/lib/milvus")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [program, folder / "double.db", f"127.0.0.1:{port}", "ERROR"],
        env=os.environ | {"LD_LIBRARY_PATH": str(program.parent)},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent,
    )
    try:
        _await(lambda: _answers(port), process)
        yield port
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _real(folder: Path) -> Iterator[int]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bin").symlink_to(INSTALLED / "server" / "bin")  # unpacking it takes longer than all the rest
    door = subprocess.Popen(
        [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert door.stdin is not None
    assert door.stdout is not None
    try:
        said = door.stdout.readline().strip()
        if not said.isdecimal():
            raise Unavailable(said or "the Milvus server could not be started")
        yield int(said)
    finally:
        door.stdin.close()
        door.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _await(ready, process: subprocess.Popen[bytes]) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > until:
            raise Unavailable(f"{process.args} did not start")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# -- the door


def _serve(data: str) -> None:
    outside = socket.create_server(("127.0.0.1", 0))  # stays outside, where it was made
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    if unshare(_NEW_NETWORK) and unshare(_NEW_NETWORK | _NEW_USER):
        print(f"no network of its own for the Milvus server: {os.strerror(ctypes.get_errno())}")
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sh", b"lo", 0)))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", flags | _UP))
    Path(data).mkdir(parents=True, exist_ok=True)
    settings = [part for setting in _SETTINGS for part in ("--extra-config", setting)]
    with Path(data, "output").open("w") as output:
        server = subprocess.Popen(
            [INSTALLED / "bin" / "milvus-server", "--data", data, "--proxy-port", str(_PORT), *settings],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            preexec_fn=_end_with_parent,
            start_new_session=True,  # it starts another process: they are ended together
        )
    try:
        # The program says so once the server is ready; its port answers before.
        _await(lambda: "Logs:" in Path(data, "output").read_text(), server)
        threading.Thread(target=_accept, args=(outside,), daemon=True).start()
        print(outside.getsockname()[1], flush=True)
        sys.stdin.read()
    except Unavailable as error:
        print(error)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _accept(outside: socket.socket) -> None:
    while True:
        client, _ = outside.accept()
        try:
            inside = socket.create_connection(("127.0.0.1", _PORT))
        except OSError:
            client.close()
            continue
        for one, other in ((client, inside), (inside, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := one.recv(1 << 16):
            other.sendall(said)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    _serve(sys.argv[1])
