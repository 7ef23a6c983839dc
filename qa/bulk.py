"""Many files into a library with a Ray cluster: `add`, read and encoded by as many machines as there are.

    items ──> read, extract, split ──> encode ──> decide, store
              tasks, anywhere          workers    the one machine that began the run

The order of the items is kept, and what becomes of each is decided by the code of `add`: the library comes out as one
process would have made it. Machines may die: what they were doing is done again. What is stored is committed some
passages at a time, so a run that is stopped or killed goes on with the same call.

Files are read where a worker happens to be, so they lie on storage that every machine sees by the same path. What a
worker does not see, web addresses, and what lists them (feeds, sitemaps, bookmarks) are added afterwards by the
machine that began the run: sites are asked by one process, politely.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from qa.bulk_ray import connected
from qa.bulk_stages import Model, Reading, Task
from qa.errors import InvalidInput
from qa.gather import Item, Source, folder_of, items
from qa.ingest import BATCH_PASSAGES, OnProgress, Run
from qa.library import Library
from qa.sources import is_url
from qa.store import Store, Vectors
from qa.types import AddReport, Article, Failure, Page, Progress


def bulk_add(
    location: str | Path,
    sources: Iterable[Source] | Source,
    *,
    address: str | None = None,
    workers: int | None = None,
    model: str | Path | None = None,
    dtype: str = "auto",
    on_progress: OnProgress | None = None,
    delay: float | None = None,
    allow_private: bool = False,
) -> AddReport:
    """Add `sources` to the library at `location` as `Library.add` does, with a Ray cluster.

    `address`: of a running cluster's head, "host:6379", or "auto" for the cluster that this machine belongs to; None
    starts one of this machine alone and ends it. A process that is already connected uses the cluster that it is
    connected to. `workers`: how many encoders run at once, each with a copy of the model; None: one for every 8
    processors of a machine and at least one, or one for each GPU where there are any. `model` and `dtype` are as in
    `Library.open`; "auto" is decided by each machine. `on_progress`, `delay` and
    `allow_private` are as in `Library.add`.

    The report is that of `Library.add`. A source that ends the process that reads it, again and again, is reported in
    `failed`, and the rest goes in.

    Raises InvalidInput for a wrong argument or without Ray, ClusterError where the cluster cannot be used or breaks
    down, and what `Library.open` and `Library.add` raise.
    """
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise InvalidInput(f"workers is {workers!r}; give a whole number of 1 or more")
    if not isinstance(sources, (str, Path, Page, Article)) and isinstance(sources, Iterable):
        sources = list(sources)
    first = items(sources)
    with Library.open(location, model=model, dtype=dtype) as library:
        store, before = library._store, library.stamp
        for folder in filter(None, map(folder_of, sources if isinstance(sources, list) else [sources])):
            store.remember(folder, "folder", given=True)
        run = _Bulk(library, len(first), on_progress, delay, allow_private=allow_private)
        run.left.extend(item for item in first if _is_web(item))
        if files := [item for item in first if not _is_web(item)]:
            tasks = list(map(Task, range(len(files)), files))
            built_with = _model(library, dtype)
            with (
                connected(address) as cluster,
                contextlib.closing(cluster.readings(location, built_with, tasks, workers=workers)) as readings,
            ):
                run.bring_in(tasks, readings)
        report = run.finish()
        library._checkpoint(since=before)
    return report


def _model(library: Library, dtype: str) -> Model:
    identity, source = library._encoder_for_writing().identity, library._model_source()
    if source is not None and Path(source).is_dir():
        source = str(Path(source).resolve())  # workers stand in other folders
    return Model(source, dtype, identity)


class _Bulk:
    """One call of `bulk_add`: a `Run` of qa/ingest.py whose items were read and encoded elsewhere."""

    def __init__(
        self,
        library: Library,
        total: int,
        on_progress: OnProgress | None,
        delay: float | None,
        *,
        allow_private: bool = False,
    ) -> None:
        self.store = _WithVectors(library._store)
        self.encoder, self.on_progress, self.delay = library._encoder_for_writing, on_progress, delay
        self.allow_private = allow_private
        self.run = self._new_run(on_progress)
        self.run.total = total
        self.left: list[Item] = []  # to the machine that began the run
        self.stopped = False

    def _new_run(self, on_progress: OnProgress | None) -> Run:
        store = cast(Store, self.store)
        return Run(
            store,
            self.encoder,
            on_progress=on_progress,
            delay=self.delay,
            allow_private=self.allow_private,
            refresh=False,
        )

    def bring_in(self, tasks: Sequence[Task], readings: Iterator[Reading]) -> None:
        """Store what became of `tasks`, in their order."""
        for task, reading in zip(tasks, readings, strict=True):
            assert reading.number == task.number
            self._keep(task.item, reading)
            if self.stopped:
                break
        self._flush()

    def _keep(self, item: Item, reading: Reading) -> None:
        run = self.run
        before = len(run.tally.failed), len(run.tally.skipped), run.total
        if reading.failure:
            run.tally.failed.append(Failure(item.name, reading.failure))
        elif reading.found is None or reading.found.article is None:
            self.left.append(item)
            return
        else:
            self.store.vectors.update(reading.vectors)
            run.keep(item, reading.found, reading.found.article)
            if sum(len(queued.passages) for queued in run.queue) >= BATCH_PASSAGES:
                self._flush()
        run.done += 1
        run.last = run.outcome(item, *before)
        self.stopped = run.told_to_stop() and run.done < run.total

    def _flush(self) -> None:
        self.run.flush()
        self.store.vectors.clear()

    def finish(self) -> AddReport:
        """Add what was left to this machine, as `add` does; the report of everything."""
        if self.left and not self.stopped:
            done = self.run.done

            def after_the_rest(step: Progress) -> bool | None:
                assert self.on_progress is not None
                return self.on_progress(replace(step, done=done + step.done, total=done + step.total))

            run = self._new_run(after_the_rest if self.on_progress is not None else None)
            run.tally = self.run.tally
            self.stopped = run.bring_in(self.left)
        return AddReport(**self.run.results(), stopped=self.stopped)


class _WithVectors:
    """A Store that also knows the vectors which the workers have made of what is about to be stored."""

    def __init__(self, store: Store) -> None:
        self._store, self.vectors = store, dict[bytes, Vectors]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def known_vectors(self, hashes: Iterable[bytes], *, pending: bool = False) -> dict[bytes, Vectors]:
        hashes = list(hashes)
        made = {key: self.vectors[key] for key in hashes if key in self.vectors}
        return made | self._store.known_vectors([key for key in hashes if key not in made], pending=pending)


def _is_web(item: Item) -> bool:
    return isinstance(item.source, str) and is_url(item.source)
