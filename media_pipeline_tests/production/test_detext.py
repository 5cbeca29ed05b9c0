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
from media_pipeline_tests.generators.captions import CaptionClip, Film, Mark, make_clip
from media_pipeline_tests.generators.covered import Covered, make_covered
from media_pipeline_tests.generators.scores import psnr


def detext(film: Path, folder: Path, **params: object) -> tuple[Path, list[str]]:
    """The film that the function writes, and its notes. The film is read once at most."""
    runner = Runner(Store(folder / "lake"))
    (folder / "out").mkdir()
    notes: list[str] = []
    key = runner.ingest(film).key
    job = Job(runner, key, folder / "out", "out.mp4", quiet, notes.append)
    assert FUNCTIONS["VideoDetext"].prepare(params).work(job) == {}
    assert len(list((folder / "lake" / "ocr_cues").glob("*/*/manifest.json"))) == 1
    return folder / "out" / "out.mp4", notes


def test_a_film_without_captions_is_read_once_and_comes_back_as_it_is(
    tmp_path: Path, silent_clip: Path
) -> None:
    target, notes = detext(silent_clip, tmp_path)
    assert "unchanged" in notes[-1]
    before, after = probe(silent_clip).video, probe(target).video
    assert before is not None
    assert after is not None
    assert after.frames == before.frames


def picture_parts(path: Path, edges: tuple[int, int, int, int]) -> np.ndarray:
    left, top, right, bottom = edges
    return np.stack([frame.luma[top:bottom, left:right] for frame in decode(path)]).astype(int)


CUES = [Cue(0.4, 1.6, "我们没有时间了"), Cue(1.8, 3.0, "Where have you been"),
        Cue(3.2, 4.4, "不要再问我了")]  # fmt: skip
MARK = Mark("Channel 5", 0.78, 0.88, 0.05)
MARK_EDGES = (490, 310, 620, 350)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> CaptionClip:
    film = Film(CUES, 4.8, ground="drift", marks=(MARK,))
    return make_clip(tmp_path_factory.mktemp("marked") / "film.mp4", film, crf=16)


@pytest.mark.slow
@pytest.mark.parametrize("params", [{}, {"LimitRegion": [0, 0.7, 1, 0.3]}])
def test_a_mark_beside_the_captions_stays_unless_boxes_ask_for_it(
    tmp_path: Path, marked: CaptionClip, params: dict[str, object]
) -> None:
    target, _ = detext(marked.path, tmp_path, **params)
    away = {
        name: np.abs(picture_parts(marked.path, edges) - picture_parts(target, edges))
        for name, edges in (("captions", (200, 300, 440, 356)), ("mark", MARK_EDGES))
    }
    for cue in CUES:
        at = round(25 * (cue.start + cue.end) / 2)
        assert away["captions"][at].max() > 100, "gone"
    touched = away["mark"].max(axis=(1, 2)) > 80
    assert touched.any() == bool(params)


@pytest.mark.slow
def test_a_mark_stays_when_no_caption_is_in_the_time_asked_for(
    tmp_path: Path, marked: CaptionClip
) -> None:
    target, notes = detext(marked.path, tmp_path, Time=[0.0, 0.3])
    assert "unchanged" in notes[-1]
    assert np.array_equal(picture_parts(target, MARK_EDGES), picture_parts(marked.path, MARK_EDGES))


@pytest.mark.slow
def test_where_nothing_looks_like_captions_all_text_is_taken_out(tmp_path: Path) -> None:
    film = Film((), 2.4, ground="drift", marks=(MARK,))
    clip = make_clip(tmp_path / "film.mp4", film, crf=16)
    target, _ = detext(clip.path, tmp_path)
    away = np.abs(picture_parts(clip.path, MARK_EDGES) - picture_parts(target, MARK_EDGES))
    assert away.max(axis=(1, 2)).min() > 80


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory: pytest.TempPathFactory) -> Covered:
    cues = [Cue(0.4, 1.6, "我们没有时间了\nWe are running out of time"),
            Cue(1.8, 3.0, "你去哪里了\nWhere have you been"),
            Cue(3.2, 4.4, "不要再问我了\nDo not ask me again")]  # fmt: skip
    folder = tmp_path_factory.mktemp("bilingual")
    return make_covered(folder / "film.mp4", Film(cues, 4.8, ground="drift", size=(480, 270)))


@pytest.mark.slow
def test_both_rows_of_bilingual_captions_are_taken_out(bilingual: Covered, tmp_path: Path) -> None:
    target, _ = detext(bilingual.path, tmp_path)
    before, after = (
        np.stack([frame.bgr() for frame in decode(path)]) for path in (bilingual.path, target)
    )
    with_text = np.flatnonzero(bilingual.masks.any(axis=(1, 2)))
    assert len(with_text) == 90
    for i in with_text:
        for part in halves(bilingual.masks[i]):
            mask, truth = bilingual.masks[i, part], bilingual.clean[i, part]
            assert psnr(truth, before[i, part], mask) < 12
            assert psnr(truth, after[i, part], mask) > 24


def halves(mask: np.ndarray) -> tuple[slice, slice]:
    """The upper and the lower row of a caption, parted where fewest of its pixels are."""
    rows = np.flatnonzero(mask.any(axis=1))
    quarter = len(rows) // 4
    inner = rows[quarter:-quarter]
    middle = int(inner[mask[inner].sum(axis=1).argmin()])
    return slice(int(rows[0]), middle), slice(middle, int(rows[-1]) + 1)
