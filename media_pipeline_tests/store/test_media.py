from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.errors import InvalidParameter, UnknownMedia
from media_pipeline.store import Store
from media_pipeline.store.cache import FileCache

A, B = "a" * 64, "b" * 64


def test_content_decides_and_names_are_aliases(store: Store) -> None:
    first = store.media.add(A, 10, "My Film.mp4", "file:///one/My%20Film.mp4")
    again = store.media.add(A, 10, "copy.mp4", "s3://bucket/copy.mp4")
    assert first.key == again.key == "my-film-aaaaaaaaaa"
    assert again.names == ("My Film.mp4", "copy.mp4")
    assert again.uris == ("file:///one/My%20Film.mp4", "s3://bucket/copy.mp4")
    assert again.name == "My Film.mp4"
    assert store.media.add(A, 10, "copy.mp4", "s3://bucket/copy.mp4") == again
    assert store.media.get(first.key) == again
    other = store.media.add(B, 11, "My Film.mp4", "file:///one/My%20Film.mp4")
    assert other.key == "my-film-bbbbbbbbbb"
    assert [item.key for item in store.media.all()] == [first.key, other.key]


def test_the_same_slug_and_digits_get_longer_keys(store: Store) -> None:
    one = store.media.add("c" * 10 + "1" * 54, 1, "x.mp4", "file:///1")
    two = store.media.add("c" * 10 + "2" * 54, 1, "x.mp4", "file:///2")
    three = store.media.add("c" * 10 + "2" + "3" * 53, 1, "x.mp4", "file:///3")
    keys = {one.key, two.key, three.key}
    assert len(keys) == 3
    for item in (one, two, three):
        assert store.media.get(item.key) == item


def test_keys_that_are_known_are_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = "c" * 10 + "2" * 54
    keys = [
        store.media.add(sha256, 1, f"{sha256[:2]} film.mp4", "file:///1").key
        for sha256 in (A, B, "c" * 10 + "1" * 54)
    ]
    store.media.add(A, 1, "alias.mp4", "file:///2")
    same = store.media.add(digest, 1, "cc film.mp4", "file:///3").key
    assert sorted(store.media.keys()) == sorted([*keys, same])
    read, reading = list[str](), store.backend.read
    monkeypatch.setattr(store.backend, "read", lambda path: read.append(path) or reading(path))
    gone = "gone-dddddddddd"
    found = list(store.media.keys([keys[1], "nonsense", gone, keys[0]]))
    assert sorted(found[:2]) == sorted(keys[:2]), "these come first"
    assert sorted(found[2:]) == sorted([keys[2], same])
    assert len(read) == 2
    assert sorted(store.media.keys([*keys, same])) == sorted([*keys, same])


def test_find_by_key_prefix_hash_place_and_name(store: Store, tmp_path: Path) -> None:
    place = tmp_path / "a film.mp4"
    item = store.media.add(A, 10, place.name, place.as_uri())
    other = store.media.add(B, 10, "a film 2.mp4", "s3://bucket/a film 2.mp4")
    for text in (item.key, "a-film-aaa", A, str(place), place, "a film.mp4"):
        assert store.media.find(text) == item
    assert store.media.find("s3://bucket/a film 2.mp4") == other
    with pytest.raises(InvalidParameter, match="a-film-2-bbbbbbbbbb"):
        store.media.find("a-film-")
    for text in ("", "nothing", "../../etc/passwd", "film\n", "x" * 5000):
        with pytest.raises(UnknownMedia):
            store.media.find(text)
    with pytest.raises(UnknownMedia):
        store.media.get("a-film-")


def test_remove_forgets_all_aliases(store: Store) -> None:
    item = store.media.add(A, 10, "one.mp4", "file:///one.mp4")
    store.media.add(A, 10, "two.mp4", "file:///two.mp4")
    store.media.remove(item.key)
    assert store.media.all() == []
    fresh = store.media.add(A, 10, "three.mp4", "file:///three.mp4")
    assert fresh.names == ("three.mp4",)
    assert fresh.key == "three-aaaaaaaaaa"


def test_a_broken_alias_is_ignored(store: Store) -> None:
    item = store.media.add(A, 10, "one.mp4", "file:///one.mp4")
    store.backend.write(f"_media/{A[:10]}/{A}.{'0' * 16}.json", b"{broken")
    store.backend.write(f"_media/{A[:10]}/README.txt", b"?")
    assert store.media.get(item.key) == item


@pytest.mark.parametrize(
    "name",
    [
        "-leading dash.mp4",
        "new\nline.mp4",
        "quotes'\".mp4",
        "emoji 🎬.mp4",
        "..",
        "../../x",
        "%00.mp4",
        "a:b?.mp4",
        "第一集 大结局.mp4",
        "…",
        "x" * 300,
        "字" * 300,
        "surrogate \udcff.mp4",
        "con...",
    ],
)
def test_hostile_names_give_harmless_keys(store: Store, name: str) -> None:
    item = store.media.add(A, 10, name, "file:///x")
    _harmless(item.key)
    assert store.media.get(item.key) == item
    assert "\n" not in item.name


@given(st.text(max_size=80))
@settings(max_examples=40, deadline=None)
def test_any_name_gives_a_harmless_key(name: str) -> None:
    import uuid

    store = Store(f"memory://names-{uuid.uuid4().hex}", cache=FileCache(Path("unused"), 1))
    item = store.media.add(A, 10, name, "file:///x")
    _harmless(item.key)
    assert store.media.get(item.key).key == item.key


def _harmless(key: str) -> None:
    assert len(key.encode()) <= 120
    assert key.isprintable()
    assert all(c.isalnum() or c == "-" for c in key)
    assert not key.startswith("-")


_ADDER = """
import sys
from media_pipeline.store import Store
store = Store(sys.argv[1])
print(store.media.add("a" * 64, 10, sys.argv[2], "file:///" + sys.argv[2]).key)
"""


@pytest.mark.slow
def test_processes_that_add_the_same_content_at_once_agree_on_the_key(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _ADDER, str(tmp_path / "lake"), f"name{n}.mp4"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for n in range(4)
    ]
    keys = {child.communicate(timeout=60)[0] for child in children}
    assert len(keys) == 1
    item = Store(tmp_path / "lake").media.all()
    assert len(item) == 1
    assert sorted(item[0].names) == [f"name{n}.mp4" for n in range(4)]
