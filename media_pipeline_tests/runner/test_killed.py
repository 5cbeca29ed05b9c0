"""Each stage of the product, killed in the middle: another process makes of it what would have been
made, and nothing else is left.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest

from media_pipeline.media.ffmpeg import run
from media_pipeline.media.files import sha256_file
from media_pipeline.runner import Runner
from media_pipeline.settings import Settings
from media_pipeline.stages.base import Stage
from media_pipeline.stages.registry import STAGES
from media_pipeline.store import Store, StoredArtifact
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.films import make_small_film
from media_pipeline_tests.generators.killed import left_running, made, stopped
from media_pipeline_tests.generators.screens import Scene, make_screened, write_screened
from media_pipeline_tests.generators.storage import ObjectStorage

pytestmark = pytest.mark.slow

_OTHERS = {"beautified": "person", "matte": "person", "delogoed": "person"}
"""Stages that find nothing to do in a film with captions and speech, or work on it for long."""
_DAYS_S = 2 * 24 * 3600.0


@dataclass(frozen=True)
class Undisturbed:
    """A lake in which every stage has made its artifact without being killed."""

    folder: Path
    keys: dict[str, str]
    """Media keys by film."""
    params: dict[str, dict[str, Any]]
    """What stages are asked for; defaults where nothing is named."""

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def key(self, stage: str) -> str:
        return self.keys[_OTHERS.get(stage, "captioned")]

    def settings(self, lake: Path | None = None) -> Settings:
        return Settings(lake=str(lake or self.lake), cache_dir=self.folder / "cache")

    def artifact(self, stage: str) -> StoredArtifact | None:
        return Store.from_settings(self.settings()).current(stage, self.key(stage))


def needed(stage: Stage) -> set[str]:
    """The assets of which a stage can be made, and the folder of the media."""
    return {*stage.inputs, *stage.optional_inputs, "_media"}


def upstream(stage: Stage) -> list[str]:
    """The stages from which a stage is made, in order."""
    wanted = {stage.name}
    for name in reversed(STAGES):
        if name in wanted:
            wanted |= needed(STAGES[name])
    return [name for name in STAGES if name in wanted]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    film = make_small_film(folder / "large.mp4", folder / "work")
    if not film.spoken:
        pytest.skip("nothing is said without a synthesiser: install Debian's ffmpeg")
    small = ["-vf", "scale=640:360", "-c:v", "libx264", "-preset", "ultrafast", "-crf", "12"]
    run(["-i", str(film.path), *small, "-c:a", "copy", str(folder / "captioned.mp4")])
    write_screened(folder / "person.mp4", make_screened(Scene(count=6)))
    found = Undisturbed(folder, {}, {"delogoed": {"boxes": [[0.1, 0.1, 0.2, 0.15]]}})
    found.params["mixed"] = {"file": str(folder / "captioned.mp4"), "duck": 6.0}
    runner = Runner.from_settings(found.settings())
    for name in ("captioned", "person"):
        found.keys[name] = runner.ingest(folder / f"{name}.mp4").key
    made(found.settings(), found.keys["captioned"], {
        name: found.params.get(name, {}) for name in STAGES if name not in _OTHERS
    })  # fmt: skip
    wanted = {one for name in _OTHERS for one in upstream(STAGES[name])}
    person = {name: found.params.get(name, {}) for name in STAGES if name in wanted}
    made(found.settings(), found.keys["person"], person)
    return found


def said(artifact: StoredArtifact | None) -> dict[str, Any]:
    """What of an artifact does not depend on when and where it was made."""
    assert artifact is not None
    assert artifact.reason is None, "name a film here in which the stage finds something to do"
    files = {file.name: content(file) for file in artifact.files()}  # held against their hashes
    kept = {"fingerprint", "rows", "facts", "warnings", "params", "engine", "inputs"}
    return {"files": files, **artifact.manifest.model_dump(include=kept)}


def content(file: Path) -> str:
    """The hash of a file; of a Matroska's packets, for each such file has a random number."""
    if file.suffix != ".webm":
        return sha256_file(file)
    found = hashlib.sha256()
    with av.open(str(file)) as container:
        for packet in container.demux():
            found.update(f"{packet.stream_index} {packet.pts} {packet.size}".encode())
            found.update(bytes(packet))
    return found.hexdigest()


def locks(store: Store) -> list[Path]:
    return sorted((store.backend.scratch / "locks").iterdir())


def is_held(lock: Path) -> bool:
    handle = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def work_folders(store: Store) -> list[Path]:
    return sorted(store.backend.scratch.glob("work-*"))


def grow_old(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (time.time() - _DAYS_S,) * 2, follow_symlinks=False)


def ended(group: int | None) -> None:
    """Wait for the end of what a killed process had started."""
    end = time.monotonic() + 1800
    while left_running(group):
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_that_is_killed_at_work(
    undisturbed: Undisturbed, tmp_path: Path, name: str
) -> None:
    key, params = undisturbed.key(name), undisturbed.params.get(name, {})
    settings = undisturbed.settings(tmp_path / "lake")
    for asset in needed(STAGES[name]):
        if (undisturbed.lake / asset).exists():
            shutil.copytree(undisturbed.lake / asset, tmp_path / "lake" / asset)
    store = Store.from_settings(settings)
    with stopped(settings, key, name, params, "compute") as process:
        (lock,), (folder,) = locks(store), work_folders(store)
        assert is_held(lock)
        assert list(store.artifacts(name)) == []
    assert process.exitcode == -9
    ended(process.pid)
    assert not is_held(lock)
    assert list(store.artifacts(name)) == []
    grow_old(folder)
    made(settings, key, {name: params})
    assert said(store.current(name, key)) == said(undisturbed.artifact(name))
    assert [*locks(store), *work_folders(store)] == []
    rest = {path.name for path in (tmp_path / "lake").rglob("*") if path.is_file()}
    assert not [file for file in rest if file.startswith(".") or file.endswith(".tmp")]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_that_is_killed_while_its_files_are_stored(
    undisturbed: Undisturbed, storage: ObjectStorage, tmp_path: Path, name: str
) -> None:
    key, params = undisturbed.key(name), undisturbed.params.get(name, {})
    lake = f"{storage.bucket()}/lake"
    settings = storage.settings(tmp_path / "cache", lake=lake)
    files, root = open_filesystem(lake, settings.storage_options(lake))
    for asset in needed(STAGES[name]):
        if (undisturbed.lake / asset).exists():
            files.put(str(undisturbed.lake / asset), f"{root}/{asset}", recursive=True)
    store = Store.from_settings(settings)
    with stopped(settings, key, name, params, "upload"):
        assert store.backend.find(name)
        assert list(store.artifacts(name)) == []
    made(settings, key, {name: params})
    assert said(store.current(name, key)) == said(undisturbed.artifact(name))
