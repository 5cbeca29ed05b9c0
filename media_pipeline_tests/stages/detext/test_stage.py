"""Captions taken out of films whose ground is known."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from media_pipeline.errors import InvalidParameter, NoCaptionsFound
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Outcome, Work
from media_pipeline.stages.detext import DETEXTED, Params, remove_captions
from media_pipeline.stages.detext.removal import BESIDE_S, Shown, spans
from media_pipeline.stages.detext.stage import chosen
from media_pipeline.stages.remake import remake
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.captions import Style, caption_pictures, draw_text
from media_pipeline_tests.generators.covered import (
    Covered,
    captioned_film,
    make_covered,
    make_sung,
)
from media_pipeline_tests.generators.grounds import texture
from media_pipeline_tests.generators.scores import psnr
from media_pipeline_tests.generators.video import ffmpeg, write_video


@pytest.fixture(scope="module")
def covered(tmp_path_factory: pytest.TempPathFactory) -> Covered:
    folder = tmp_path_factory.mktemp("covered")
    return make_covered(folder / "film.mp4", captioned_film("hand", seconds=3.0))


def box_of(covered: Covered, cue: Cue) -> Box:
    """Where the strokes of a cue stand, as a reader of captions gives it."""
    mask = covered.masks[round((cue.start + cue.end) / 2 * covered.film.rate)]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    return Box.from_pixels(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1, width, height)


def read(covered: Covered) -> list[Shown]:
    return [Shown.of(cue, [box_of(covered, cue)]) for cue in covered.cues]


@pytest.mark.slow
def test_captions_are_gone_and_nothing_else_is_touched(covered: Covered, tmp_path: Path) -> None:
    shown, target = read(covered), tmp_path / "out.mp4"
    remake(
        covered.path,
        probe(covered.path),
        target,
        lambda c: remove_captions(c, shown),
        spans=spans(shown),
        beside=BESIDE_S,
        crf=12,
    )
    before = np.stack([f.bgr() for f in decode(covered.path)])
    after = np.stack([f.bgr() for f in decode(target)])
    with_text = [i for i, mask in enumerate(covered.masks) if mask.any()]
    ours = np.mean([psnr(covered.clean[i], after[i], covered.masks[i]) for i in with_text])
    assert ours > 25  # 17 where each picture is filled from its edges
    top = round(0.6 * before.shape[1])
    for one, other in zip(before, after, strict=True):
        assert psnr(one[:top], other[:top]) > 40
    ghosts = [np.abs(after[i].astype(int) - before[i])[covered.masks[i]].mean() for i in with_text]
    assert min(ghosts) > 30  # every picture with text has changed


def test_regions_and_times_choose() -> None:
    line = {"x": 0.2, "y": 0.8, "w": 0.5, "h": 0.05}
    rows = [
        {"start": 1.0, "end": 3.0, **line, "lines": [line]},
        {"start": 5.0, "end": 6.0, **line, "lines": [{**line, "y": 0.1}, line]},
    ]
    assert [(s.start, s.end) for s in chosen(rows, None, None)] == [(1, 3), (5, 6)]
    assert [len(s.rows) for s in chosen(rows, None, None)] == [1, 2]
    low = chosen(rows, [[0, 0.7, 1, 0.3]], [[2, 5.5]])
    assert [(s.start, s.end, len(s.rows)) for s in low] == [(2, 3, 1), (5, 5.5, 1)]
    assert chosen(rows, [[0, 0.3, 1, 0.2]], None) == []


@pytest.mark.parametrize(
    "values",
    [
        {"limit_region": [[0, 0, 2, 1]]},
        {"limit_region": [[0.5, 0.5, 0.6, 0.1]]},
        {"limit_region": [[0, 0, 0, 0.1]]},
        {"limit_region": [0, 0, 1, 1]},
        {"limit_region": "bottom"},
        {"time": [[5, 2]]},
        {"time": [[1]]},
        {"time": [[-1, 2]]},
    ],
)
def test_wrong_parameters_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(values)


def test_time_past_the_end_and_films_without_captions_are_told(
    covered: Covered, tmp_path: Path
) -> None:
    info = probe(covered.path)
    inputs = {"ocr_cues": artifacts.ocr_cues(tmp_path / "ocr", [
        Cue(c.start, c.end, c.text, box=box_of(covered, c)) for c in covered.cues
    ])}  # fmt: skip

    def run(**values: object) -> None:
        DETEXTED.run(Work(covered.path, info, inputs, Params.model_validate(values), tmp_path))

    with pytest.raises(InvalidParameter, match="time ends at 99 s"):
        run(time=[[1, 99]])
    with pytest.raises(NoCaptionsFound):
        run(limit_region=[[0, 0, 1, 0.3]])


@pytest.mark.slow
def test_stretches_that_do_not_fit_in_memory_are_parted(
    covered: Covered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("media_pipeline.stages.detext.removal._MOST_PICTURES", 15)
    shown, target = read(covered), tmp_path / "out.mp4"
    remake(covered.path, probe(covered.path), target, lambda c: remove_captions(c, shown), crf=12)
    after = [(f.time, f.bgr()) for f in decode(target)]
    assert len(after) == len(covered.clean)
    assert all(a < b for (a, _), (b, _) in pairwise(after))
    ours = np.mean([
        psnr(covered.clean[i], picture, covered.masks[i])
        for i, (_, picture) in enumerate(after) if covered.masks[i].any()
    ])  # fmt: skip
    assert ours > 25


def rows_of(covered: Covered, cue: Cue) -> list[Box]:
    """The boxes of the letters of each row."""
    width, height = covered.film.size
    boxes = []
    for row, x, y in reversed(caption_pictures(cue, covered.film)):
        ink = (row[..., 3] > 230) & (row[..., :3].max(axis=2) > 128)
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        edges = (x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1)
        boxes.append(Box.from_pixels(*edges, width, height))
    return boxes


def quality(covered: Covered, target: Path) -> tuple[float, float]:
    """PSNR inside the captions: as it was, and as it is."""
    before, after = ([f.bgr() for f in decode(path)] for path in (covered.path, target))
    at = [i for i, mask in enumerate(covered.masks) if mask.any()]
    one, other = (
        np.mean([psnr(covered.clean[i], pictures[i], covered.masks[i]) for i in at])
        for pictures in (before, after)
    )
    return float(one), float(other)


@pytest.mark.slow
@pytest.mark.parametrize("fade", [0.0, 0.2])
def test_a_translucent_box_is_taken_off_and_not_filled_in(tmp_path: Path, fade: float) -> None:
    film = captioned_film("flat", seconds=2.0)
    film = replace(film, style=Style(bar=0.6, outline=0, fade=fade))
    covered, target = make_covered(tmp_path / "film.mp4", film), tmp_path / "out.mp4"
    shown = [Shown.of(cue, rows_of(covered, cue)) for cue in covered.cues]
    remake(covered.path, probe(covered.path), target, lambda c: remove_captions(c, shown), crf=12)
    before, after = quality(covered, target)
    assert before < 16
    assert after > 28  # 21 where boxes are filled in


@pytest.mark.slow
def test_words_that_change_colour_as_they_are_sung_are_taken_out(tmp_path: Path) -> None:
    covered = make_sung(tmp_path / "film.mp4", captioned_film("hand", seconds=2.0))
    shown, target = (
        [Shown.of(cue, [box_of(covered, cue)]) for cue in covered.cues],
        tmp_path / "o.mp4",
    )
    remake(covered.path, probe(covered.path), target, lambda c: remove_captions(c, shown), crf=12)
    before, after = quality(covered, target)
    assert before < 9
    assert after > 20


STILL = Box(0.2, 0.75, 0.6, 0.2)


def still_film(path: Path, size: tuple[int, int], count: int, *args: str) -> Path:
    """Some equal pictures with a caption, coded by ffmpeg with the arguments given."""
    picture = texture(np.random.default_rng(3), *size, hard=True)
    left, top, _, bottom = STILL.pixels(*size)
    draw_text(picture, "Hello", left, top, 0.8 * (bottom - top))
    write_video(path.with_suffix(".mkv"), [picture] * count, codec="ffv1", pixels="bgr0")
    ffmpeg("-i", path.with_suffix(".mkv"), *args, path)
    return path


def detexted(film: Path, folder: Path, cue: Cue, **values: object) -> tuple[Path, Outcome]:
    inputs = {"ocr_cues": artifacts.ocr_cues(folder / "ocr", [cue])}
    (folder / "out").mkdir()
    params = Params.model_validate(values)
    work = Work(film, probe(film), inputs, params, folder / "out", name=film.name)
    return folder / "out" / "detexted.mp4", DETEXTED.run(work)


KINDS = {
    "one.mp4": ((320, 180), 1, ("-pix_fmt", "yuv420p")),
    "odd.mp4": ((321, 181), 5, ("-pix_fmt", "yuv444p")),
    "clear.mov": ((320, 180), 5, ("-pix_fmt", "yuva444p10le", "-c:v", "prores_ks")),
}


@pytest.mark.parametrize("name", KINDS)
def test_films_of_one_picture_of_odd_sides_and_with_alpha(tmp_path: Path, name: str) -> None:
    size, count, args = KINDS[name]
    film = still_film(tmp_path / name, size, count, *args)
    target, outcome = detexted(film, tmp_path, Cue(0.0, count / 25, "Hello", box=STILL))
    before, after = ([f.luma for f in decode(path)] for path in (film, target))
    assert len(after) == len(before) == count
    left, top, right, bottom = STILL.pixels(*size)
    away = np.abs(after[0][: size[1], : size[0]].astype(int) - before[0])
    assert away[top:bottom, left:right].max() > 100, "the text is gone"
    assert away[: top - 20].mean() < 2, "nothing else"
    told = [w for w in outcome.warnings if "MP4 keeps no alpha" in w]
    assert len(told) == (name == "clear.mov")


def test_only_what_lies_in_the_region_and_time_is_taken_out(tmp_path: Path) -> None:
    film = still_film(tmp_path / "film.mp4", (320, 180), 50, "-pix_fmt", "yuv420p", "-g", "5")
    target, outcome = detexted(
        *(film, tmp_path, Cue(0.0, 2.0, "Hello", box=STILL)),
        limit_region=[[0.0, 0.7, 1.0, 0.3]],
        time=[[1.0, 1.4]],
    )
    assert outcome.facts["shown"] == [[1.0, 1.4]]
    left, top, right, bottom = STILL.pixels(320, 180)
    for one, other in zip(decode(film), decode(target), strict=True):
        away = np.abs(one.bgr().astype(int) - other.bgr())
        if 1.04 <= one.time < 1.36:
            assert away[top:bottom, left:right].max() > 100
        elif not 0.55 <= one.time < 1.85:
            assert not away.any(), "copied bit by bit"
