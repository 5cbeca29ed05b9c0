"""Every stage that makes a film anew, on a turned film of variable rate with sound: its pictures
keep their times and stand upright, and its coded sound is the same.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from media_pipeline.media.decode import decode
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.stages.registry import STAGES
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.captions import draw_text
from media_pipeline_tests.generators.faces import FaceFilm, make_faces
from media_pipeline_tests.generators.video import ffmpeg, vfr_times, write_video

WIDTH, HEIGHT = 320, 180
ROW = Box(60 / WIDTH, 150 / HEIGHT, 190 / WIDTH, 22 / HEIGHT)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face over a caption; coded lying, of two seconds with its pause, and a tone as long."""
    folder = tmp_path_factory.mktemp("turned")
    shown = make_faces(FaceFilm(seconds=0.8, size=(WIDTH, HEIGHT), width=80.0, moves=0.02)).spotted
    for picture in shown:
        draw_text(picture, "Where have you been", 62, 150, 20)
    lying = [np.ascontiguousarray(np.rot90(picture)) for picture in shown]
    write_video(folder / "lying.mp4", lying, times=vfr_times(len(lying)))
    tone = ("-f", "lavfi", "-t", "2", "-i", "sine=440:sample_rate=44100")
    ffmpeg(
        *("-display_rotation", "-90", "-i", folder / "lying.mp4", *tone),
        *("-c:v", "copy", "-c:a", "aac", folder / "film.mp4"),
    )
    return folder / "film.mp4"


def sound(path: Path) -> list[tuple[float, bytes]]:
    with av.open(str(path)) as container:
        return [
            (round(float(packet.pts * packet.time_base), 4), bytes(packet))
            for packet in container.demux(audio=0)
            if packet.pts is not None
        ]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("detexted", {}),
        ("delogoed", {"boxes": [[ROW.x, ROW.y, ROW.w, ROW.h]]}),
        ("beautified", {"smooth": 80}),
        ("portrait", {}),
    ],
)
def test_a_turned_film_of_variable_rate_keeps_its_times_and_its_sound(
    film: Path, tmp_path: Path, name: str, params: dict[str, object]
) -> None:
    stage = STAGES[name]
    inputs = {}
    if "frames" in stage.inputs:
        inputs["frames"] = artifacts.run_stage(STAGES["frames"], film, tmp_path / "frames")
    if "ocr_cues" in stage.inputs:
        cue = Cue(0.0, probe(film).duration, "Where have you been", box=ROW)
        inputs["ocr_cues"] = artifacts.ocr_cues(tmp_path / "ocr", [cue])
    made = artifacts.run_stage(
        stage, film, tmp_path / "out", inputs, stage.params.model_validate(params)
    )
    before = list(decode(film))
    after = list(decode(made.path(f"{name}.mp4")))
    assert [f.time for f in after] == pytest.approx([f.time for f in before], abs=0.0006)
    found = sound(made.path(f"{name}.mp4"))
    assert found == sound(film)
    assert len(found) > 80, "two seconds in packets of 1024 samples"
    one, other = before[9].luma.astype(int), after[9].luma.astype(int)
    assert one.shape == (HEIGHT, WIDTH)
    if name == "portrait":
        assert other.shape == (HEIGHT, 102)
        return
    away = np.abs(one - other)
    left, top, right, bottom = ROW.pixels(WIDTH, HEIGHT)
    assert (away[top:bottom, left:right].max() > 100) == (name != "beautified")
    assert away.max() > 8, "something has changed"
    assert away[:20].mean() < 2.5, "what is far from it has not"
    assert made.files("pair_*.jpg"), "pictures of before and after"
