from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import (
    ArtifactMissing,
    InvalidArtifact,
    NoAudioStream,
    StoreError,
    UnknownMedia,
)
from media_pipeline.store import ReasonEntry, Store, StoredArtifact
from media_pipeline_tests.store.conftest import KEY, SHA, manifest, publish, stored


def test_what_is_published_is_found(store: Store) -> None:
    with store.scratch() as scratch:
        out = scratch / "out"
        out.mkdir()
        (out / "note.txt").write_text("hello")
        pq.write_table(pa.table({"a": [1, 2, 3]}), out / "numbers.parquet")
        made = store.publish(out, manifest(params={"n": 1}, facts={"x": [1, None]}, why="because"))
        assert not out.exists() or store.uri.startswith(("s3:", "memory:"))
    assert not scratch.exists()
    found = store.get("captions", KEY, "f1")
    assert found is not None
    assert found.manifest == made.manifest
    assert found.path("note.txt").read_text() == "hello"
    assert found.table("numbers").to_pydict() == {"a": [1, 2, 3]}
    assert found.table("numbers.parquet").num_rows == 3
    assert [p.name for p in found.files("*.txt")] == ["note.txt"]
    assert found.manifest.rows == {"numbers": 3}
    assert found.manifest.size > 5
    assert found.facts == {"x": [1, None]}
    assert (found.asset, found.media_key, found.fingerprint) == ("captions", KEY, "f1")
    assert [a.fingerprint for a in store.artifacts()] == ["f1"]
    assert list(store.artifacts("words")) == []
    assert store.get("captions", KEY, "f2") is None
    assert store.assets() == ["captions"]


def test_a_missing_file_of_an_artifact_is_named(store: Store) -> None:
    with pytest.raises(ArtifactMissing, match=r"nothing\.wav"):
        publish(store).path("nothing.wav")


def test_a_file_of_an_empty_artifact_is_missing_for_its_reason(store: Store) -> None:
    reason = ReasonEntry(code="NoAudioStream", message="film.mp4 has no audio stream")
    artifact = publish(store, reason=reason)
    with pytest.raises(NoAudioStream, match="has no audio stream"):
        artifact.path("speech.wav")
    assert artifact.path("text.txt").is_file()


def test_the_first_of_two_publishers_wins(store: Store) -> None:
    first = publish(store, content="first")
    second = publish(store, content="second, longer")
    assert second.path("text.txt").read_text() == "first"
    assert second.manifest == first.manifest


def test_replacing_puts_the_new_one_in_place(store: Store) -> None:
    publish(store, content="first")
    with store.scratch() as scratch:
        (scratch / "out").mkdir()
        (scratch / "out" / "text.txt").write_text("second, longer")
        made = store.publish(scratch / "out", manifest(), replace=True)
    assert made.path("text.txt").read_text() == "second, longer"
    found = store.get("captions", KEY, "f1")
    assert found is not None and found.path("text.txt").read_text() == "second, longer"


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[]", b'{"asset": "captions"}', b"\xff\xfe", b"null"]
)
def test_a_corrupt_manifest_counts_as_absent_and_is_made_again(store: Store, broken: bytes) -> None:
    publish(store, content="first")
    store.backend.write(f"captions/{KEY}/f1/manifest.json", broken)
    assert store.get("captions", KEY, "f1") is None
    assert list(store.artifacts()) == []
    again = publish(store, content="again!")
    assert again.path("text.txt").read_text() == "again!"
    assert store.get("captions", KEY, "f1") is not None


def test_an_artifact_with_a_missing_or_shortened_file_counts_as_absent(store: Store) -> None:
    publish(store, "f1")
    publish(store, "f2")
    store.backend.remove(stored(store, "f1"))
    store.backend.write(stored(store, "f2"), b"con")
    assert store.get("captions", KEY, "f1") is None
    assert store.get("captions", KEY, "f2") is None
    assert publish(store, "f2").path("text.txt").read_text() == "content"


