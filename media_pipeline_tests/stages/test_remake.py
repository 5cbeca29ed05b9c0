"""Films written anew: what the editor changed is changed, and all else is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import EncodeFailed
from media_pipeline.media.canvas import Canvas
from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.stages.remake import Remade, remake
from media_pipeline_tests.generators.coded import coded, plain
from media_pipeline_tests.generators.video import ffmpeg

PATCH = (32, 24, 96, 72)


def painted(canvases: Iterator[Canvas]) -> Iterator[Canvas]:
    """A grey patch from 1.2 to 1.6 s."""
    for canvas in canvases:
        if 1.2 <= canvas.time < 1.6:
            part = canvas.read(PATCH)
            part[:] = (120, 128, 128)
            canvas.write(PATCH, part)
        yield canvas


def remade(film: Path, target: Path, *, only: bool) -> Remade:
    spans = [(1.2, 1.6)] if only else None
    return remake(film, probe(film), target, painted, spans=spans, beside=0.4, crf=8)


@pytest.mark.parametrize("only", [False, True], ids=["all anew", "a part anew"])
@pytest.mark.parametrize("vfr", [False, True], ids=["constant", "variable"])
def test_pictures_keep_their_times_and_only_the_patch_changes(
    tmp_path: Path, *, only: bool, vfr: bool
) -> None:
    extra = (
        ("-vf", "select='not(mod(n,3))+not(mod(n,5))'", "-fps_mode", "vfr", "-g", "12")
        if vfr
        else ()
    )
    film = plain(tmp_path / "film.mp4", *extra)
    done = remade(film, tmp_path / "out.mp4", only=only)
    assert done.why == ""
    assert (done.share < 0.6) == only
    before = [(f.time, f.bgr()) for f in decode(film)]
    after = [(f.time, f.bgr()) for f in decode(tmp_path / "out.mp4")]
    assert [t for t, _ in after] == pytest.approx([t for t, _ in before], abs=0.0006)
    left, top, right, bottom = PATCH
    for (time, one), (_, other) in zip(before, after, strict=True):
        if only and not 0.9 <= time < 3.1:
            assert np.array_equal(one, other)  # copied, not coded anew
        away = np.abs(one.astype(int) - other)
        if 1.2 <= time < 1.6:
            assert np.abs(other[top:bottom, left:right].astype(int) - 121).mean() < 4
            away[top - 4 : bottom + 4, left - 4 : right + 4] = 0
        assert away.mean() < 3
    assert probe(tmp_path / "out.mp4").audio[0].codec == "aac"


@pytest.mark.parametrize("only", [False, True], ids=["all anew", "a part anew"])
def test_a_turned_film_is_edited_as_it_is_shown(tmp_path: Path, *, only: bool) -> None:
    plain(tmp_path / "flat.mp4")
    film = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "flat.mp4", "-c", "copy", film)
    remade(film, tmp_path / "out.mp4", only=only)
    video = probe(tmp_path / "out.mp4").video
    assert video is not None
    assert (video.width, video.height) == (180, 320)
    picture = next(f.bgr() for f in decode(tmp_path / "out.mp4") if f.time >= 1.3)
    left, top, right, bottom = PATCH
    assert np.abs(picture[top:bottom, left:right].astype(int) - 121).mean() < 4


def test_ten_bits_stay_ten_bits(tmp_path: Path) -> None:
    film = coded(tmp_path / "film.mp4", "-pix_fmt", "yuv420p10le", "-profile:v", "high10")
    assert remade(film, tmp_path / "out.mp4", only=False).share == 1.0
    video = probe(tmp_path / "out.mp4").video
    assert video is not None
    assert video.bit_depth == 10


def test_odd_sides_become_even_and_nothing_is_scaled(tmp_path: Path) -> None:
    film = tmp_path / "odd.mp4"
    source = "testsrc2=s=320x180:r=25:d=2,format=yuv444p,scale=321:181"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv444p", film)
    remade(film, tmp_path / "out.mp4", only=True)
    before = next(f.luma.astype(int) for f in decode(film))
    after = next(f.luma.astype(int) for f in decode(tmp_path / "out.mp4"))
    assert after.shape == (182, 322)
    assert np.abs(after[:181, :321] - before).mean() < 2


def test_an_editor_that_fails_leaves_nothing(tmp_path: Path) -> None:
    film = plain(tmp_path / "film.mp4")

    def failing(canvases: Iterator[Canvas]) -> Iterator[Canvas]:
        yield next(canvases)
        raise EncodeFailed("no more")

    with pytest.raises(EncodeFailed, match="no more"):
        remake(film, probe(film), tmp_path / "out.mp4", failing)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mp4"]
