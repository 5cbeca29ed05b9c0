"""Files that are small and would grow beyond all bounds are refused before they are decoded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import pytest

from media_pipeline.errors import MediaTooLarge
from media_pipeline.media.container import MAX_PIXELS, MAX_STREAMS, open_media
from media_pipeline.media.probe import probe
from media_pipeline_tests.generators.bombs import write_pictures, write_streams

MIB_OF_ONE = 9000 * 9000 * 3 / 2**20
SCRIPT = """
import resource, sys
from pathlib import Path
from media_pipeline.errors import MediaTooLarge
from media_pipeline.media.probe import probe
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
try:
    probe(Path(sys.argv[1]))
except MediaTooLarge as error:
    print(peak() - before, error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["film.avi", "film.mov"])
def test_a_huge_picture_is_refused_before_it_takes_memory(tmp_path: Path, name: str) -> None:
    film = write_pictures(tmp_path / name, (9000, 9000))
    assert film.stat().st_size < 500_000
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, film], capture_output=True, text=True, check=True
    )
    took, _, said = done.stdout.partition(" ")
    assert float(took) < MIB_OF_ONE / 10
    assert f"the limit is {MAX_PIXELS:,}" in said and name in said


def test_a_picture_that_grows_in_the_course_of_the_film_is_not_decoded(tmp_path: Path) -> None:
    film = write_pictures(tmp_path / "film.avi", (32, 32), (9000, 9000))
    assert probe(film).video is not None
    sizes = []
    with open_media(film) as container:
        for packet in container.demux(video=0):
            try:
                sizes += [frame.width for frame in packet.decode()]
            except av.FFmpegError:
                sizes.append(0)
    assert sizes == [32, 0]


def test_a_size_in_the_header_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = write_pictures(tmp_path / "film.avi", (64, 48))
    monkeypatch.setattr("media_pipeline.media.container.MAX_PIXELS", 64 * 48)
    assert probe(film).video is not None
    monkeypatch.setattr("media_pipeline.media.container.MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(MediaTooLarge, match=f"{64 * 48 - 1:,}"):
        probe(film)


def test_streams_without_end_are_refused(tmp_path: Path) -> None:
    assert len(probe(write_streams(tmp_path / "a.mkv", MAX_STREAMS)).audio) == MAX_STREAMS
    with pytest.raises(MediaTooLarge, match=f"{MAX_STREAMS + 1} streams"):
        probe(write_streams(tmp_path / "b.mkv", MAX_STREAMS + 1))