def test_a_manifest_that_points_outside_is_refused(store: Store) -> None:
    publish(store)
    place = f"captions/{KEY}/f1/manifest.json"
    data = json.loads(store.backend.read(place) or b"")
    data["files"][0]["name"] = "../../../../etc/passwd"
    store.backend.write(place, json.dumps(data).encode())
    assert store.get("captions", KEY, "f1") is None


def test_a_manifest_of_another_artifact_is_not_believed(store: Store) -> None:
    publish(store, "f1")
    data = store.backend.read(f"captions/{KEY}/f1/manifest.json")
    assert data is not None
    store.backend.write(f"captions/{KEY}/f2/manifest.json", data)
    assert store.get("captions", KEY, "f2") is None


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a\nb", "x" * 300])
def test_hostile_names_are_refused(local: Store, name: str) -> None:
    with pytest.raises(StoreError):
        local.get("captions", name, "f1")
    with pytest.raises(StoreError):
        publish(local, fingerprint=name)


def test_only_regular_files_are_published(local: Store) -> None:
    with local.scratch() as scratch:
        (scratch / "out" / "folder").mkdir(parents=True)
        with pytest.raises(InvalidArtifact, match="folder"):
            local.publish(scratch / "out", manifest())
    with local.scratch() as scratch:
        (scratch / "out").mkdir()
        (scratch / "out" / "link").symlink_to("/etc/passwd")
        with pytest.raises(InvalidArtifact, match="link"):
            local.publish(scratch / "out", manifest())
    assert list(local.artifacts()) == []


def test_current_moves_and_comes_back(store: Store) -> None:
    one, two = publish(store, "f1"), publish(store, "f2")
    assert store.current("captions", KEY) is None
    for artifact in (one, two, one):
        assert store.set_current(artifact)
        current = store.current("captions", KEY)
        assert current is not None and current.fingerprint == artifact.fingerprint
    pointer = json.loads(store.backend.read(f"captions/{KEY}/current.json") or b"")
    assert pointer["fingerprint"] == "f1"
    store.backend.write(f"captions/{KEY}/current.json", b"{nonsense")
    assert store.current("captions", KEY) is None
    store.backend.write(f"captions/{KEY}/current.json", b'{"fingerprint": "../f1"}')
    assert store.current("captions", KEY) is None


def test_a_human_artifact_keeps_its_place(store: Store) -> None:
    machine, human = publish(store, "m1"), publish(store, "h1", origin="human")
    assert store.set_current(machine)
    assert store.set_current(human)
    assert not store.set_current(machine)
    assert _current(store) == "h1"
    # A machine's run that read the pointer before the correction came writes it after.
    store.backend.write(f"captions/{KEY}/current.json", b'{"fingerprint": "m1"}')
    assert _current(store) == "h1"
    other = publish(store, "h2", origin="human")
    assert store.set_current(other)
    assert _current(store) == "h2"
    assert store.set_current(machine, discard_human=True)
    assert _current(store) == "m1"
    assert store.set_current(publish(store, "m2"))
    assert _current(store) == "m2"


def _current(store: Store) -> str:
    artifact = store.current("captions", KEY)
    assert artifact is not None
    return artifact.fingerprint


def test_remove_purges_one_item_everywhere(store: Store) -> None:
    item = store.media.add(SHA, 5, "film.mp4", "file:///film.mp4")
    other = store.media.add("b" * 64, 5, "other.mp4", "file:///other.mp4")
    assert item.key == KEY
    for asset in ("captions", "words"):
        store.set_current(publish(store, "f1", asset, content="x" * 1000))
    with store.scratch() as scratch:
        (scratch / "out").mkdir()
        kept = manifest("f9").model_copy(update={"media_key": other.key})
        store.publish(scratch / "out", kept)
    freed = store.remove(KEY)
    assert freed > 2000
    assert [a.media_key for a in store.artifacts()] == [other.key]
    assert [i.key for i in store.media.all()] == [other.key]
    assert not [name for name in store.backend.find("") if KEY in name or SHA in name]
    with pytest.raises(UnknownMedia):
        store.remove(KEY)


def test_removal_that_was_cut_short_can_be_asked_for_again(store: Store) -> None:
    store.media.add(SHA, 5, "film.mp4", "file:///film.mp4")
    publish(store, "f1")
    store.backend.remove(f"captions/{KEY}")
    store.remove(KEY)
    assert store.media.all() == []


