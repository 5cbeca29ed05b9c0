"""The lake on S3 servers: several writers at once, killed ones, answers that get lost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.store import Store, remote
from media_pipeline.store.manifest import MANIFEST
from media_pipeline_tests.generators.storage import ObjectStorage, strict_object_storage
from media_pipeline_tests.store.conftest import KEY, manifest, publish

PLACE = f"captions/{KEY}/f1"
_ROOT = Path(__file__).parents[2]

_PUBLISHER = """
import os, signal, sys, time
from pathlib import Path
from media_pipeline.settings import Settings
from media_pipeline.store import Store
from media_pipeline_tests.store.conftest import manifest
store = Store.from_settings(Settings())
files, fatal = store.backend._fs, sys.argv[2]
for name in ("put_file", "pipe_file"):
    def call(*args, name=name, real=getattr(files, name), **kwargs):
        if f"{name} {args[-1 if name == 'put_file' else 0].rsplit('/', 1)[-1]}" == fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(files, name, call)
with store.scratch() as scratch:
    out = scratch / "out"
    out.mkdir()
    for name in ("a.txt", "b.txt"):
        (out / name).write_text(sys.argv[1] * 100_000)
    Path(sys.argv[3] + sys.argv[1]).touch()
    while not Path(sys.argv[3]).exists():
        time.sleep(0.001)
    artifact = store.publish(out, manifest())
print({artifact.path(name).read_text()[:1] for name in ("a.txt", "b.txt")}, artifact.created)
"""


@pytest.fixture(scope="module", params=["moto", "s3rver"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ObjectStorage]:
    if request.param == "moto":
        yield request.getfixturevalue("storage")
        return
    with strict_object_storage(tmp_path_factory.mktemp("s3rver")) as found:
        yield found


@pytest.fixture
def lake(server: ObjectStorage) -> str:
    return f"{server.bucket()}/lake"


@pytest.fixture
def store(server: ObjectStorage, lake: str, tmp_path: Path) -> Store:
    return Store.from_settings(server.settings(tmp_path / "cache", lake=lake))


def start(server: ObjectStorage, lake: str, folder: Path, letter: str, fatal: str = "") -> Any:
    return subprocess.Popen(
        [sys.executable, "-c", _PUBLISHER, letter, fatal, str(folder / "go")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env={
            "PYTHONPATH": str(_ROOT),
            "MEDIA_PIPELINE_LAKE": lake,
            "MEDIA_PIPELINE_S3_ENDPOINT": server.endpoint,
            "MEDIA_PIPELINE_S3_KEY": server.key,
            "MEDIA_PIPELINE_S3_SECRET": server.secret,
            "MEDIA_PIPELINE_CACHE_DIR": str(folder / f"cache-{letter}"),
        },
    )


@pytest.mark.slow
def test_two_processes_that_publish_the_same_fingerprint_converge(
    server: ObjectStorage, lake: str, store: Store, tmp_path: Path
) -> None:
    children = [start(server, lake, tmp_path, letter) for letter in "xy"]
    deadline = time.monotonic() + 240
    while not all((tmp_path / f"go{letter}").exists() for letter in "xy"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (tmp_path / "go").touch()
    answers = [child.communicate(timeout=240)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    found = store.get("captions", KEY, "f1")
    assert found is not None
    written = {found.path(name).read_text() for name in ("a.txt", "b.txt")}
    assert written in ({"x" * 100_000}, {"y" * 100_000})
    assert f"{ {text[0] for text in written} } {found.created}\n" in answers


@pytest.mark.slow
@pytest.mark.parametrize("fatal", ["put_file b.txt", "pipe_file manifest.json"])
def test_a_writer_that_is_killed_leaves_nothing_visible(
    server: ObjectStorage, lake: str, store: Store, tmp_path: Path, fatal: str
) -> None:
    (tmp_path / "go").touch()
    child = start(server, lake, tmp_path, "x", fatal)
    child.communicate(timeout=240)
    assert child.returncode == -9
    assert store.backend.find(PLACE), "it was killed before it began"
    assert store.get("captions", KEY, "f1") is None
    assert list(store.artifacts()) == []
    assert publish(store, content="whole").path("text.txt").read_text() == "whole"


def test_large_files_are_put_in_parts(
    server: ObjectStorage, lake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_PART_BYTES", 5 * 1024**2)
    store = Store.from_settings(server.settings(tmp_path / "cache", lake=lake))
    backend: Any = store.backend
    real, asked = backend._fs._call_s3, []

    def call(method: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(method)
        return real(method, *args, **kwargs)

    monkeypatch.setattr(backend._fs, "_call_s3", call)
    content = bytes(range(256)) * 45_000
    with store.scratch() as scratch:
        (scratch / "out").mkdir()
        (scratch / "out" / "film.bin").write_bytes(content)
        artifact = store.publish(scratch / "out", manifest())
    assert artifact.path("film.bin").read_bytes() == content
    assert asked.count("upload_part") == 3


def test_a_writer_whose_answer_was_lost_keeps_what_it_wrote(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = store.backend.create

    def create(path: str, data: bytes) -> bool:
        real(path, data)
        return real(path, data)  # as the client repeats a request that was carried out

    monkeypatch.setattr(store.backend, "create", create)
    assert publish(store, content="mine").path("text.txt").read_text() == "mine"


def test_a_loser_takes_its_files_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    other: list[str] = []
    real = store.backend.create

    def create(path: str, data: bytes) -> bool:
        if not other:
            other.append("is faster")
            publish(store, content="first")
        return real(path, data)

    monkeypatch.setattr(store.backend, "create", create)
    assert publish(store, content="second").path("text.txt").read_text() == "first"
    assert len(store.backend.find(PLACE)) == 2


def test_a_storage_that_knows_no_conditions_still_holds_whole_artifacts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    other: list[str] = []
    real = store.backend.write

    def create(path: str, data: bytes) -> bool:
        if path.endswith(MANIFEST) and not other:
            other.append("writes at the same time")
            publish(store, content="first")
        real(path, data)
        return True

    monkeypatch.setattr(store.backend, "create", create)
    publish(store, content="2nd, longer")
    found = store.get("captions", KEY, "f1")
    assert found is not None
    assert found.path("text.txt").read_text() == "2nd, longer"


def test_two_requests_that_hinder_each_other_are_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend: Any = store.backend
    real, refused = backend._fs.pipe_file, []

    def pipe_file(path: str, data: bytes, **kwargs: Any) -> None:
        if len(refused) < 2:
            refused.append(path)
            raise OSError(16, "An error occurred (ConditionalRequestConflict) when calling")
        real(path, data, **kwargs)

    monkeypatch.setattr(backend._fs, "pipe_file", pipe_file)
    assert backend.create("one.json", b"{}")
    assert not backend.create("one.json", b"{}")
    assert refused == [f"{backend._root}/one.json"] * 2
