"""`Library`: opens a folder, composes the stages, and is what people call."""

from __future__ import annotations

import datetime
import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from qa import checked, dialogue, speech, spelling
from qa.checked import shown
from qa.dialogue import FollowUp
from qa.encode import encode
from qa.errors import InvalidInput, ModelMismatch, UnknownArticle
from qa.gather import Source
from qa.ingest import OnProgress, add, sync
from qa.keeping import CORRECTABLE, correct, restore
from qa.records import ORDERS
from qa.split import split
from qa.store import Store, unknown_article
from qa.types import (
    AddReport,
    Answer,
    Article,
    ArticleSummary,
    Collection,
    Filters,
    Hit,
    Listing,
    Overview,
    Passage,
    Progress,
    Removed,
    Step,
    SyncReport,
    Turn,
    Verified,
    turns,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embeddings.encoder import Embedding, Encoder
    from embeddings.reader import Reader
    from qa.retriever import Candidate, Settings
    from qa.sqlite import SqliteStore

History = Sequence[Turn | Mapping[str, Any]]

_STORE_FILE = "library.sqlite"
# What is read past this does not make a question clearer; the model's window ends at about 1,000 characters.
_LONGEST_QUESTION = 4_000
# The reader was trained on English: of a question less familiar than this it would only guess.
_READS_FROM = 0.5
_REINDEX_BATCH = 256
_DEVICE = re.compile(r"[a-z]+(:\d{1,3})?")
_DTYPES = ("auto", "float32", "bfloat16", "float16")  # as embeddings/encoder.py has them, which takes long to import


@dataclass(frozen=True, slots=True)
class _Found:
    """The question as searched for, with what was found, all of one state of the library."""

    text: str
    embedded: Embedding | None
    candidates: list[Candidate]
    articles: dict[str, Article]

    def hits(self, candidates: Sequence[Candidate]) -> list[Hit]:
        return [one.hit(self.articles[one.stored.passage.article_id]) for one in candidates]


class Library:
    """A folder of articles that can be asked.

    Open it with `Library.open`. Safe to use from several threads, and from several processes: readers see
    what others have committed, and writers take turns.
    """

    def __init__(
        self, store: Store, *, model: str | Path | None, dtype: str, device: str | None, settings: Settings | None
    ) -> None:
        self._store = store
        self._model = model
        self._dtype = dtype
        self._device = device
        self._settings = settings
        self._loaded: Encoder | None = None
        self._reader: Reader | None = None
        self._loading = threading.Lock()

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        model: str | Path | None = None,
        dtype: str = "auto",
        device: str | None = None,
        ranking: str = "full",
        create: bool = True,
    ) -> Library:
        """Open the library in `folder`, or at "milvus://host:19530/name"; made on first use, unless `create` is False.

        `model`: a sentence-transformers model by folder or hub name; None for the one the library was built
        with, or the packaged all-MiniLM-L6-v2 with our tuning ("all-MiniLM-L6-v2" is the same without).
        `dtype`: "auto", "float32", "bfloat16" or "float16". `device`: a torch device; None picks one. `ranking`:
        "full", or for comparison "unread" (the reader is left out), "hybrid", "dense", "lexical".
        Nothing heavy is loaded before it is needed.

        Raises LibraryError where there is no readable library or its server cannot be reached, ModelMismatch where it
        was built with another model than `model`, ModelError where `model` cannot be found, InvalidInput for an
        address that is none.
        """
        _check_model_options(model, dtype, device)
        settings = None
        if ranking != "full":
            from qa.retriever import RANKINGS

            settings = RANKINGS[checked.one_of(ranking, "ranking", RANKINGS)]
        store = _opened(folder, create=create)
        try:
            self = cls(store, model=model, dtype=dtype, device=device, settings=settings)
            if model is not None and store.meta("model"):
                from embeddings.model import find_model

                self._check_model(find_model(model).identity)
        except BaseException:
            store.close()
            raise
        return self

    @classmethod
    def from_backup(cls, file: str | Path, folder: str | Path) -> Library:
        """A library in `folder` that holds what `back_up` wrote to `file`; open, with all defaults of `Library.open`.

        Raises InvalidInput where `file` is no backup or damaged, or where `folder` has a library: move that away
        first. LibraryError where it cannot be written. `folder` then is as it was.
        """
        from qa.backup import copy, require_backup

        target = _local(folder) / _STORE_FILE
        if target.exists():
            raise InvalidInput(f"{target.parent} holds a library; name another folder, or move that one away first")
        source = checked.path(file, "file")
        require_backup(source)
        copy(source, target)
        library = cls.open(folder, create=False)
        library._store.checkpoint()
        return library

    # -- whole and safe

    def back_up(self, file: str | Path, *, on_progress: OnProgress | None = None) -> bool:
        """Write all of the library as it is now to `file`, which is there once it is whole. Adding may go on meanwhile.

        `Library.from_backup` makes a library of it, on another machine too. `on_progress` counts pages of SQLite's;
        returning False stops, and there is no file then: False. Raises InvalidInput where `file` is there already, or
        for a library on a server; LibraryError where it cannot be read or written.
        """

        def on_pages(done: int, pages: int) -> bool:
            return on_progress is None or on_progress(Progress(done, pages, str(file))) is not False

        checked.callback(on_progress)
        return self._in_folder("backed up").back_up(checked.path(file, "file"), on_pages)

    def check(self, *, on_progress: OnProgress | None = None) -> list[str]:
        """What is wrong with the library: its file, each article with its passages, the index. Empty: nothing.

        A damaged index is made anew, and nothing is lost with it; for the rest, see `from_backup`. `on_progress` is
        called after each article; returning False ends it there. Raises InvalidInput for a library on a server.
        """
        checked.callback(on_progress)
        found: list[str] = []
        looked_at, articles = 0, len(self)
        for problem in self._in_folder("checked").problems():
            if problem:
                found.append(problem)
                continue
            looked_at += 1
            if on_progress is not None and on_progress(Progress(looked_at, articles, "")) is False:
                break
        self._store.checkpoint()
        return found

    def export_jsonl(self, file: str | Path, *, on_progress: OnProgress | None = None) -> bool:
        """Write every article, one a line, to `file` as JSON, without vectors: for other programs, and `import_jsonl`.

        With where each was read and what was corrected by hand, and the folders, feeds and lists that `sync` looks at;
        qa/transfer.py has the form. The file is there once it is whole. `on_progress` is called after each article;
        returning False stops, and there is no file then: False. Raises InvalidInput where `file` is there already,
        LibraryError where it cannot be written.
        """
        from qa import transfer

        checked.callback(on_progress)
        return transfer.export(self._store, checked.path(file, "file"), on_progress)

    def import_jsonl(self, file: str | Path, *, on_progress: OnProgress | None = None) -> AddReport:
        """Add the articles in `file`, which `export_jsonl` or another program wrote.

        An article that is there already is skipped; one of which the library has another version stays as it is and is
        reported in `failed`, and so is a line that cannot be read; the rest goes in. `on_progress` is called after each
        line, with the bytes read; returning False stops there, and the same call goes on. Raises InvalidInput where
        `file` cannot be read.
        """
        from qa import transfer

        source, before = checked.path(file, "file"), self._store.stamp
        checked.callback(on_progress)
        report = transfer.bring_in(
            source, store=self._store, encoder=self._encoder_for_writing, on_progress=on_progress
        )
        self._checkpoint(since=before)
        return report

    def verify(self, answers: Any) -> list[Verified]:
        """What became of each quote in `answers`: an answer's JSON as `ask --json` has it, or a list or object of such.

        Raises InvalidInput where there is no answer in it, or one that cannot be read.
        """
        from qa.saved import verified

        with self._store.snapshot():
            return verified(answers, self.article)

    # -- articles in and out

    def add(
        self,
        sources: Iterable[Source] | Source,
        *,
        on_progress: OnProgress | None = None,
        delay: float | None = None,
        allow_private: bool = False,
    ) -> AddReport:
        """Add files, folders (with their subfolders), URLs, Pages and Articles, and what collections list.

        A file or URL that turns out to be a feed (RSS, Atom, JSON), a sitemap, an OPML or bookmarks file or a
        list of URLs stands for the pages that it lists; the library remembers it, and folders, for `sync`.
        Sites are asked politely: robots.txt is kept to, `delay` seconds (1 unless given) lie between two
        requests to one host, more where the site asks for it, and a page that is stored is sent again only if
        it has changed. Addresses on this machine and its network are read only with `allow_private`, and then
        those given here and what pages there list; no redirect or feed out on the web leads to them.

        Idempotent by content: what is stored unchanged is skipped, a changed page replaces its old version
        whole, and a page found at another address with the same text is not stored twice. A source that
        cannot be read is reported in `failed`, and the rest goes in. What is added is wanted: articles that
        were removed come back with the file, address, folder or collection that is added again.

        `on_progress` is called with a Progress after each source, and while a site is waited for; returning
        False stops there. What was done stays, and adding the same sources again goes on.
        """
        checked.callback(on_progress)
        before = self._store.stamp
        report = add(
            sources,
            store=self._store,
            encoder=self._encoder_for_writing,
            on_progress=on_progress,
            delay=delay,
            allow_private=allow_private,
        )
        self._checkpoint(since=before)
        return report

    def sync(
        self, *, on_progress: OnProgress | None = None, delay: float | None = None, allow_private: bool = False
    ) -> SyncReport:
        """Look again at every folder, feed, sitemap, list, file and URL: what is new goes in, what changed is replaced.

        An article whose file is gone goes out; a file counts as gone only where its folder is still there, as
        a drive that is not mounted empties nothing. An article whose web page is gone (404, 410, or another
        text in its place) stays and is named in `gone`; what falls out of a feed stays. What was removed with
        `remove` does not come back: only `add` brings it back. `delay` and `on_progress` are as in `add`, and so is
        `allow_private`, which counts for all that the library remembers.
        """
        checked.callback(on_progress)
        before = self._store.stamp
        report = sync(
            store=self._store,
            encoder=self._encoder_for_writing,
            on_progress=on_progress,
            delay=delay,
            allow_private=allow_private,
        )
        self._checkpoint(since=before)
        return report

    def remove(self, article_id: str) -> Removed:
        """Remove an article with its passages and vectors; `sync` does not bring it back. Raises UnknownArticle.

        What is returned puts it back, with `restore`.
        """
        article_id = _known_form(article_id)
        with self._store.write():
            removed = self._store.as_removed(article_id)
            self._store.remove(article_id, for_good=True)
        return removed

    def restore(self, removed: Removed) -> None:
        """Put back what `remove` took out, as it was. Raises InvalidInput where its id is taken again."""
        checked.instance(removed, Removed, "removed")
        before = self._store.stamp
        restore(removed, store=self._store, encoder=self._encoder_for_writing)
        self._checkpoint(since=before)

    def correct(self, article_id: str, facts: Mapping[str, Any]) -> Article:
        """Set facts of an article that its page has wrong or does not say; the corrected article.

        `facts` are values by name, of title, authors, published, site and language; None (or () for authors) where
        there is none to know. They are kept when the page is read again, until `uncorrect`. Its passages are
        encoded anew, as they are found by the title too. Raises UnknownArticle; InvalidInput for another name, an
        empty title or a date that does not exist.
        """
        before = self._store.stamp
        article = correct(_known_form(article_id), facts, store=self._store, encoder=self._encoder_for_writing)
        self._checkpoint(since=before)
        return article

    def uncorrect(self, article_id: str) -> Article:
        """Take back all that was corrected by hand: what the page says counts again. Raises UnknownArticle."""
        return self.correct(article_id, self.corrected(article_id))

    def corrected(self, article_id: str) -> dict[str, Any]:
        """What was corrected by hand, by name, each with what the page says instead. Raises UnknownArticle."""
        self.article(article_id)
        return {name: said for name, said in self._store.corrected(article_id).items() if name in CORRECTABLE}

    def collections(self) -> list[Collection]:
        """The folders, feeds, sitemaps and lists that `sync` looks at for new pages."""
        return [Collection(location, kind) for location, kind in self._store.collections()]

    def unfollow(self, location: str) -> None:
        """Look no more for new pages in a collection; its articles stay. Raises InvalidInput where it is none."""
        known = [each.location for each in self.collections()]
        if not isinstance(location, str) or location not in known:
            said = ", ".join(known) or "there are none"
            raise InvalidInput(f"{shown(location)} is no collection of this library; those it looks at: {said}")
        self._store.forget_collection(location)

    def reindex(self, *, model: str | Path | None = None, on_progress: OnProgress | None = None) -> bool:
        """Split and encode every article anew, with `model` where one is given. False where it was stopped.

        Without `model` that is the one named when the library was made, or else the default model of this version.

        The library answers with its old vectors until the last moment and then changes in one transaction;
        a stopped reindex changes nothing, and the next one with the same model goes on where it ended.
        """
        _check_model_options(model)
        checked.callback(on_progress)
        from embeddings.encoder import Encoder
        from embeddings.model import find_model

        wanted = model if model is not None else self._model or self._store.meta("model_source") or None
        files = find_model(wanted)
        encoder = Encoder(files, dtype=self._dtype, device=self._device)
        if self._store.meta("pending") != files.identity:
            with self._store.write():
                self._store.clear_pending()
                self._store.set_meta("pending", files.identity)
        articles = [summary.id for summary in self._store.summaries()]
        for number, article_id in enumerate(articles, 1):
            try:
                article = self._store.article(article_id)
            except UnknownArticle:  # removed meanwhile
                continue
            passages = split(article)
            for at in range(0, len(passages), _REINDEX_BATCH):
                pairs = [(article, passage) for passage in passages[at : at + _REINDEX_BATCH]]
                encoded = encode(pairs, self._store, lambda: encoder, pending=True)
                self._store.put_pending({one.hash: one.vectors for one in encoded})
            if on_progress is not None and on_progress(Progress(number, len(articles), article.title)) is False:
                return False
        with self._store.write():
            for article in self._store.articles():
                pairs = [(article, passage) for passage in split(article)]
                self._store.replace_passages(article.id, encode(pairs, self._store, lambda: encoder, pending=True))
            self._store.recount()
            self._set_model(encoder, wanted)
            self._store.clear_pending()
            self._store.set_meta("pending", "")
        with self._loading:
            self._loaded, self._model = encoder, model if model is not None else self._model
        self._store.checkpoint()
        return True

    def articles(self) -> Iterator[Article]:
        """Every article with its text, in the order of adding."""
        return self._store.articles()

    def article(self, article_id: str) -> Article:
        """One article. Raises UnknownArticle."""
        return self._store.article(_known_form(article_id))

    def passages(self, article_id: str) -> list[Passage]:
        """An article's passages, in order. Raises UnknownArticle."""
        return self._store.passages(self.article(article_id).id)

    def summaries(self, search: str = "") -> list[ArticleSummary]:
        """The articles without their texts; those whose title, author or site holds `search`, whatever the case."""
        return self._store.summaries(checked.cleaned(search, "search"))

    def browse(
        self, search: str = "", *, order: str = "added", descending: bool = False, offset: int = 0, limit: int = 50
    ) -> Listing:
        """One page of the articles whose title, author or site holds `search`, without their texts.

        `order`: "added", "title", "author", "date", "site" or "passages"; what an article does not have comes last.
        The page has the articles from `offset`, 0 or more, on, at most `limit`. Raises InvalidInput.
        """
        total, articles = self._store.browse(
            checked.cleaned(search, "search"),
            order=checked.one_of(order, "order", ORDERS),
            descending=bool(descending),
            offset=checked.whole_number(offset, "offset", least=0),
            limit=checked.whole_number(limit, "limit"),
        )
        return Listing(total, tuple(articles))

    def overview(self) -> Overview:
        """How many articles there are by year, site, author and language."""
        count = self._store.counted
        return Overview(count("years"), count("sites"), count("authors"), count("languages"))

    def sample(self, most: int) -> tuple[int, list[Passage], NDArray[np.float32]]:
        """How many passages there are, at most `most` of them spread evenly, and their vectors.

        The vectors are float32 (n, dim), of length 1, row i of passage i.
        """
        import numpy as np

        stored = self._store.stored_passages(self._store.sample_ids(checked.whole_number(most, "most")))
        kept = [stored[passage_id] for passage_id in sorted(stored)]
        vectors = np.array([one.vectors.vector for one in kept], np.float32)
        return self._store.passage_count, [one.passage for one in kept], vectors

    def __len__(self) -> int:
        return len(self._store)

    @property
    def passage_count(self) -> int:
        return self._store.passage_count

    @property
    def stamp(self) -> str:
        """Changes with every change to what is stored, whoever makes it: equal stamps are the same state."""
        return self._store.stamp

    @property
    def folder(self) -> Path:
        return self._store.folder

    # -- asking

    def retrieve(
        self,
        question: str,
        *,
        k: int = 5,
        history: History = (),
        filters: Filters | Mapping[str, Any] | None = None,
        min_score: float | None = None,
        rerank: Literal["reader"] | None = None,
    ) -> list[Hit]:
        """The at most `k` passages that best fit the question, best first; near-duplicates are one hit.

        `history` is the conversation before, as chat APIs pass it; a follow-up is searched with its subject.
        `filters` limits the articles searched (see Filters). `min_score` leaves out hits below that score.
        `rerank="reader"` has the best passages read together with the question, as `ask` does, and orders them by
        their best sentence.
        An empty library, or filters that nothing passes, give an empty list. Raises InvalidInput.
        """
        if min_score is not None:
            checked.number(min_score, "min_score", "a number, or None for no limit")
        if rerank is not None and rerank != "reader":
            raise InvalidInput(f"rerank is {shown(rerank)}; use 'reader', or None to leave the order as it is")
        asked = self._stand_alone(question, history)
        found = self._find(asked, k=checked.whole_number(k, "k"), filters=Filters.of(filters))
        hits = found.hits(self._reread(found) if rerank == "reader" else found.candidates)
        return hits if min_score is None else [hit for hit in hits if hit.score >= min_score]

    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        history: History = (),
        filters: Filters | Mapping[str, Any] | None = None,
        quotes: int = 3,
        found_from: float | None = None,
    ) -> Answer:
        """The sentences that answer the question, verbatim and cited, or an Answer that says none do.

        What is asked about the articles themselves ("Which articles mention Swat?") is answered from what is known of
        them: `Answer.kind` is "articles" then, and a citation stands for each article.
        `k` is how many passages `Answer.hits` holds at most, `quotes` (1..20) how many sentences the answer has at
        most; there are fewer where fewer answer. From the support `found_from` on (0..1; None: qa.support.FOUND_FROM)
        there is an answer: 0 always gives one. Otherwise as `retrieve`.
        """
        *_, last = self.ask_in_steps(
            question, k=k, history=history, filters=filters, quotes=quotes, found_from=found_from
        )
        assert last.answer is not None
        return last.answer

    def ask_in_steps(
        self,
        question: str,
        *,
        k: int = 5,
        history: History = (),
        filters: Filters | Mapping[str, Any] | None = None,
        quotes: int = 3,
        found_from: float | None = None,
    ) -> Iterator[Step]:
        """`ask`, step by step: each Step comes before its work begins, the last one brings the answer.

        Whoever stops asking for the next step (`close()` of what this returns) stops the work.
        """
        from qa import about
        from qa.answer import MOST_QUOTES, compose
        from qa.request import parse
        from qa.scoring import PASSAGES_READ
        from qa.support import FOUND_FROM

        if found_from is not None:
            checked.number(found_from, "found_from", "a support, 0 to 1, or None for the usual one", least=0, most=1)
        asked = self._stand_alone(question, history)
        wanted, among, today = checked.whole_number(k, "k"), Filters.of(filters), datetime.date.today()
        checked.whole_number(quotes, "quotes", most=MOST_QUOTES)
        yield Step("searching")
        found = self._find(asked, k=max(wanted, PASSAGES_READ), filters=among)
        hits = found.hits(found.candidates[:wanted])
        request = parse(asked.text, today)
        told = about.answer(request, asked.text, self._store, among, today=today) if request else None
        if told is not None:
            yield Step("answered", tuple(hits), replace(told, hits=tuple(hits)))
            return
        yield Step("reading", tuple(hits))
        answer = compose(
            found.text,
            found.embedded,
            found.candidates,
            articles=found.articles,
            store=self._store,
            hits=hits,
            reader=self._reader_for(found.embedded),
            quotes=quotes,
            found_from=FOUND_FROM if found_from is None else found_from,
        )
        yield Step("answered", tuple(hits), answer)

    @property
    def encoder(self) -> Encoder:
        """The model in use, loaded on first call. Raises ModelError, ModelMismatch."""
        built_with = self._store.meta("model")
        with self._loading:
            # another process may have reindexed the library with another model
            if self._loaded is None or built_with not in (None, self._loaded.identity):
                from embeddings.imports import uncollected
                from embeddings.model import find_model

                files = find_model(self._model_source())
                self._check_model(files.identity)
                with uncollected():
                    from embeddings.encoder import Encoder

                    self._loaded = Encoder(files, dtype=self._dtype, device=self._device)
            return self._loaded

    def _reader_for(self, embedded: Embedding | None) -> Reader | None:
        """The reader, loaded on first use; None where it is left out or does not know the question's language."""
        from qa.retriever import Settings

        settings = self._settings or Settings()
        if embedded is None or not settings.reader or not self.encoder.is_ours or embedded.familiarity < _READS_FROM:
            return None
        with self._loading:
            if self._reader is None:
                from embeddings.reader import Reader

                self._reader = Reader(dtype=self._dtype, device=self._device)
            return self._reader

    def _reread(self, found: _Found) -> list[Candidate]:
        """The candidates, those that `ask` reads in the order of their best sentences."""
        from qa.scoring import PASSAGES_READ, score_sentences

        if found.embedded is None:
            return found.candidates
        read, rest = found.candidates[:PASSAGES_READ], found.candidates[PASSAGES_READ:]
        reader = self._reader_for(found.embedded)
        sentences = score_sentences(
            found.text, found.embedded, read, articles=found.articles, store=self._store, reader=reader
        )
        best: dict[int, float] = {}
        for sentence in sentences:
            best.setdefault(sentence.candidate.stored.id, sentence.score)
        return [*sorted(read, key=lambda one: -best.get(one.stored.id, -math.inf)), *rest]

    # -- the end

    def close(self) -> None:
        """Close the library; using it afterwards raises LibraryClosed. Closing twice is allowed."""
        self._store.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- inside

    def _stand_alone(self, question: str, history: History) -> FollowUp:
        cleaned = " ".join(checked.cleaned(question, "question").replace("\0", " ").split())
        if not cleaned:
            raise InvalidInput("question is empty; ask something")
        return dialogue.stand_alone(
            speech.repaired(cleaned[:_LONGEST_QUESTION]),
            turns(history),
            together=lambda own, carried: dialogue.held_together(own, carried, self._store),
        )

    def _find(self, question: FollowUp, *, k: int, filters: Filters) -> _Found:
        """The question as searched for, spelt as the passages spell its words, with what was found."""
        from qa.retriever import Settings, find

        text = question.text
        with self._store.snapshot():
            if not self._store.passage_count:
                return _Found(text, None, [], {})
            embedded = self.encoder.embed_question(text)
            respelt = spelling.repaired(text, set(map(tuple, embedded.offsets.tolist())), self._store)
            if respelt != text:
                text, embedded = respelt, self.encoder.embed_question(respelt)
            if question.carried:
                embedded = dialogue.weigh_own(self.encoder.embed_question(question.asked), embedded)
            candidates = find(
                text, embedded, store=self._store, k=k, filters=filters, settings=self._settings or Settings()
            )
            articles = self._store.articles_by_id(one.stored.passage.article_id for one in candidates)
        # On a server another version of an article may have come between: what no longer stands there goes.
        standing = [one for one in candidates if _stands(one.stored.passage, articles)]
        return _Found(text, embedded, standing, articles)

    def _in_folder(self, what: str) -> SqliteStore:
        from qa.sqlite import SqliteStore

        if not isinstance(self._store, SqliteStore):
            raise InvalidInput(f"a library on a server cannot be {what} from here; see the server's own tools")
        return self._store

    def _checkpoint(self, since: str = "") -> None:
        """Bring what is searched up to date for whoever opens next, unless the store's stamp is still `since`."""
        if self._store.stamp != since:
            self._store.checkpoint()

    def _encoder_for_writing(self) -> Encoder:
        """The encoder, with a note in the library of which one it is."""
        encoder = self.encoder
        if not self._store.meta("model"):
            with self._store.write():
                self._set_model(encoder, self._model)
        return encoder

    def _set_model(self, encoder: Encoder, source: str | Path | None) -> None:
        self._store.set_meta("model", encoder.identity)
        self._store.set_meta("model_source", "" if source is None else str(source))
        self._store.set_meta("dimension", str(encoder.dimension))

    def _model_source(self) -> str | Path | None:
        from embeddings.model import PACKAGED_NAME, TUNINGS

        named = self._model if self._model is not None else self._store.meta("model_source") or None
        built_with = (self._store.meta("model") or "").rpartition("@")[0]
        if named is None and built_with in (PACKAGED_NAME, *TUNINGS):
            return built_with  # made before the packaged model was tuned, or tuned anew: it is asked as it was made
        return named

    def _check_model(self, identity: str) -> None:
        built_with = self._store.meta("model")
        if built_with and built_with != identity:
            raise ModelMismatch(
                f"the library {self.folder} was built with the model {built_with}; the current model is {identity}. "
                "Run `article-qa reindex --model …` to change it, or open the library without naming a model."
            )


