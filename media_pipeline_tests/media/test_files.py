"""Whole files or none, safe names, hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from media_pipeline.media.files import atomic_path, sha256_file, slug


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        temporary.write_text("new")
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("My Film.mp4", "my-film"),
        ("-rf $(x)/../a.mkv", "rf-x-a"),
        ("快跑 第1集.mp4", "快跑-第1集"),
        ("line\nbreak.mov", "line-break"),
        ("🎬.mp4", "media"),
        ("", "media"),
        ("v1.2.final.mp4", "v1-2-final"),
    ],
)
def test_slugs(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_a_slug_is_short() -> None:
    assert len(slug("x" * 500)) == 60


def test_hash_and_its_progress(tmp_path: Path) -> None:
    path = tmp_path / "data"
    data = bytes(range(256)) * 12_000
    path.write_bytes(data)
    shares: list[float] = []
    assert sha256_file(path, shares.append) == hashlib.sha256(data).hexdigest()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    path.write_bytes(b"")
    assert sha256_file(path) == hashlib.sha256(b"").hexdigest()
