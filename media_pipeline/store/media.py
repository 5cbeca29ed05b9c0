"""The media items of the lake: content decides who is who, and names and places are only aliases.

``_media/<10 hex>/<sha256>.json`` is an item's record; ``_media/<10 hex>/<sha256>.<alias>.json`` are
further names and places under which the same bytes were seen. All are created exclusively and never
rewritten, so processes that add the same file at once agree without a lock.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from media_pipeline.errors import InvalidParameter, StoreError, UnknownMedia, printable
from media_pipeline.media.files import slug
from media_pipeline.store.backend import Backend
from media_pipeline.store.manifest import now

_FOLDER = "_media"
_HEX = 10
_KEY = re.compile(rf"^[^/\\\s]*-([0-9a-f]{{{_HEX},64}})$")
_RECORD = re.compile(r"^([0-9a-f]{64})(?:\.[0-9a-f]{16})?\.json$")
_MANY = 8
_MAX_SLUG_BYTES = 100


class _Alias(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    uri: str
    added: str = ""


class _Record(_Alias):
    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class MediaItem:
    """One film or recording, known by its content."""

    key: str
    """``<slug of the first name>-<first hex of the hash>``: the Dagster partition key."""
    sha256: str
    size: int
    """Bytes."""
    names: tuple[str, ...]
    """File names it was seen under, the first one first."""
    uris: tuple[str, ...]
    """Places it was seen at, the first one first."""

    @property
    def name(self) -> str:
        """What to call it towards people: its first file name."""
        return self.names[0]


class MediaIndex:
    """Which media the lake knows."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def add(self, sha256: str, size: int, name: str, uri: str) -> MediaItem:
        """Register content under a name and a place; known content gets them as aliases."""
        name = printable(name)
        folder = f"{_FOLDER}/{sha256[:_HEX]}"
        record = _Record(
            key=self._free_key(sha256, name),
            sha256=sha256,
            size=size,
            name=name,
            uri=uri,
            added=now(),
        )
        if not self._backend.create(f"{folder}/{sha256}.json", record.model_dump_json().encode()):
            alias = _Alias(name=name, uri=uri, added=now())
            digest = hashlib.sha256(json.dumps([name, uri]).encode()).hexdigest()[:16]
            known = self._item(sha256)
            if known is None:
                raise StoreError(
                    f"the record of {name} in the lake cannot be read",
                    f"remove {self._backend.uri}/{folder} and add the file again",
                )
            if name not in known.names or uri not in known.uris:
                self._backend.create(
                    f"{folder}/{sha256}.{digest}.json", alias.model_dump_json().encode()
                )
        item = self._item(sha256)
        if item is None:
            raise UnknownMedia(name)  # removed at this very moment
        return item

    def get(self, key: str) -> MediaItem:
        """The item with that key.

        Raises
        ------
        UnknownMedia
        """
        match = _KEY.match(key)
        if match:
            for item in self._items(match.group(1)[:_HEX]):
                if item.key == key:
                    return item
        raise UnknownMedia(key)

    def find(self, text: str | Path) -> MediaItem:
        """The item that a person means: its key, a unique prefix of it, a hash, a place or a file
        name.

        Raises
        ------
        UnknownMedia
        InvalidParameter
            when the text fits several items.
        """
        text = str(text)
        try:
            return self.get(text)
        except UnknownMedia:
            items = self.all()
        uri = Path(text).absolute().as_uri() if text else ""
        rules = (
            lambda item: item.sha256 == text,
            lambda item: bool({text, uri} & set(item.uris)),
            lambda item: printable(text) in item.names,
            lambda item: bool(text) and item.key.startswith(text),
        )
        for rule in rules:
            found = [item for item in items if rule(item)]
            if len(found) == 1:
                return found[0]
            if found:
                keys = ", ".join(item.key for item in found[:_MANY])
                raise InvalidParameter(
                    f"{text!r} fits {len(found)} media items", f"say which: {keys}"
                )
        raise UnknownMedia(text)

    def all(self) -> list[MediaItem]:
        """All items, by key."""
        return self._read(self._backend.find(_FOLDER))

    def keys(self, known: Iterable[str] = ()) -> Iterator[str]:
        """The keys of all items, without reading what is known already.

        A key holds a part of its content's hash, which is the name of the item's record: one
        listing says which of the known items are there. That is fast in a lake of tens of thousands
        of items; their records are as many requests to object storage.

        Parameters
        ----------
        known : keys that somebody has noted. They come first; then the records of others are read,
            one for each further key.
        """
        noted: dict[str, list[str]] = defaultdict(list)
        for key in known:
            if match := _KEY.match(key):
                noted[match.group(1)[:_HEX]].append(key)
        unknown = []
        for path in self._backend.find(_FOLDER):
            match = _RECORD.match(path.rsplit("/", 1)[-1])
            if match is None or not path.endswith(f"{match.group(1)}.json"):
                continue  # an alias, or none of ours
            same = noted[match.group(1)[:_HEX]]
            if len(same) == 1 and match.group(1).startswith(same[0].rsplit("-", 1)[-1]):
                yield same[0]
            else:
                unknown.append(path)
        for path in unknown:
            yield from (item.key for item in self._read([path]))

    def remove(self, key: str) -> None:
        """Forget an item (its artifacts are removed by :meth:`Store.remove`)."""
        item = self.get(key)
        folder = f"{_FOLDER}/{item.sha256[:_HEX]}"
        for name in self._backend.names(folder):
            match = _RECORD.match(name)
            if match and match.group(1) == item.sha256 and name != f"{item.sha256}.json":
                self._backend.remove(f"{folder}/{name}")
        self._backend.remove(f"{folder}/{item.sha256}.json")

    def _free_key(self, sha256: str, name: str) -> str:
        """The key; more digits in the rare case that another content has the same slug and first
        digits.
        """
        taken = {item.key for item in self._items(sha256[:_HEX]) if item.sha256 != sha256}
        digits = _HEX
        # Cut in bytes: the key is a folder's name, and letters of other scripts take up to four.
        stem = slug(name).encode()[:_MAX_SLUG_BYTES].decode(errors="ignore").rstrip("-")
        while (key := f"{stem}-{sha256[:digits]}") in taken:
            digits += 2
        return key

    def _item(self, sha256: str) -> MediaItem | None:
        return next((i for i in self._items(sha256[:_HEX]) if i.sha256 == sha256), None)

    def _items(self, digits: str) -> list[MediaItem]:
        folder = f"{_FOLDER}/{digits}"
        return self._read(f"{folder}/{name}" for name in self._backend.names(folder))

    def _read(self, paths: Iterable[str]) -> list[MediaItem]:
        records: dict[str, _Record] = {}
        aliases: dict[str, list[_Alias]] = defaultdict(list)
        for path in paths:
            match = _RECORD.match(path.rsplit("/", 1)[-1])
            data = self._backend.read(path) if match else None
            if match is None or data is None:
                continue
            try:
                if path.endswith(f"{match.group(1)}.json"):
                    records[match.group(1)] = _Record.model_validate_json(data)
                else:
                    aliases[match.group(1)].append(_Alias.model_validate_json(data))
            except ValidationError:
                continue  # of no use: as if it had never been added
        return sorted(
            (_merge(record, aliases[sha256]) for sha256, record in records.items()),
            key=lambda item: item.key,
        )


def _merge(record: _Record, aliases: list[_Alias]) -> MediaItem:
    seen = [record, *sorted(aliases, key=lambda alias: (alias.added, alias.uri))]
    return MediaItem(
        record.key,
        record.sha256,
        record.size,
        tuple(dict.fromkeys(alias.name for alias in seen)),
        tuple(dict.fromkeys(alias.uri for alias in seen)),
    )
