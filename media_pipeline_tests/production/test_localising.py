"""Translated captions in the place of those in the picture: the old text is gone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import InvalidCaptions, NoCaptionsFound
from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.production.localising import Localised, localise, placed
from media_pipeline.stages.burn import CaptionSettings
from media_pipeline.stages.captions.extract import Params, extract_captions
from media_pipeline.text.cues import Cue
from media_pipeline.text.given import Given, parse_given
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.burned import (
    FPS,
    HEIGHT,
    LATIN,
    WIDTH,
    around,
    drawn_text,
)
from media_pipeline_tests.generators.hands import Lake
from media_pipeline_tests.generators.video import ffmpeg, scene, write_video

NEW = "Wo seid ihr gewesen"
TRANSLATED = f"1\n00:00:01,000 --> 00:00:02,000\n{NEW}\n"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cue]:
    """Three seconds that carry a caption from the first to the second second."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    text, truth = drawn_text([(LATIN, 32)], 290)
    show = scene(2, WIDTH, HEIGHT)
    letters = text.max(axis=2, keepdims=True) > 100
    pictures = (
        np.where(letters, text, show(i)) if FPS <= i < 2 * FPS else show(i) for i in range(3 * FPS)
    )
    write_video(path, pictures)
    return path, Cue(1.0, 2.0, LATIN, box=around(truth))


def translated(text: str = TRANSLATED) -> Given:
    return parse_given(text, 0.0, "srt")


def middle_of(path: Path, before: Path, time: float) -> tuple[float, float]:
    """Where two films differ at a time: left and right, as shares of the picture."""
    a, b = frame_at(path, time).astype(int), frame_at(before, time)
    columns = np.flatnonzero((np.abs(a - b).max(axis=2) > 60).any(axis=0))
    return columns[0] / WIDTH, columns[-1] / WIDTH


@pytest.mark.slow
def test_only_the_new_text_can_be_read(film: tuple[Path, Cue], tmp_path: Path) -> None:
    path, old = film
    lake = Lake(path, ocr_cues=artifacts.ocr_cues(tmp_path / "ocr", [old]))
    done = localise(lake.job(tmp_path), translated(), tmp_path / "out.mp4")
    assert done == Localised(1, 1, "covered")
    whole = Params(roi=[[0.0, 1.0], [0.0, 1.0]])
    found = extract_captions(tmp_path / "out.mp4", whole).cues
    assert [cue.text for cue in found] == [NEW]
    assert found[0].box is not None
    assert old.box is not None
    band = Box(0.0, old.box.y - 0.06, 1.0, old.box.h + 0.12)
    assert found[0].box.intersection(band) == pytest.approx(found[0].box.area, rel=0.02)
    assert probe(tmp_path / "out.mp4").duration == pytest.approx(probe(path).duration, abs=0.02)


def test_old_text_is_covered_where_there_is_no_new_one(
    film: tuple[Path, Cue], tmp_path: Path
) -> None:
    path, old = film
    lake = Lake(path, ocr_cues=artifacts.ocr_cues(tmp_path / "ocr", [old]))
    late = translated("1\n00:00:02,500 --> 00:00:02,900\nSpät\n")
    localise(lake.job(tmp_path), late, tmp_path / "out.mp4")
    assert old.box is not None
    left, top, right, bottom = old.box.pixels(WIDTH, HEIGHT)
    for frame in decode(tmp_path / "out.mp4"):
        inside = frame.luma[top:bottom, left:right]
        if 1.0 <= frame.time + 1e-6 < 2.0:
            assert np.ptp(inside.astype(int)) < 30, f"all one colour at {frame.time:.2f}"
        elif frame.time < 0.8 or 2.2 < frame.time < 2.4:
            assert np.ptp(inside.astype(int)) > 30, f"the picture at {frame.time:.2f}"


def test_a_film_without_its_captions_is_taken_where_a_stage_makes_it(
    film: tuple[Path, Cue], tmp_path: Path
) -> None:
    path, old = film
    clean = artifacts.FolderArtifact(tmp_path / "clean")
    clean.folder.mkdir()
    source = ("-f", "lavfi", "-i", f"color=green:s={WIDTH}x{HEIGHT}:r={FPS}:d=3")
    ffmpeg(*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", clean.folder / "detexted.mp4")
    read = artifacts.ocr_cues(tmp_path / "ocr", [old])
    lake = Lake(path, ocr_cues=read, detexted=clean)
    done = localise(lake.job(tmp_path), translated(), tmp_path / "out.mp4")
    assert done.way == "removed"
    left, right = middle_of(tmp_path / "out.mp4", clean.folder / "detexted.mp4", 1.5)
    assert (left + right) / 2 == pytest.approx(0.5, abs=0.01)
    picture = frame_at(tmp_path / "out.mp4", 1.5)
    assert np.abs(picture[: HEIGHT // 2].astype(int) - picture[0, 0]).max() < 12, "no ground"


def test_new_text_takes_the_place_and_size_of_the_old_unless_asked_otherwise() -> None:
    box = Box(0.25, 0.8, 0.5, 0.12)
    old = [Cue(0, 1, "one\ntwo", box=box), Cue(2, 3, "one", box=Box(0.4, 0.83, 0.2, 0.06))]
    look = placed(None, old, (1000, 500), covering=True)
    assert (look.style, look.x, look.y, look.font_size) == ("box", 500, 430, 27)
    own = CaptionSettings(position="top_left", font_size=40, style="pop")
    assert placed(own, old, (1000, 500), covering=True) == own
    assert placed(None, [], (1000, 500), covering=False) == CaptionSettings()


def test_without_captions_in_the_picture_the_new_ones_are_drawn_as_usual(
    film: tuple[Path, Cue], tmp_path: Path
) -> None:
    path, _ = film
    lake = Lake(path, ocr_cues=NoCaptionsFound("film.mp4 has no captions"))
    top = CaptionSettings(position="top_center")
    done = localise(lake.job(tmp_path), translated(), tmp_path / "out.mp4", top)
    assert done == Localised(1, 0, "absent")
    assert "no captions in its picture" in lake.told[0]
    a, b = frame_at(tmp_path / "out.mp4", 1.5).astype(int), frame_at(path, 1.5)
    rows = np.flatnonzero((np.abs(a - b).max(axis=2) > 80).any(axis=1))
    assert rows.max() < HEIGHT / 2


def test_captions_of_another_film_are_refused_and_late_ones_said(
    film: tuple[Path, Cue], tmp_path: Path
) -> None:
    path, old = film
    lake = Lake(path, ocr_cues=artifacts.ocr_cues(tmp_path / "ocr", [old]))
    late = "2\n00:01:00,000 --> 00:01:02,000\nAnderswo\n"
    with pytest.raises(InvalidCaptions, match="begin after the film"):
        localise(lake.job(tmp_path), translated(late), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    done = localise(lake.job(tmp_path), translated(f"{TRANSLATED}\n{late}"), tmp_path / "out.mp4")
    assert done.captions == 1
    assert lake.told[-1] == "warning: 1 captions begin after the film and are left out"
