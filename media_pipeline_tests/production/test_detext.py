from __future__ import annotations

from pathlib import Path

from media_pipeline.media.probe import probe
from media_pipeline.production.base import Job
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.runner import Runner
from media_pipeline.stages.base import quiet
from media_pipeline.store import Store


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
