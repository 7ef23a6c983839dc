"""Where the articles of a library on Milvus came from: locations, aliases, collections, what was removed."""

from __future__ import annotations

from typing import Any

from qa.milvus_opened import Opened
from qa.milvus_schema import Kind, hashed, key
from qa.milvus_writing import number_of
from qa.types import Validators


class Places(Opened):
    """As qa/store.py has it."""

    def article_at(self, location: str) -> str | None:
        row = self._record(key(Kind.LOCATION, location))
        return None if row is None else str(row[1])

    def locations(self, article_id: str | None = None) -> list[tuple[str, str]]:
        """(location, article id), of one article or of all."""
        rows = self._placed(None if article_id is None else number_of(article_id))
        return [(row[0], row[1]) for row in rows]

    def alias(self, address: str) -> str | None:
        """The location that `address` was found to lead to."""
        row = self._record(key(Kind.ALIAS, address))
        return None if row is None else str(row[1])

    def validators(self, location: str, *, collections: bool = False) -> Validators | None:
        """What the server said of the version of a page that is stored; with `collections`, also of a collection."""
        row = self._record(key(Kind.LOCATION, location))
        if row is not None:
            return Validators(row[2], row[3])
        if collections:
            for _, _, _, found_at, etag, modified in self._all(Kind.COLLECTION):
                if found_at == location:
                    return Validators(etag, modified)
        return None

    def collections(self) -> list[tuple[str, str]]:
        """(location, kind) of the collections that the user gave, folders among them."""
        return sorted((row[0], row[1]) for row in self._all(Kind.COLLECTION) if row[2])

    def is_removed(self, location: str) -> bool:
        """Whether the user removed the article that was read there."""
        return self._record(key(Kind.REMOVED, location)) is not None

    def removed_locations(self) -> list[str]:
        return sorted(row[0] for row in self._all(Kind.REMOVED))

    def place(self, location: str, article_id: str, validators: Validators | None = None) -> None:
        """Note that `article_id` is what was read at `location`, and that it is wanted there."""
        etag, modified = (validators.etag, validators.modified) if validators else (None, None)
        with self.write():
            number = number_of(article_id)
            value = [location, article_id, etag, modified]
            self._put_record(Kind.LOCATION, location, value, owner=number, version=self._engine.now())
            self._writing().records[key(Kind.REMOVED, location)] = None

    def place_alias(self, address: str, location: str) -> None:
        """Note that `address` redirects to `location`."""
        with self.write():
            self._put_record(Kind.ALIAS, address, [address, location], owner=hashed(location))

    def move(self, location: str, to: str) -> None:
        """Note that what stood at `location` is now at `to`, where nothing was known to be."""
        with self.write():
            row = self._record(key(Kind.LOCATION, location))
            leading = self._all(Kind.ALIAS, f"owner == {hashed(location)}")
            if row is not None:
                number, now = number_of(row[1]), self._engine.now()
                self._put_record(Kind.LOCATION, to, [to, row[1], None, None], owner=number, version=now)
                self._writing().records[key(Kind.LOCATION, location)] = None
            for address, there in leading:
                if there == location:
                    self.place_alias(address, to)
            self.place_alias(location, to)

    def forget_location(self, location: str) -> None:
        with self.write():
            self._writing().records[key(Kind.LOCATION, location)] = None

    def forget_removal(self, location: str) -> None:
        with self.write():
            self._writing().records[key(Kind.REMOVED, location)] = None

    def remember(self, location: str, kind: str, *, given: bool) -> None:
        """Note a collection; one that was given once stays given."""
        row = self._record(key(Kind.COLLECTION, location))
        if row is not None and (row[1], row[2]) in ((kind, given), (kind, True)):
            return
        with self.write():
            rest = row[3:] if row is not None else [None, None, None]
            given = given or bool(row and row[2])
            self._put_record(Kind.COLLECTION, location, [location, kind, given, *rest])

    def set_version(self, location: str, found_at: str, validators: Validators) -> None:
        """Note the version of a collection of which every entry has been read."""
        row = self._record(key(Kind.COLLECTION, location))
        rest = [found_at, validators.etag, validators.modified]
        if row is not None and row[3:] != rest:
            with self.write():
                self._put_record(Kind.COLLECTION, location, [*row[:3], *rest])

    def forget_collection(self, location: str) -> bool:
        """Whether there was one."""
        with self.write():
            there = self._record(key(Kind.COLLECTION, location)) is not None
            self._writing().records[key(Kind.COLLECTION, location)] = None
        return there

    def _placed(self, number: int | None) -> list[list[Any]]:
        """The locations, as they were placed: [location, article id, etag, modified]."""
        return self._all(Kind.LOCATION, "" if number is None else f"owner == {number}")
