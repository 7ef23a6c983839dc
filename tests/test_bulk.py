"""`bulk_add` on a cluster of three nodes on this machine: it does what `add` does, whatever dies meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websites import Response, WebSite

pytest.importorskip("ray", reason="Ray is not installed (pip install 'article-qa[ray]')")

import ray
from ray.cluster_utils import Cluster

from embeddings.encoder import Encoder
from qa import Article, InvalidInput, Library, ModelMismatch, bulk_ray
from qa.bulk import _Bulk, bulk_add
from qa.bulk_ray import TRIES
from qa.bulk_stages import Encoding, Model, Reading, Task, missing_vectors, read_task
from qa.gather import items
from qa.types import Failure, Progress

# Ray warns of settings of its own that it copies.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")

ROOT = Path(__file__).resolve().parent.parent
_PAGES = 40
_NODES = 3
_TRADES = ("miller", "cooper", "tanner", "weaver", "glazier", "farrier", "chandler", "mason")
_PLACES = ("Aldmoor", "Birkwick", "Cray Hithe", "Dunmere", "Eastry", "Fenby", "Garth", "Holme", "Inverlyn")
_QUESTIONS = (
    "Which Dutch salvage firm was called in to get the Ever Given off the bank?",
    "Who was the mason of Fenby?",
    "How many carts did the tanner of Dunmere count in 1758?",
)


def _page(number: int, *, extra: str = "") -> str:
    trade, place = _TRADES[number % len(_TRADES)], _PLACES[number % len(_PLACES)]
    paragraphs = [
        f"In {1700 + number + year} the {trade} of {place} counted {number * 7 + year} carts at bridge {number}, and "
        f"wrote their number into ledger {year} beside the weather, the toll that was paid, the names of the drivers, "
        "the state of the road to the coast and what was said of the price of grain in the towns that they came from. "
        f"That was the {year + 1}th count of bridge {number}, which the {trade} had kept alone since the flood. "
        "No other bridge of the county has a series as long, and no other was drawn as often by those who passed."
        for year in range(5)
    ]
    body = "".join(f"<p>{paragraph}</p>" for paragraph in [*paragraphs, *([extra] if extra else [])])
    title = f"The {trade} of {place}, bridge {number}"
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title></head><body><article><h1>{title}</h1>{body}'
        "</article></body></html>"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages, one of them in two places, and a file that is none."""
    folder = tmp_path_factory.mktemp("bulk") / "pages"
    folder.mkdir()
    for number in range(_PAGES):
        (folder / f"page-{number:03}.html").write_text(_page(number))
    (folder / "page-030-again.html").write_text(_page(30))
    (folder / "page-035-broken.pdf").write_bytes(b"%PDF-1.7\nand no more")
    return folder


@pytest.fixture(scope="module")
def sources(folder: Path, examples: Path) -> list[Path | Article]:
    return [examples / "articles", Article("by-code", "Notes", "The ferry of Garth sank in 1802. " * 8), folder]


