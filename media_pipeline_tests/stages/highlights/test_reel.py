"""The reel: how long it is, what is shown and heard when, and what it takes to make it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from media_pipeline.errors import NothingToDo
from media_pipeline.media.audio import read_audio
from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.highlights import REEL, make_reel
from media_pipeline.stages.highlights.cards import title_card
from media_pipeline.stages.highlights.reel import Clip, Params
from media_pipeline.stages.tables import CLIPS
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.video import ffmpeg

FPS = 25
TITLE, FADE = 1.0, 0.2
COLOURS = ["red", "lime", "blue"]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    """Clips of one colour and one tone each."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for number, (colour, seconds) in enumerate(zip(COLOURS, (1.0, 1.4, 1.2), strict=True)):
        path = folder / f"clip_{number + 1:02d}.mp4"
        picture = ["-f", "lavfi", "-i", f"color={colour}:s=160x90:r={FPS}:d={seconds}"]
        sound = ["-f", "lavfi", "-i", f"sine={400 * (number + 1)}:r=44100:d={seconds},volume=4"]
        ffmpeg(*picture, *sound, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-c:a", "aac", path)
        made.append(Clip(path, 10.0 * number, 10.0 * number + seconds, 0.9 - 0.2 * number))
    return made


@pytest.fixture(scope="module")
def reel(clips: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    target = tmp_path_factory.mktemp("reel") / "reel.mp4"
    return target, make_reel(clips, target, Params(title_s=TITLE, fade_s=FADE))


def begins(number: int) -> float:
    """When a clip begins to appear."""
    lengths = [1.0, 1.4, 1.2]
    return number * (TITLE - 2 * FADE) + sum(lengths[:number]) + TITLE - FADE


def test_it_lasts_as_long_as_titles_and_clips_less_the_fades(
    reel: tuple[Path, float],
) -> None:
    path, duration = reel
    assert duration == pytest.approx(3 * TITLE + 3.6 - 5 * FADE)
    info = verify_media(path, duration=duration)
    assert info.duration == pytest.approx(duration, abs=0.05)


def test_every_clip_is_shown_after_its_title(reel: tuple[Path, float]) -> None:
    for number, colour in enumerate(((0, 0, 255), (0, 255, 0), (255, 0, 0))):
        middle = begins(number) + 0.5
        assert frame_at(reel[0], middle).mean(axis=(0, 1)) == pytest.approx(colour, abs=8)
        title = frame_at(reel[0], begins(number) - 0.3).astype(float)
        assert title.mean() < 60
        assert title.max() > 200, "there is writing on it"


def test_picture_and_sound_fade_across(reel: tuple[Path, float]) -> None:
    levels = []
    for frame in decode(reel[0], start=begins(0), end=begins(0) + FADE):
        levels.append(frame.bgr()[:, :, 2].mean())
    assert len(levels) == round(FADE * FPS)
    assert (np.diff(levels) > 10).all(), levels
    sound = read_audio(reel[0])

    def level(time: float) -> float:
        part = sound[round(time * 16000) : round((time + 0.02) * 16000)]
        return float(np.sqrt((part**2).mean()))

    full = level(begins(0) + 0.5)
    assert full > 0.1
    assert level(begins(0) - 0.3) < 0.01
    assert level(begins(0) + FADE / 2) == pytest.approx(full / 2, rel=0.35)
    assert level(begins(0) + 1.0 - FADE / 2) == pytest.approx(full / 2, rel=0.35)


def test_every_clip_is_heard_in_its_place(reel: tuple[Path, float]) -> None:
    for number in range(3):
        start = begins(number) + FADE
        sound = read_audio(reel[0], start=start, end=start + 0.5)
        peak = np.argmax(np.abs(np.fft.rfft(sound * np.hanning(len(sound))))) / 0.5
        assert peak == pytest.approx(400 * (number + 1), abs=5)


def test_one_clip_makes_a_reel_and_none_does_not(clips: list[Clip], tmp_path: Path) -> None:
    duration = make_reel(clips[:1], tmp_path / "reel.mp4", Params(title_s=TITLE, fade_s=FADE))
    assert duration == pytest.approx(TITLE + 1.0 - FADE)
    verify_media(tmp_path / "reel.mp4", duration=duration)
    with pytest.raises(NothingToDo):
        make_reel([], tmp_path / "none.mp4")


def test_without_fades_the_pictures_change_at_once(clips: list[Clip], tmp_path: Path) -> None:
    duration = make_reel(clips[:1], tmp_path / "reel.mp4", Params(title_s=TITLE, fade_s=0.0))
    assert duration == pytest.approx(TITLE + 1.0)
    red = [f.bgr()[:, :, 2].mean() > 200 for f in decode(tmp_path / "reel.mp4")]
    assert red == [False] * FPS + [True] * FPS


def test_silent_clips_and_sound_alone(clips: list[Clip], tmp_path: Path) -> None:
    silent, sound = tmp_path / "silent.mp4", tmp_path / "sound.m4a"
    ffmpeg("-i", clips[0].path, "-an", "-c", "copy", silent)
    ffmpeg("-i", clips[0].path, "-vn", "-c", "copy", sound)
    params = Params(title_s=0.6, fade_s=0.1)
    make_reel([Clip(silent, 0, 1, 0.5)], tmp_path / "a.mp4", params)
    assert not verify_media(tmp_path / "a.mp4").audio
    duration = make_reel([Clip(sound, 0, 1, 0.5)], tmp_path / "b.mp4", params)
    info = verify_media(tmp_path / "b.mp4", duration=duration)
    assert info.video is not None
    assert info.audio
    card = frame_at(tmp_path / "b.mp4", duration - 0.2)
    assert card.max() > 200, "the title stays while the sound plays"


def test_progress_can_stop_it_and_nothing_is_left(clips: list[Clip], tmp_path: Path) -> None:
    shares: list[float] = []

    def stop(share: float) -> None:
        shares.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_reel(clips, tmp_path / "reel.mp4", progress=stop)
    assert shares == sorted(shares)
    assert not list(tmp_path.iterdir())


def test_the_stage_reads_the_clips_in_order(clips: list[Clip], tmp_path: Path) -> None:
    folder = tmp_path / "rendered"
    folder.mkdir()
    for clip in clips[:2]:
        (folder / clip.path.name).write_bytes(clip.path.read_bytes())
    table = {
        "start": [c.start for c in clips[:2]],
        "end": [c.end for c in clips[:2]],
        "file": [c.path.name for c in clips[:2]],
        "duration": [1.0, 1.4],
        "score": [c.score for c in clips[:2]],
    }
    pq.write_table(pa.table(table, schema=CLIPS.schema), folder / "clips.parquet")
    made = artifacts.run_stage(
        REEL,
        clips[0].path,
        tmp_path / "out",
        {"rendered_clips": artifacts.FolderArtifact(folder)},
        Params(title_s=TITLE, fade_s=FADE),
    )
    assert made.facts["duration"] == pytest.approx(2 * TITLE + 2.4 - 3 * FADE)
    verify_media(made.path("reel.mp4"), duration=made.facts["durations"]["reel.mp4"])


def test_a_title_says_number_place_and_score() -> None:
    one = title_card((320, 180), 1, 3, 62.0, 75.5, 0.82)
    assert one.shape == (180, 320, 3)
    assert one.dtype == np.uint8
    for other in (
        title_card((320, 180), 2, 3, 62.0, 75.5, 0.82),
        title_card((320, 180), 1, 3, 63.0, 75.5, 0.82),
        title_card((320, 180), 1, 3, 62.0, 75.5, 0.12),
    ):
        assert (one != other).any()
    tall = title_card((90, 160), 10, 10, 6200.0, 6215.0, 0.0, np.full((20, 30, 3), 200, np.uint8))
    border = np.concatenate([tall[:, :4], tall[:, -4:]], axis=1)
    assert border.std() < 5, "the text fits a narrow picture"


def test_moviepy_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, media_pipeline.stages.highlights; sys.exit('moviepy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
