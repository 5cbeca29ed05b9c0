"""A film measured in parts is what it is as a whole, wherever it is cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from media_pipeline.errors import PartsDiffer
from media_pipeline.media.probe import probe
from media_pipeline.media.sparse import key_times
from media_pipeline.stages.base import Work
from media_pipeline.stages.frames import FRAMES
from media_pipeline.stages.frames.measure import FrameMeasures, Thumbnails, measure
from media_pipeline.stages.frames.parts import joined
from media_pipeline_tests.generators import video
from media_pipeline_tests.generators.artifacts import assert_same, run_split, run_stage

SHOTS = [(1.8, 0.0), (2.2, 0.0), (1.6, 1.2), (1.4, 0.0), (1.0, 0.8), (2.0, 0.0)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> video.Film:
    """Ten seconds of cuts and dissolves with a key frame every second, on one of which a cut."""
    folder = tmp_path_factory.mktemp("parts")
    return video.write_film(folder / "film.mp4", SHOTS, size=(160, 90))


@pytest.mark.parametrize("longest", [1.0, 2.6, 5.0])
def test_parts_give_the_same_artifact(film: video.Film, longest: float, tmp_path: Path) -> None:
    whole = run_stage(FRAMES, film.path, tmp_path / "whole")
    split, parts = run_split(FRAMES, film.path, tmp_path / "split", longest)
    assert len(parts) == round(film.duration / longest)
    assert_same(whole, split)
    assert whole.facts["cuts"] and whole.facts["dissolves"]


def test_borders_lie_in_dissolves_and_on_cuts(film: video.Film) -> None:
    """Else the test above would say less than it seems to."""
    assert FRAMES.split is not None
    borders = key_times(film.path, list(np.arange(1.0, 10.0)))
    assert borders == pytest.approx(list(range(1, 10)))
    assert any(abs(border - cut) < 1e-6 for border in borders for cut in film.cuts)
    assert any(abs(border - middle) < 0.5 for border in borders for middle in film.dissolves)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("open.mkv", ("-x264-params", "open-gop=1:keyint=20:bframes=3")),
        ("b.ts", ("-x264-params", "keyint=25:bframes=3")),
        ("refresh.mp4", ("-x264-params", "intra-refresh=1:keyint=25")),
    ],
)
def test_other_ways_to_code_a_film(
    film: video.Film, name: str, options: tuple[str, str], tmp_path: Path
) -> None:
    """Parts are the same as the whole, or are known not to be."""
    coded = tmp_path / name
    video.ffmpeg("-i", film.path, "-c:v", "libx264", "-preset", "fast", *options, coded)
    whole = run_stage(FRAMES, coded, tmp_path / "whole")
    try:
        split, parts = run_split(FRAMES, coded, tmp_path / "split", 2.0)
    except PartsDiffer:
        assert name == "refresh.mp4"
        return
    assert len(parts) > 2
    assert_same(whole, split)


def test_uneven_frame_times(tmp_path: Path) -> None:
    times = video.vfr_times(150)
    film = tmp_path / "film.mkv"
    show = video.scene(3, 160, 90)
    video.write_video(film, map(show, range(150)), times=times, gop=20)
    whole = run_stage(FRAMES, film, tmp_path / "whole")
    split, parts = run_split(FRAMES, film, tmp_path / "split", 1.5)
    assert len(parts) > 2
    assert_same(whole, split)


def test_what_cannot_be_cut_is_not(film: video.Film, tmp_path: Path) -> None:
    one_key = tmp_path / "film.mp4"
    video.ffmpeg("-i", film.path, "-c:v", "libx264", "-g", "999", "-sc_threshold", "0", one_key)
    assert FRAMES.split is not None
    for path, longest in ((one_key, 2.0), (film.path, 11.0)):
        work = Work(path, probe(path), {}, FRAMES.params(), tmp_path)
        assert len(FRAMES.split.cut(work, longest)) < 2


def test_parts_that_do_not_fit_are_refused(film: video.Film) -> None:
    with Thumbnails() as thumbnails:
        first, second = (
            measure(film.path, probe(film.path), thumbnails, start=a, end=b)
            for a, b in ((0.0, 1.0001), (1.0, 2.0))
        )
    assert len(joined([first, second])) == 50
    other = replace(second, luma=second.luma + np.float32(0.5))
    for wrong in (other, without(second), replace(second, skipped=1)):
        with pytest.raises(PartsDiffer):
            joined([first, wrong])


def without(measures: FrameMeasures) -> FrameMeasures:
    """The measures less their first frame."""
    names = ("time", "luma", "sharpness", "motion", "signature", "tiny")
    return FrameMeasures(**{n: getattr(measures, n)[1:] for n in names}, skipped=0)