@pytest.fixture(scope="module")
def one_process(sources: list[Path | Article], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("one") / "library") as library:
        library.add(sources)
        yield library


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the workers write what they do, and find what they are to die of: see `_watched`."""
    return tmp_path_factory.mktemp("workers")


@pytest.fixture(scope="module")
def cluster(log: Path) -> Iterator[Cluster]:
    patched = pytest.MonkeyPatch()
    for name, value in {"RAY_USAGE_STATS_ENABLED": "0", "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(ROOT)}.items():
        patched.setenv(name, value)
    # Each needs 3 processors or more: with fewer, readers, encoders and what Ray runs for itself wait for each other.
    node = {"num_cpus": 3, "object_store_memory": 200_000_000, "include_dashboard": False}
    started = Cluster(initialize_head=True, head_node_args=node)
    try:
        for _ in range(_NODES - 1):
            started.add_node(num_cpus=3, object_store_memory=200_000_000)
        ray.init(
            started.address,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env={"worker_process_setup_hook": _watched(str(log))},
        )
        yield started
    finally:
        ray.shutdown()
        started.shutdown()
        patched.undo()


def _watched(folder: str) -> Callable[[], None]:
    """What each worker does first: from then on it writes down what it reads and encodes, and dies of some pages.

    A node that is not the head dies with what runs on it of the first page that says so, and of that once.
    """

    def setup() -> None:
        import os
        import signal
        from pathlib import Path

        from qa import bulk_stages

        def note(what: str) -> None:
            with open(Path(folder, "log"), "a") as file:
                file.write(what + "\n")

        def once(name: str) -> bool:
            try:
                Path(folder, name).touch(exist_ok=False)
            except FileExistsError:
                return False
            return True

        def node() -> str:
            import ray

            return ray.get_runtime_context().get_node_id()

        read, encode = bulk_stages.read, bulk_stages.Encoding.encode

        def watched_read(item: Any, *arguments: Any, **options: Any) -> Any:
            note(f"read {item.name}")
            content = Path(item.name).read_text(errors="replace") if Path(item.name).is_file() else ""
            if "reader dies of this" in content:
                os.kill(os.getpid(), signal.SIGKILL)
            if "node dies once" in content and Path(folder, "head").read_text() != node() and once("node"):
                os.kill(os.getppid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
            return read(item, *arguments, **options)

        def watched_encode(self: Any, readings: Any) -> Any:
            texts = [text.text for reading in readings for text in reading.texts]
            note(f"encode {len(texts)}")
            if any("encoder dies of this" in text for text in texts):
                os.kill(os.getpid(), signal.SIGKILL)
            return encode(self, readings)

        class Seen(type(Path())):  # type: ignore[misc]
            def exists(self, **options: Any) -> bool:
                unseen = Path(folder, "unseen")
                return super().exists(**options) and not (unseen.exists() and unseen.read_text() == str(self))

        bulk_stages.Path = Seen
        bulk_stages.read = watched_read
        bulk_stages.Encoding.encode = watched_encode

    return setup


def _logged(log: Path, what: str) -> list[str]:
    lines = (log / "log").read_text().splitlines() if (log / "log").exists() else []
    return [line.removeprefix(f"{what} ") for line in lines if line.startswith(f"{what} ")]


def _alive() -> int:
    return sum(node["Alive"] for node in ray.nodes())


def _assert_same(library: Library, expected: Library) -> None:
    """The same articles in the same order, with the same passages, found by the same questions."""
    assert [article.id for article in library.articles()] == [article.id for article in expected.articles()]
    assert list(library.articles()) == list(expected.articles())
    assert library._store.locations() == expected._store.locations()
    for article in expected.articles():
        assert library.passages(article.id) == expected.passages(article.id)
    assert library.passage_count == expected.passage_count
    for question in _QUESTIONS:
        found, wanted = library.retrieve(question), expected.retrieve(question)
        assert found[0].passage == wanted[0].passage
        # A text's vectors differ in their last bits by what it was encoded together with.
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in wanted], abs=0.02)


def test_a_cluster_does_what_one_process_does_and_nothing_twice(
    cluster: Cluster,
    log: Path,
    sources: list[Path | Article],
    one_process: Library,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (log / "log").unlink(missing_ok=True)
    monkeypatch.setattr(Encoder, "pack_passages", None)  # in this process nothing is encoded
    steps: list[Progress] = []
    report = bulk_add(tmp_path / "library", sources, workers=2, on_progress=steps.append)

    with Library.open(tmp_path / "library", create=False) as library:
        _assert_same(library, one_process)
        assert report.added == tuple(article.id for article in one_process.articles())
        assert library.collections() == one_process.collections()
    assert [Path(failure.source).name for failure in report.failed] == ["page-035-broken.pdf"]
    again = one_process._store.article_at(str(folder / "page-030-again.html"))
    assert report.skipped == (again,)
    assert not report.stopped
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))
    assert steps[-1].done == steps[-1].total == len(list((ROOT / "examples" / "articles").iterdir())) + 1 + _PAGES + 2
    assert sum(map(int, _logged(log, "encode"))) >= one_process.passage_count

    (log / "log").unlink()
    repeated = bulk_add(tmp_path / "library", sources, workers=2)

    assert repeated.added == repeated.replaced == ()
    assert sorted(repeated.skipped) == sorted([*report.added, again])
    assert len(_logged(log, "read")) == len(steps)
    assert _logged(log, "encode") == []  # what is stored is not encoded again


_DRIVER = """
import os, signal, sys
from qa.bulk import bulk_add
def stop(step):
    if step.done == 50:
        os.kill(os.getpid(), signal.SIGKILL)
