"""A runner that hands out what it was given, so that production functions run without a lake."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job


class Lake:
    """Artifacts of one film by the names of their stages, or the errors that they end in.

    ``asked`` lists what was asked for, ``told`` what people were told.
    """

    def __init__(self, film: Path, **made: Any) -> None:
        self.asked: list[str] = []
        self.told: list[str] = []
        self.stages = dict(made)
        self._made = made
        info = probe(film).model_dump(mode="json")
        self._made["source"] = SimpleNamespace(facts={"media": info})
        item = SimpleNamespace(name=film.name, key="k")
        self.store = SimpleNamespace(
            media=SimpleNamespace(get=lambda _key: item), current=lambda name, _key: made.get(name)
        )
        self.originals = SimpleNamespace(path=lambda _item: film)

    def request(self, _key: str, name: str, *_: Any, **__: Any) -> Any:
        self.asked.append(name)
        found = self._made[name]
        if isinstance(found, Exception):
            raise found
        return found

    def job(self, folder: Path) -> Job:
        runner: Any = self
        return Job(runner, "k", folder, "out.mp4", lambda _share: None, self.told.append)
