"""The stages of a bulk run on a Ray cluster, with Ray Data between them. Nothing else imports ray."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import qa
from qa.bulk_stages import Encoding, Inquiry, Model, Reading, Task, missing_vectors, read_task
from qa.errors import ArticleQAError, InvalidInput
from qa.library import Library

if TYPE_CHECKING:
    from ray.data import DataContext

logger = logging.getLogger(__name__)

# Ray does what a dead process was doing again for ever. What was begun this often without an end is given up: it is
# more likely to end the process than to have met a failing machine each time.
TRIES = 3
_TASKS_A_BLOCK = 16  # few enough that a lost machine costs seconds, enough that a block costs more than its handling
_TEXTS_AT_ONCE = 256  # encoded together, sorted by length, so that they pad little
_PROCESSORS_AN_ENCODER = 8  # it gains little from more
_OBJECT_STORE = 500_000_000  # bytes, where the cluster is this machine alone
_COLUMN = "item"  # tasks, and then readings
Batch = dict[str, NDArray[np.object_]]  # of that one column


class ClusterError(ArticleQAError):
    """The Ray cluster cannot be used, or broke down. What was stored stays; the same call goes on from there."""


@contextlib.contextmanager
def connected(address: str | None) -> Iterator[Cluster]:
    """The cluster at `address`; None: one of this machine, which ends with the block. See bulk_add.

    Raises InvalidInput, ClusterError.
    """
    if address is not None and address.startswith("ray://"):
        raise InvalidInput(
            f"address is {address!r}, that of a Ray client; run this on a machine of the cluster (`ray start "
            "--address=HEAD:6379` makes it one) and give the address of the head, HEAD:6379"
        )
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is reported to anybody
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise InvalidInput(f"Ray is not installed ({error}); install it with: pip install 'article-qa[ray]'") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        yield Cluster()
        return
    own: dict[str, Any] = {}
    if address is None:
        # With fewer processors readers, encoders and what Ray runs for itself wait for each other.
        processors = max(3, os.cpu_count() or 1)
        own = {"num_cpus": processors, "object_store_memory": _OBJECT_STORE, "include_dashboard": False}
    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    except (OSError, RuntimeError, ValueError) as error:
        what = f"reached at {address}" if address else "started on this machine"
        raise ClusterError(f"no Ray cluster could be {what}: {error}") from error
    try:
        yield Cluster()
    finally:
        ray.shutdown()


class Cluster:
    """The cluster that this process is connected to. Raises ClusterError where it is of no use."""

    def __init__(self) -> None:
        import ray

        listed: Any = ray.nodes
        nodes = [node["Resources"] for node in listed() if node["Alive"]]
        self._processors = [int(each["CPU"]) for each in nodes if each.get("CPU", 0) >= 2]
        self._gpus = int(sum(each.get("GPU", 0) for each in nodes))
        if not self._processors:
            raise ClusterError("no machine of the Ray cluster has 2 processors or more; give each at least 3")
        theirs = ray.get(ray.remote(num_cpus=1)(_version).remote())
        if theirs != qa.__version__:
            raise ClusterError(
                f"the cluster has article-qa {theirs}, this process has {qa.__version__}; use one version"
            )

    def readings(
        self, location: str | Path, model: Model, tasks: Sequence[Task], *, workers: int | None
    ) -> Generator[Reading]:
        """What became of each of `tasks`, in their order, encoded. Raises ClusterError, ModelMismatch, ModelError."""
        import ray
        import ray.data
        from ray.data import ActorPoolStrategy

        workers = workers or self._gpus or sum(max(1, count // _PROCESSORS_AN_ENCODER) for count in self._processors)
        threads = min(_PROCESSORS_AN_ENCODER, max(1, sum(self._processors) // workers))
        # All of them fit on the smallest machine beside a reader, so that each finds a place whichever machine goes.
        # Less than a reader claims: Ray Data runs stages of equal claims in one process, one after the other.
        share = max(0.001, min(0.9, (min(self._processors) - 1) / workers))
        register = _Register.start(location)
        blocks = -(-len(tasks) // _TASKS_A_BLOCK)
        dataset = ray.data.from_items([{_COLUMN: task} for task in tasks], override_num_blocks=blocks)
        _prepare(dataset.context)
        # A block that is handed on may be lost with the machine it lies on; it is made again from what it was made of.
        encoded = dataset.map_batches(
            functools.partial(_read, register=register), batch_size=None, batch_format="numpy", num_cpus=1
        ).map_batches(
            _Encode,
            batch_size=_TASKS_A_BLOCK,
            batch_format="numpy",
            fn_constructor_args=(register, model, threads),
            compute=ActorPoolStrategy(min_size=1, max_size=workers, initial_size=workers),
            num_cpus=share,
            num_gpus=1 if self._gpus else None,
        )
        try:
            for row in encoded.iter_rows():
                yield row[_COLUMN]
        except ray.exceptions.RayError as error:
            raise _translated(error) from error


def _prepare(context: DataContext) -> None:
    context.execution_options.preserve_order = True  # what an article becomes may rest on those before it
    context.max_consecutive_actor_init_deaths = TRIES  # a machine may go while its encoder loads
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.execution_no_progress_timeout_s = -1  # a book takes its time


# -- on the workers


def _read(batch: Batch, *, register: _Register) -> Iterator[Batch]:
    """Tasks to Readings with texts, one by one, as one may be a book."""
    for task in _rows(batch):
        (tries,) = register.begin("read", [task.number])
        reading = read_task(task, register.missing_vectors) if tries <= TRIES else _given_up(task.number, "reads")
        register.end("read", [task.number])
        yield _batch([reading])


class _Encode:
    """Readings with texts to Readings with vectors, in their order."""

    def __init__(self, register: _Register, model: Model, threads: int) -> None:
        self._register, self._encoding = register, Encoding(model, threads)

    def __call__(self, batch: Batch) -> Iterator[Batch]:
        waiting: list[Reading] = []
        for reading in _rows(batch):
            waiting.append(reading)
            if sum(len(each.texts) for each in waiting) >= _TEXTS_AT_ONCE:
                yield _batch(self._encoded(waiting))
                waiting = []
        if waiting:
            yield _batch(self._encoded(waiting))

    def _encoded(self, readings: list[Reading]) -> list[Reading]:
        numbers = [reading.number for reading in readings if reading.texts]
        if not numbers:
            return readings
        if max(self._register.begin("encode together", numbers)) == 1:
            encoded = self._encoding.encode(readings)
        else:  # one of them may have ended the process
            encoded = [self._encoded_alone(reading) for reading in readings]
        self._register.end("encode together", numbers)
        return encoded

    def _encoded_alone(self, reading: Reading) -> Reading:
        (tries,) = self._register.begin("encode", [reading.number])
        encoded = self._encoding.encode([reading])[0] if tries <= TRIES else _given_up(reading.number, "encodes")
        self._register.end("encode", [reading.number])
        return encoded


def _given_up(number: int, what: str) -> Reading:
    return Reading(number, failure=f"left out, as it ended the process that {what} it {TRIES} times in a row")


@dataclass(frozen=True, slots=True)
class _Register:
    """What the workers ask the machine that began the run, and tell it.

    A folder is on that machine only; a server at `location` is asked by each worker itself.
    """

    actor: Any
    location: str

    @classmethod
    def start(cls, location: str | Path) -> _Register:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        where = str(location) if "://" in str(location) else str(Path(location).expanduser().resolve())
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        options: Any = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": here}
        return cls(ray.remote(**options)(_Books).remote(where), where)

    def missing_vectors(self, inquiry: Inquiry) -> frozenset[bytes]:
        import ray

        if "://" in self.location:
            return missing_vectors(inquiry, _opened(self.location)._store)
        missing: frozenset[bytes] = ray.get(self.actor.missing_vectors.remote(inquiry))
        return missing

    def begin(self, what: str, numbers: Sequence[int]) -> list[int]:
        """How often `what` was begun for each of `numbers` without an end, this time included."""
        import ray

        tries: list[int] = ray.get(self.actor.begin.remote(what, numbers))
        return tries

    def end(self, what: str, numbers: Sequence[int]) -> None:
        self.actor.end.remote(what, numbers)


class _Books:
    """The actor behind a _Register."""

    def __init__(self, location: str) -> None:
        self._location = location
        self._begun: Counter[tuple[str, int]] = Counter()

    def missing_vectors(self, inquiry: Inquiry) -> frozenset[bytes]:
        return missing_vectors(inquiry, _opened(self._location)._store)

    def begin(self, what: str, numbers: Sequence[int]) -> list[int]:
        self._begun.update((what, number) for number in numbers)
        return [self._begun[what, number] for number in numbers]

    def end(self, what: str, numbers: Sequence[int]) -> None:
        for number in numbers:
            del self._begun[what, number]


@functools.cache
def _opened(location: str) -> Library:
    return Library.open(location, create=False)


def _version() -> str:
    return qa.__version__


def _rows(batch: Batch) -> Iterator[Any]:
    return iter(batch[_COLUMN])


def _batch(readings: Sequence[Reading]) -> Batch:
    column = np.empty(len(readings), np.object_)
    column[:] = readings
    return {_COLUMN: column}


def _translated(error: Exception) -> ArticleQAError:
    cause = getattr(error, "cause", None)
    if isinstance(cause, ArticleQAError):
        return cause
    return ClusterError(f"the Ray cluster broke down: {error}; what was stored stays, and the same call goes on")