library, address, *sources = sys.argv[1:]
bulk_add(library, sources, address=address, workers=1, on_progress=stop)
"""


def test_the_same_call_goes_on_where_one_was_killed(
    cluster: Cluster, log: Path, sources: list[Path | Article], one_process: Library, tmp_path: Path
) -> None:
    files = [str(each) for each in sources if isinstance(each, Path)]
    killed = subprocess.run(
        [sys.executable, "-c", _DRIVER, str(tmp_path / "library"), cluster.address, *files], cwd=ROOT, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with Library.open(tmp_path / "library", create=False) as library:
        stored = len(library)
        assert 0 < stored < len(one_process)

    report = bulk_add(tmp_path / "library", sources, workers=1)

    assert len(report.skipped) == stored + 1  # and the page that stands in two places
    with Library.open(tmp_path / "library", create=False) as library:
        assert len(library) == len(one_process)
        assert {article.id for article in library.articles()} == {article.id for article in one_process.articles()}
        assert library.passage_count == one_process.passage_count


def test_what_many_machines_cannot_read_is_added_by_one_process(
    cluster: Cluster, log: Path, web_site: WebSite, tmp_path: Path
) -> None:
    """Addresses, what lists them, and files that the other machines do not see."""
    (log / "log").unlink(missing_ok=True)
    web_site.pages["/one"], web_site.pages["/two"] = Response(_page(301)), Response(_page(302))
    listing, page, unseen, missing = (tmp_path / name for name in ("list.html", "a.html", "unseen.html", "none.html"))
    listing.write_text(
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><TITLE>Bookmarks</TITLE><H1>Bookmarks</H1><DL><p>"
        f'<DT><A HREF="{web_site.url}/two">Two</A></DL>'
    )
    page.write_text(_page(303))
    unseen.write_text(_page(304))
    (log / "unseen").write_text(str(unseen))
    steps: list[Progress] = []

    sources = [f"{web_site.url}/one", listing, unseen, missing, page]
    report = bulk_add(tmp_path / "library", sources, workers=1, delay=0, on_progress=steps.append)

    assert report.failed == (Failure(str(missing), f"{missing} does not exist; check the path"),)
    assert web_site.asked() == ["/one", "/two"]
    assert sorted(_logged(log, "read")) == sorted([str(listing), str(page)])
    with Library.open(tmp_path / "library", create=False) as library:
        assert [article.title[-3:] for article in library.articles()] == ["303", "301", "302", "304"]
    assert [(step.done, step.total) for step in steps] == [(1, 5), (2, 5), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_what_is_wrong_is_said_before_anything_is_done(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match="workers is 0; give a whole number of 1 or more"):
        bulk_add(tmp_path / "library", folder, workers=0)
    assert not (tmp_path / "library").exists()
    with pytest.raises(InvalidInput, match="address is 'ray://head:10001', that of a Ray client"):
        bulk_add(tmp_path / "library", folder, address="ray://head:10001")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InvalidInput, match=r"Ray is not installed .*pip install 'article-qa\[ray\]'"):
        bulk_add(tmp_path / "library", folder)


class TestWithoutACluster:
    """The stages, called one after the other in this process."""

    def _readings(self, library: Library, tasks: list[Task], asked: list[Reading]) -> Iterator[Reading]:
        encoding = Encoding(Model(None, "auto", library._encoder_for_writing().identity), threads=2)
        for task in tasks:
            reading = read_task(task, lambda inquiry: missing_vectors(inquiry, library._store))
            asked.append(reading)
            yield encoding.encode([reading])[0]

    def _tasks(self, folder: Path) -> list[Task]:
        return [Task(number, item) for number, item in enumerate(items(folder))]

    def test_a_run_can_be_stopped(self, folder: Path, tmp_path: Path) -> None:
        with Library.open(tmp_path / "library") as library:
            tasks = self._tasks(folder)
            run = _Bulk(library, len(tasks), lambda step: step.done < 3, None)
            run.bring_in(tasks, self._readings(library, tasks, []))
            report = run.finish()
            assert report.stopped
            assert len(report.added) == 3
            assert [article.id for article in library.articles()] == list(report.added)

    def test_only_texts_without_vectors_are_encoded(self, folder: Path, tmp_path: Path) -> None:
        page = tmp_path / "page.html"
        page.write_text(_page(401))
        with Library.open(tmp_path / "library") as library:
            library.add(page)
            page.write_text(_page(401, extra="One paragraph more. " * 40))
            (tmp_path / "twin").mkdir()
            (tmp_path / "twin" / "page.html").write_text(_page(402))
            library.add(tmp_path / "twin")
            (tmp_path / "twin" / "page.html").rename(tmp_path / "twin" / "moved.html")
            asked: list[Reading] = []
            tasks = [Task(number, item) for number, item in enumerate(items([page, tmp_path / "twin"]))]
            run = _Bulk(library, len(tasks), None, None)
            run.bring_in(tasks, self._readings(library, tasks, asked))
            (changed,), (moved,) = run.finish().replaced, run.finish().skipped
            first, second = asked
            new = {text.text for text in first.texts}
            assert 0 < len(new) < len(library.passages(changed))
            assert all("One paragraph more." in text for text in new)
            assert second.texts == ()  # it is stored, at another place
            assert [Path(place).name for place, _ in library._store.locations(moved)] == ["page.html", "moved.html"]

    def test_the_own_network_is_asked_only_with_leave(self, start_site: Callable[..., WebSite], tmp_path: Path) -> None:
        inside = start_site("127.0.0.2")
        inside.pages["/one"] = Response(_page(301))
        (failure,) = bulk_add(tmp_path / "library", f"{inside.url}/one").failed
        assert "at 127.0.0.2, on this machine or its own network; --allow-private" in failure.reason
        assert inside.requests == []
        assert len(bulk_add(tmp_path / "library", f"{inside.url}/one", allow_private=True).added) == 1

    def test_a_worker_with_another_model_is_found_out(self, folder: Path) -> None:
        (task, *_) = self._tasks(folder)
        reading = read_task(task, lambda inquiry: frozenset(inquiry.hashes))
        with pytest.raises(ModelMismatch, match="that of the library another@0; install the same version"):
            Encoding(Model(None, "auto", "another@0"), threads=1).encode([reading])


def test_what_dies_meanwhile_changes_nothing_and_what_kills_is_left_out(
    cluster: Cluster,
    log: Path,
    sources: list[Path | Article],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_ray, "_TASKS_A_BLOCK", 4)  # so that nodes other than the head read some
    (log / "log").unlink(missing_ok=True)
    (log / "head").write_text(ray.get_runtime_context().get_node_id())
    fatal = tmp_path / "fatal"
    fatal.mkdir()
    for number in range(24):
        (fatal / f"{number:02}.html").write_text(_page(200 + number, extra="A node dies once of this."))
    with Library.open(tmp_path / "expected") as expected:
        expected.add([fatal, *sources])
        (fatal / "10-kills.html").write_text(_page(210, extra="Each reader dies of this."))
        (fatal / "22-kills.html").write_text(_page(222, extra="Each encoder dies of this."))
        assert _alive() == _NODES

        report = bulk_add(tmp_path / "library", [fatal, *sources], workers=_NODES)

        assert _alive() == _NODES - 1
        # What the reader of one page had read before was read again, by another process.
        assert _logged(log, "read").count(str(fatal / "09.html")) >= TRIES
        assert report.failed[:2] == (
            Failure(
                str(fatal / "10-kills.html"), f"left out, as it ended the process that reads it {TRIES} times in a row"
            ),
            Failure(
                str(fatal / "22-kills.html"),
                f"left out, as it ended the process that encodes it {TRIES} times in a row",
            ),
        )
        assert [Path(failure.source).name for failure in report.failed[2:]] == ["page-035-broken.pdf"]
        with Library.open(tmp_path / "library", create=False) as library:
            _assert_same(library, expected)