def _local(location: str | Path) -> Path:
    """The folder of a library on this machine; no server, and a name that every part of it can write."""
    if isinstance(location, str) and "://" in location:
        raise InvalidInput(f"{shown(location)} is no folder; a library on a server is kept by the server's own backups")
    folder = checked.path(location, "folder")
    if not checked.is_text(str(folder)):
        raise InvalidInput(f"folder is {shown(str(folder))}, whose name is not UTF-8; rename it, or give another")
    return folder


def _opened(location: str | Path, *, create: bool) -> Store:
    if isinstance(location, str) and "://" in location:
        from qa.milvus import open_milvus

        return open_milvus(checked.text(location, "folder"), create=create)
    from qa.sqlite import SqliteStore

    return SqliteStore(_local(location) / _STORE_FILE, create=create)


def _check_model_options(model: object, dtype: object = "auto", device: object = None) -> None:
    if model is not None and not isinstance(model, (str, Path)):
        raise checked.wrong_type(model, "model", "a folder or hub name, or None")
    checked.one_of(dtype, "dtype", _DTYPES)
    if device is not None and not (isinstance(device, str) and _DEVICE.fullmatch(device)):
        raise InvalidInput(f"device is {shown(device)}; give a torch device, as 'cpu' or 'cuda:0', or None")


def _known_form(article_id: str) -> str:
    """An id as an article can have one. Raises InvalidInput, UnknownArticle."""
    if not isinstance(article_id, str):
        raise checked.wrong_type(article_id, "article_id", "an article's id, a str")
    if not checked.is_text(article_id):
        raise unknown_article(article_id)
    return article_id


def _stands(passage: Passage, articles: Mapping[str, Article]) -> bool:
    article = articles.get(passage.article_id)
    return article is not None and article.text[passage.start : passage.end] == passage.text
