"""What many tests share: the example articles, and a library of them that is built once."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from people import EDITOR, READER
from websites import Request, WebSite

from qa.addresses import is_public

# Tests run without the network: an attempt to reach the model hub fails at once.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
# Processes that test side by side share the processors; torch would take them all in each.
if at_once := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 0)):
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // at_once)))

if TYPE_CHECKING:
    from embeddings.encoder import Encoder
    from qa import Library

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The packaged model in float32, loaded once."""
    from embeddings.encoder import Encoder

    return Encoder(dtype="float32")


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder with `articles/` and `questions.jsonl`. Not to be written to."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def example_folder(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library's folder that holds the example articles, closed. Not to be written to: see `example_copy`."""
    from qa import Library

    folder = tmp_path_factory.mktemp("examples") / "library"
    with Library.open(folder) as library:
        report = library.add(examples / "articles")
        assert not report.failed
        assert len(report.added) == len(list((examples / "articles").glob("*.html")))
    return folder


@pytest.fixture(scope="module")
def guarded_library(example_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The example articles behind the accounts of an editor and a reader (people.py)."""
    from qa import Library
    from qa.accounts import FILE, Accounts

    folder = shutil.copytree(example_folder, tmp_path_factory.mktemp("accounts") / "library")
    accounts = Accounts(folder / FILE)
    accounts.set(*EDITOR, "editor")
    accounts.set(*READER, "reader")
    with Library.open(folder) as library:
        yield library


@pytest.fixture(scope="session")
def example_library(example_folder: Path) -> Iterator[Library]:
    """That library, open. Only to be asked."""
    from qa import Library

    with Library.open(example_folder, create=False) as library:
        yield library


@pytest.fixture
def example_copy(example_folder: Path, tmp_path: Path) -> Path:
    """A copy of that library's folder, to be changed."""
    return Path(shutil.copytree(example_folder, tmp_path / "library"))


@pytest.fixture
def on_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 counts as an address out on the web; 127.0.0.2 and all others count as what they are."""
    from qa import addresses

    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1" or is_public(address))


@pytest.fixture
def start_site(on_the_web: None) -> Iterator[Callable[..., WebSite]]:
    """Starts web sites on this machine, which counts as the web; each has a port, and so a robots.txt, of its own."""
    running = []

    def start(host: str = "127.0.0.1") -> WebSite:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                response = site.answer(Request(self.path, headers))
                body = response.body.encode() if isinstance(response.body, str) else response.body
                if "Date" in response.headers:
                    self.send_response_only(response.status)
                else:
                    self.send_response(response.status)
                if response.media_type:
                    self.send_header("Content-Type", response.media_type)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                if response.status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        server = ThreadingHTTPServer((host, 0), Handler)
        site = WebSite(host, server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        running.append((server, thread))
        return site

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web_site(start_site: Callable[..., WebSite]) -> WebSite:
    return start_site()
