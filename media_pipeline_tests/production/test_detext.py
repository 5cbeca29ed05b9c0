from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from media_pipeline.media.decode import decode
from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import quiet
from media_pipeline.store import Store
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.captions import Film, Mark, make_clip


def test_a_film_without_captions_comes_back_as_it_is(tmp_path: Path, silent_clip: Path) -> None:
    runner = Runner(Store(tmp_path / "lake"))
    item = runner.ingest(silent_clip)
    notes: list[str] = []
    (tmp_path / "out").mkdir()
    job = Job(runner, item.key, tmp_path / "out", "out.mp4", quiet, notes.append)
    assert FUNCTIONS["VideoDetext"].prepare({}).work(job) == {}
    assert "unchanged" in notes[-1]
    before, after = probe(silent_clip).video, probe(tmp_path / "out" / "out.mp4").video
    assert before is not None
    assert after is not None
    assert after.frames == before.frames


def picture_parts(path: Path, edges: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = edges
    return np.stack([frame.luma[top:bottom, left:right] for frame in decode(path)]).astype(int)


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"LimitRegion": [0, 0.7, 1, 0.3]}])
def test_a_mark_beside_the_captions_stays_unless_boxes_ask_for_it(
    tmp_path: Path, params: dict[str, object]
) -> None:
    cues = [Cue(0.4, 1.6, "我们没有时间了"), Cue(1.8, 3.0, "Where have you been"),
            Cue(3.2, 4.4, "不要再问我了")]  # fmt: skip
    mark = Mark("Channel 5", 0.78, 0.88, 0.05)
    clip = make_clip(tmp_path / "film.mp4", Film(cues, 4.8, ground="drift", marks=(mark,)), crf=16)
    runner = Runner(Store(tmp_path / "lake"))
    item = runner.ingest(clip.path)
    (tmp_path / "out").mkdir()
    job = Job(runner, item.key, tmp_path / "out", "out.mp4", quiet, lambda _: None)
    FUNCTIONS["VideoDetext"].prepare(params).work(job)
    away = {
        name: np.abs(picture_parts(clip.path, edges) - picture_parts(job.folder / job.name, edges))
        for name, edges in (("captions", (200, 300, 440, 356)), ("mark", (490, 310, 620, 350)))
    }
    for cue in cues:
        at = round(25 * (cue.start + cue.end) / 2)
        assert away["captions"][at].max() > 100, "gone"
    touched = away["mark"].max(axis=(1, 2)) > 80
    assert touched.any() == bool(params)
