"""Captions taken out of films whose ground is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from media_pipeline.errors import InvalidParameter, NoCaptionsFound
from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.stages.base import Work
from media_pipeline.stages.detext import DETEXTED, Params, remove_captions
from media_pipeline.stages.detext.removal import BESIDE_S, Shown, spans
from media_pipeline.stages.detext.stage import chosen
from media_pipeline.stages.remake import remake
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.covered import Covered, captioned_film, make_covered
from media_pipeline_tests.generators.scores import psnr


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