def test_old_scratch_is_swept_and_fresh_scratch_stays(store: Store) -> None:
    with store.scratch() as fresh:
        old = store.backend.scratch / "work-of-a-killed-run"
        (old / "out").mkdir(parents=True)
        (old / "out" / "half.mp4").write_bytes(b"half")
        yesterday = time.time() - 2 * 86400
        for path in (old / "out" / "half.mp4", old / "out", old):
            os.utime(path, (yesterday, yesterday))
        assert store.sweep() == 1
        assert fresh.is_dir()
        assert not old.exists()


def test_an_unusable_lake_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = Store(tmp_path / "file" / "lake")
    with pytest.raises(StoreError, match="MEDIA_PIPELINE_LAKE"):
        publish(store)


# --- several processes --------------------------------------------------------------------------

_PUBLISHER = """
import sys, time
from pathlib import Path
from media_pipeline.store import Store
from media_pipeline_tests.store.conftest import manifest
store = Store(sys.argv[1])
with store.scratch() as scratch:
    out = scratch / "out"
    out.mkdir()
    (out / "text.txt").write_text(sys.argv[2] * 100_000)
    Path(sys.argv[3]).touch()
    while not Path(sys.argv[4]).exists():
        time.sleep(0.001)
    artifact = store.publish(out, manifest())
print(artifact.path("text.txt").read_text()[:1], artifact.manifest.created)
"""


@pytest.mark.slow
def test_two_processes_that_publish_the_same_fingerprint_converge(tmp_path: Path) -> None:
    go = tmp_path / "go"
    ready = [tmp_path / f"ready-{name}" for name in "ab"]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _PUBLISHER, str(tmp_path / "lake"), name, str(flag), str(go)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for name, flag in zip("ab", ready, strict=True)
    ]
    deadline = time.monotonic() + 60
    while not all(flag.exists() for flag in ready):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    go.touch()
    answers = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert answers[0] == answers[1]
    assert len(list(Store(tmp_path / "lake").artifacts())) == 1


def test_many_threads_that_publish_at_once_leave_one_whole_artifact(store: Store) -> None:
    results: list[StoredArtifact] = []
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        barrier.wait()
        results.append(publish(store, content=f"{number}" * (number + 1)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    texts = {artifact.path("text.txt").read_text() for artifact in results}
    found = store.get("captions", KEY, "f1")
    assert found is not None
    assert found.path("text.txt").read_text() in texts
    if "://" not in store.uri:  # the object storages of tests check and create in two steps
        assert len(texts) == 1


_KILLED = """
import os, signal, sys
from media_pipeline.store import Store, local
from media_pipeline_tests.store.conftest import publish
def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
setattr({target}, {name!r}, killed)
publish(Store(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("target", "name"),
    [("local.os", "rename"), ("local", "write_synced"), ("local.LocalBackend", "_sync")],
)
def test_a_kill_before_the_rename_leaves_nothing_visible(
    tmp_path: Path, target: str, name: str
) -> None:
    script = _KILLED.format(target=target, name=name)
    child = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "lake")],
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert child.returncode == -9
    store = Store(tmp_path / "lake")
    assert list(store.artifacts()) == []
    assert store.get("captions", KEY, "f1") is None
    leftovers = list(store.backend.scratch.iterdir())
    assert len(leftovers) == 1
    assert publish(store).path("text.txt").read_text() == "content"
    assert store.sweep(age_s=-1) == 1
    assert not leftovers[0].exists()


def test_an_upload_that_was_cut_short_is_invisible_and_is_made_again(store: Store) -> None:
    if not store.uri.startswith(("s3:", "memory:")):
        pytest.skip("uploads are for object storage")
    store.backend.write(f"captions/{KEY}/f1/{'0' * 32}/text.txt", b"half of ano")
    assert store.get("captions", KEY, "f1") is None
    made = publish(store, content="whole")
    assert made.path("text.txt").read_text() == "whole"
    assert made.manifest.folder != ""
