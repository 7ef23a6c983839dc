"""Sources into the store: read, decide what is new, split, encode, commit; some passages at a time.

Each batch is one transaction, so that work that is stopped or killed loses at most the batch under way,
and adding the same sources again goes on from there: what is stored unchanged is skipped.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa import web
from qa.addresses import is_front_page, nearly_same
from qa.article_json import blocks_to_json
from qa.encode import encode
from qa.errors import FetchError, NoArticleText, SourceError
from qa.gather import Found, Item, Source, folder_of, items, opened, read
from qa.keeping import carried_over
from qa.language import language_of
from qa.readahead import ReadAhead
from qa.readers.chrome import same_text
from qa.split import split
from qa.store import Store
from qa.types import AddReport, Article, Failure, Flagged, Page, Passage, Progress, SyncReport, Validators

if TYPE_CHECKING:
    from embeddings.encoder import Encoder

logger = logging.getLogger(__name__)

OnProgress = Callable[[Progress], bool | None]

# Passages to a transaction: enough for full encoder batches, few enough that stopping loses seconds.
BATCH_PASSAGES = 256
_PAUSE = 0.25  # seconds of waiting between two questions whether to go on
_GONE = (404, 410)  # HTTP statuses


@dataclass(frozen=True, slots=True)
class _Queued:
    """An article on its way into the store."""

    article: Article
    location: str | None
    validators: Validators
    fingerprint: str
    text_hash: str
    passages: list[Passage]
    is_new: bool


@dataclass(slots=True)
class _Opened:
    """A collection whose entries are being read: how many are left, and whether each could be asked for."""

    found: Found
    left: int
    whole: bool = True


@dataclass(slots=True)
class _Tally:
    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    flagged: list[Flagged] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # locations


class _Stopped(Exception):
    """`on_progress` said so while a wait was on."""


def add(
    sources: Iterable[Source] | Source,
    *,
    store: Store,
    encoder: Callable[[], Encoder],
    on_progress: OnProgress | None = None,
    delay: float | None = None,
    allow_private: bool = False,
) -> AddReport:
    """Bring `sources` into `store`. `encoder` is called when the first passage needs it, not before.

    Sources of a wrong type raise InvalidInput before anything is done; a source that cannot be read is
    reported as failed and the rest goes in. What is added is wanted, also where it was removed before.
    """
    if not isinstance(sources, (str, bytes, Path, Page, Article, Mapping)) and isinstance(sources, Iterable):
        sources = list(sources)
    first = items(sources)
    run = Run(store, encoder, on_progress=on_progress, delay=delay, allow_private=allow_private, refresh=False)
    for folder in filter(None, map(folder_of, sources if isinstance(sources, list) else [sources])):
        store.remember(folder, "folder", given=True)
    stopped = run.bring_in(first)
    return AddReport(**run.results(), stopped=stopped)


def sync(
    *,
    store: Store,
    encoder: Callable[[], Encoder],
    on_progress: OnProgress | None = None,
    delay: float | None = None,
    allow_private: bool = False,
) -> SyncReport:
    """Bring `store` up to date with the folders, collections, files and addresses that its articles came from."""
    run = Run(store, encoder, on_progress=on_progress, delay=delay, allow_private=allow_private, refresh=True)
    removed, failed = _drop_files_that_went(store)
    unread = {failure.source for failure in failed}
    found: dict[object, Item] = {}  # by path or address; what a collection is opened for comes first
    for location, kind in store.collections():
        if kind != "folder" and ("://" in location or Path(location).is_file()):
            found[location] = Item(location)
        elif kind != "folder":
            failed.append(Failure(location, "the file is not there; the articles that it listed are kept"))
    folders = [location for location, kind in store.collections() if kind == "folder" and Path(location).is_dir()]
    unwanted = set(store.removed_locations())
    for item in items(folders):
        if item.source not in unwanted:
            found.setdefault(item.source, item)
    for location, _ in store.locations():
        if ("://" in location or Path(location).is_absolute()) and location not in unread:
            found.setdefault(location, Item(location, opens=False))
    stopped = run.bring_in(list(found.values()))
    results = run.results()
    results["failed"] = (*failed, *results["failed"])
    return SyncReport(**results, stopped=stopped, removed=tuple(removed), gone=run.gone())


def _drop_files_that_went(store: Store) -> tuple[list[str], list[Failure]]:
    """Remove the articles whose file is gone: their ids, and the files of which nobody can tell.

    A file counts as gone only where its folder is still there: a drive that is not mounted empties nothing.
    """
    removed, failed = [], []
    for location, article_id in store.locations():
        path = Path(location)
        if "://" in location or not path.is_absolute() or path.exists():
            continue
        if not path.parent.is_dir():
            failed.append(Failure(location, f"the folder {path.parent} is not there; the article is kept"))
            continue
        with store.write():
            store.forget_location(location)
            if not store.locations(article_id):
                store.remove(article_id)
                removed.append(article_id)
    for location in store.removed_locations():
        path = Path(location)
        if path.is_absolute() and not path.exists() and path.parent.is_dir():
            store.forget_removal(location)  # another file of that name is another article
    return removed, failed


class Run:
    """One call of `add` or `sync`: what waits to be read, what waits to be stored, and the counts.

    `refresh` is what `sync` does: collections are asked for changes only, what was removed stays away, and
    an article whose page went is kept and noted.
    """

    def __init__(
        self,
        store: Store,
        encoder: Callable[[], Encoder],
        *,
        on_progress: OnProgress | None,
        delay: float | None,
        allow_private: bool,
        refresh: bool,
    ) -> None:
        self.store, self.encoder, self.on_progress, self.refresh = store, encoder, on_progress, refresh
        self.web = web.Web(delay=delay, sleep=self._pause, allow_private=allow_private)
        self.ahead = ReadAhead()
        self.tally, self.queue = _Tally(), list[_Queued]()
        self.waiting, self.seen, self.opened = deque[Item](), set[str](), dict[str, _Opened]()
        self.done, self.total, self.last = 0, 0, Progress(0, 0)

    def bring_in(self, first: Sequence[Item]) -> bool:
        """Read `first` and what the collections among it list. Whether it was stopped before the end."""
        self.waiting.extend(first)
        self.seen.update(item.source for item in first if isinstance(item.source, str))
        self.total = len(first)
        stopped = False
        with self.web, self.ahead:
            while self.waiting:
                self.ahead.look(self.waiting, known=self._known)
                item = self.waiting.popleft()
                self.last = Progress(self.done, self.total, item.name)
                before = len(self.tally.failed), len(self.tally.skipped), self.total
                try:
                    self._take(item)
                except _Stopped:
                    stopped = True
                    break
                if sum(len(queued.passages) for queued in self.queue) >= BATCH_PASSAGES:
                    self.flush()
                self.done += 1
                self.last = self.outcome(item, *before)
                if self.told_to_stop():
                    stopped = self.done < self.total
                    break
        self.flush()
        return stopped

    def results(self) -> dict[str, Any]:
        """The lists of an AddReport."""
        names = ("added", "replaced", "skipped", "failed", "flagged")
        return {name: tuple(getattr(self.tally, name)) for name in names}

    def gone(self) -> tuple[str, ...]:
        """The articles of which no location is there any longer."""
        went = set(self.tally.gone)
        ids = dict.fromkeys(filter(None, map(self.store.article_at, self.tally.gone)))
        return tuple(each for each in ids if went.issuperset(location for location, _ in self.store.locations(each)))

    # -- one item

    def _take(self, item: Item) -> None:
        asked_for = True
        try:
            found = self.ahead.take(item) or read(item, self.web, known=self._known)
        except SourceError as error:
            asked_for = not isinstance(error, FetchError) or error.status in _GONE
            if self.refresh and isinstance(error, FetchError) and error.status in _GONE and self._article_at(item.name):
                self.tally.gone.append(item.name)
            else:
                self.tally.failed.append(Failure(item.name, str(error)))
        except _Stopped:
            raise
        except Exception as error:  # a page that breaks a reader must not end a run over thousands
            logger.exception("reading %s failed", item.name)
            self.tally.failed.append(Failure(item.name, f"could not be read: {type(error).__name__}: {error}"))
        else:
            if found.listing is not None:
                self._open(item, found)
            elif found.article is not None:
                self.keep(item, found, found.article)
            elif known := self._article_at(found.location):
                self.tally.skipped.append(known)
                self._note_alias(item, found)
        self._leave(item.within, asked_for=asked_for)

    def keep(self, item: Item, found: Found, article: Article) -> None:
        location = found.location
        if any(_same(queued, article, location) for queued in self.queue):
            self.flush()  # the decisions below look at the store
        if location is not None:
            if (
                _is_redirected(item, found)
                and self._article_at(item.name)
                and not self._moved(item.name, found, article)
            ):
                if self.refresh:
                    self.tally.gone.append(item.name)
                    return
            else:
                self._note_alias(item, found)
            article = self._with_feed_date(article, location)
        queued = _decide(article, location, found.validators, self.store, self.tally)
        if queued is not None:
            self.queue.append(queued)

    def _moved(self, address: str, found: Found, article: Article) -> bool:
        """Whether what is read at the end of a redirect is what stood at `address`; if so the store knows it there.

        Sites lead what they have taken down to their front page, to a page for signing in, to something new.
        """
        known, location = self.store.article_at(address), found.location
        assert known is not None
        assert location is not None
        there = self.store.article_at(location)
        if there is not None:
            if there == known:
                with self.store.write():
                    self.store.forget_location(address)
                    self.store.place_alias(address, location)
            return there == known
        stored = self.store.article(known)
        same = text_hash_of(stored) == text_hash_of(article) or (
            not (is_front_page(location) and not is_front_page(address))
            and (nearly_same(address, location) or same_text(stored.title) == same_text(article.title))
        )
        if same:
            self.store.move(address, location)
        return same

    def _with_feed_date(self, article: Article, location: str) -> Article:
        """Its feed may not be what led to a page this time: the day that it said once is kept."""
        known = self.store.article_at(location)
        if known is None or (article.published is not None and article.date_source != "feed"):
            return article
        stored = self.store.article(known)
        if stored.date_source != "feed":
            return article
        return replace(article, published=stored.published, date_source="feed")

    def _note_alias(self, item: Item, found: Found) -> None:
        if found.location is None or not _is_redirected(item, found) or self._article_at(item.name):
            return
        if self.store.alias(item.name) != found.location:
            self.store.place_alias(item.name, found.location)

    # -- collections

    def _open(self, item: Item, found: Found) -> None:
        """Put what a collection lists next in line: first what the library does not have yet."""
        listing = found.listing
        assert listing is not None
        self.store.remember(item.name, listing.kind, given=item.depth == 0)
        listed, problems = opened(item, found)
        if not self.refresh:  # said once, when it is added
            self.tally.failed.extend(Failure(item.name, problem) for problem in problems)
        new, known = [], []
        for each in listed:
            address = each.name
            location = self.store.alias(address) or address
            if address in self.seen or location in self.seen:
                continue
            if self.refresh and (self.store.is_removed(address) or self.store.is_removed(location)):
                continue
            self.seen.update((address, location))
            if self.store.article_at(location):
                known.append(replace(each, source=location))
            else:
                new.append(each)
        self.waiting.extendleft(reversed([*new, *known]))
        self.total += len(new) + len(known)
        self.opened[item.name] = _Opened(found, len(new) + len(known) + 1)
        self._leave(item.name)

    def _leave(self, collection: str | None, *, asked_for: bool = True) -> None:
        """One entry of a collection is dealt with; after the last one, its version counts as read.

        Not where an entry could not be asked for: as long as the collection is read whole, it gets another try.
        """
        one = self.opened.get(collection) if collection is not None else None
        if one is None or collection is None:
            return
        one.left -= 1
        one.whole = one.whole and asked_for
        if one.left:
            return
        del self.opened[collection]
        found = one.found
        if one.whole and found.listing and not found.listing.nests and found.location and found.validators:
            self.flush()  # noted before its articles are stored, a process that dies here would lose them
            self.store.set_version(collection, found.location, found.validators)

    # -- inside

    def _known(self, address: str) -> Validators | None:
        return self.store.validators(address, collections=self.refresh)

    def _article_at(self, location: str | None) -> str | None:
        return self.store.article_at(location) if location is not None else None

    def outcome(self, item: Item, failed: int, skipped: int, total: int) -> Progress:
        """What became of an item, from how the counts were before it."""
        if len(self.tally.failed) > failed:
            return Progress(0, 0, item.name, "failed", self.tally.failed[-1].reason)
        unchanged = len(self.tally.skipped) > skipped
        return Progress(0, 0, item.name, "unchanged" if unchanged else "listed" if self.total > total else "read")

    def told_to_stop(self) -> bool:
        step = replace(self.last, done=self.done, total=self.total)
        return self.on_progress is not None and self.on_progress(step) is False

    def _pause(self, seconds: float) -> None:
        """Wait, and ask every now and then whether to go on."""
        until = web.clock() + seconds
        while (left := until - web.clock()) > 0:
            web.sleep(min(left, _PAUSE))
            if self.told_to_stop():
                raise _Stopped

    def flush(self) -> None:
        _flush(self.queue, self.store, self.encoder, self.tally)


def _is_redirected(item: Item, found: Found) -> bool:
    return isinstance(item.source, str) and "://" in item.source and item.source != found.location


def _decide(
    article: Article, location: str | None, validators: Validators, store: Store, tally: _Tally
) -> _Queued | None:
    """What is to be stored for an article just read; None where nothing is."""
    fingerprint, text_hash = fingerprint_of(article), text_hash_of(article)
    known = store.article_at(location) if location else article.id if store.fingerprint(article.id) else None
    if known is not None and store.fingerprint(known) == fingerprint:
        tally.skipped.append(known)
        if location is not None and store.validators(location) != validators:
            store.place(location, known, validators)
        return None
    if location is not None:
        twin = store.article_with_text(text_hash)
        if twin is not None and twin != known:
            # The page moved, or stands in two places: one article, two locations.
            with store.write():
                store.place(location, twin, validators)
                if known is not None and not store.locations(known):
                    store.remove(known)
            tally.skipped.append(twin)
            return None
        article = replace(article, id=_id_for(article, location, known, fingerprint, store))
    if article.language is None:
        article = replace(article, language=language_of(article.text))
    # A request for consent is kept, so that it is listed and read again; it is never to be quoted.
    passages = [] if "consent-wall" in article.flags else split(article)
    if not passages and not article.flags:
        name = location or article.id
        tally.failed.append(Failure(name, str(NoArticleText(f"{name} holds no text that could be searched"))))
        return None
    is_new = store.fingerprint(article.id) is None
    return _Queued(article, location, validators, fingerprint, text_hash, passages, is_new)


def _id_for(article: Article, location: str, known: str | None, fingerprint: str, store: Store) -> str:
    if known is not None and [place for place, _ in store.locations(known)] == [location]:
        return known  # a changed page keeps its id
    if known is None and store.fingerprint(article.id) is None:
        return article.id
    return hashlib.sha256(f"{location}\n{fingerprint}".encode()).hexdigest()[:16]


def _flush(queue: list[_Queued], store: Store, encoder: Callable[[], Encoder], tally: _Tally) -> None:
    if not queue:
        return
    # Corrections are those of now: pages wait here for others, and those perhaps for a slow site.
    kept = [carried_over(queued.article, store) for queued in queue]
    passages = [
        queued.passages if article.language == queued.article.language else split(article)
        for queued, (article, _) in zip(queue, kept, strict=True)
    ]
    pairs = [(article, passage) for (article, _), own in zip(kept, passages, strict=True) for passage in own]
    encoded = iter(encode(pairs, store, encoder))
    with store.write():
        for queued, (article, corrected), passages_of_it in zip(queue, kept, passages, strict=True):
            own = [replace(next(encoded), passage=replace(one, article_id=article.id)) for one in passages_of_it]
            store.put(
                article,
                fingerprint=queued.fingerprint,
                text_hash=queued.text_hash,
                passages=own,
                corrected=corrected,
            )
            if queued.location:
                store.place(queued.location, article.id, queued.validators)
    for queued in queue:
        article = queued.article
        (tally.added if queued.is_new else tally.replaced).append(article.id)
        tally.flagged.extend(Flagged(article.id, queued.location or article.id, flag) for flag in article.flags)
    queue.clear()


def _same(queued: _Queued, article: Article, location: str | None) -> bool:
    if location is None:
        return queued.article.id == article.id
    return queued.location == location or queued.article.id == article.id or queued.text_hash == text_hash_of(article)


def fingerprint_of(article: Article) -> str:
    """Of everything but where the article was read: equal fingerprints need no new version."""
    known = [article.url, article.authors, article.published, article.site, article.language]
    about = [article.date_source, article.pages, article.flags]
    facts = [article.title, article.text, known, blocks_to_json(article), *about]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def text_hash_of(article: Article) -> str:
    """Of title and text without regard to white space: the same for a page that moved."""
    return hashlib.sha256(" ".join(f"{article.title}\n{article.text}".split()).encode()).hexdigest()
