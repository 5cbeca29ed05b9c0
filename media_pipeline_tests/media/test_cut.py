"""Cutting: the right frames, the right length, the right sound, whatever the file."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from media_pipeline.errors import EncodeFailed, InvalidParameter
from media_pipeline.media.audio import read_audio
from media_pipeline.media.cut import cut, frame_span
from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import verify_media
from media_pipeline.media.wav import write_wav
from media_pipeline_tests.generators.video import (
    ffmpeg,
    numbered,
    read_number,
    scene,
    write_video,
)

FPS = 25
SECONDS = 6


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Numbered frames, a key frame every second, and a tone that rises by 100 Hz every second."""
    folder = tmp_path_factory.mktemp("film")
    write_video(folder / "picture.mp4", (numbered(i) for i in range(SECONDS * FPS)))
    time = np.arange(SECONDS * 44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * (200 + 100 * np.floor(time)) * time)
    write_wav(folder / "sound.wav", tone.astype(np.float32), 44100)
    parts = ["-i", folder / "picture.mp4", "-i", folder / "sound.wav", "-c:v", "copy"]
    ffmpeg(*parts, "-c:a", "aac", folder / "film.mp4")
    return folder / "film.mp4"


def numbers(path: Path) -> list[int]:
    return [read_number(frame.luma) for frame in decode(path)]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 3.0), (2.13, 4.56), (4.9, 6.0)])
def test_the_frames_are_those_of_the_range(
    film: Path, tmp_path: Path, suffix: str, start: float, end: float
) -> None:
    given = film
    if suffix != ".mp4":
        given = tmp_path / f"film{suffix}"
        ffmpeg("-i", film, "-c", "copy", given)
    seconds = cut(given, tmp_path / "clip.mp4", start, end)
    # transport streams start a few milliseconds late, with their sound
    first = next(f.time for f in decode(given))
    found = numbers(tmp_path / "clip.mp4")
    assert found[0] == max(0, int((start - first + 0.001) * FPS))
    assert found == list(range(found[0], found[0] + len(found)))
    assert abs(len(found) - (end - start) * FPS) <= 1
    assert abs(seconds - (end - start)) <= 1 / FPS
    info = verify_media(tmp_path / "clip.mp4", duration=seconds)
    assert info.video is not None
    assert abs(info.video.duration - seconds) < 0.002
    assert abs(info.duration - seconds) < 0.03


def test_the_sound_is_that_of_the_range_and_does_not_click(film: Path, tmp_path: Path) -> None:
    cut(film, tmp_path / "clip.mp4", 2.0, 4.0)
    given = read_audio(film, start=2.0, end=4.0)
    found = read_audio(tmp_path / "clip.mp4")[: len(given)]
    inner = slice(1600, len(given) - 1600)
    assert np.corrcoef(given[inner], found[inner])[0, 1] > 0.98
    assert np.abs(given[:32]).max() > 0.1, "the source is loud at the place of the cut"
    assert np.abs(found[:8]).max() < 0.05
    assert np.abs(found[len(given) - 8 : len(given)]).max() < 0.05


def test_the_pictures_are_those_of_the_source(tmp_path: Path) -> None:
    show = scene(3)
    write_video(tmp_path / "film.mp4", (show(i) for i in range(60)))
    cut(tmp_path / "film.mp4", tmp_path / "clip.mp4", 0.8, 1.6, crf=16)
    for frame in decode(tmp_path / "clip.mp4"):
        assert cv2.PSNR(frame.bgr(), frame_at(tmp_path / "film.mp4", 0.8 + frame.time)) > 36


def test_a_key_frame_comes_every_two_seconds(film: Path, tmp_path: Path) -> None:
    cut(film, tmp_path / "clip.mp4", 0.4, 5.4)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        packets = [p for p in container.demux(video=0) if p.is_keyframe and p.pts is not None]
        assert [float(p.pts * p.time_base) for p in packets] == pytest.approx([0, 2, 4], abs=0.02)


def test_variable_frame_rates_keep_the_times_of_their_frames(tmp_path: Path) -> None:
    times = np.cumsum([0.0, *([0.04, 0.08, 0.04] * 20)])
    write_video(tmp_path / "film.mp4", (numbered(i) for i in range(len(times))), times=times)
    start = 1.0
    seconds = cut(tmp_path / "film.mp4", tmp_path / "clip.mp4", start, 2.2)
    found = [(read_number(f.luma), f.time) for f in decode(tmp_path / "clip.mp4")]
    first = int(np.searchsorted(times, start + 1e-6)) - 1
    assert [n for n, _ in found] == list(range(first, first + len(found)))
    for number, time in found:
        assert time == pytest.approx(times[number] - times[first], abs=0.002)
    assert abs(seconds - 1.2) <= 0.08
    verify_media(tmp_path / "clip.mp4", duration=seconds)


@pytest.mark.parametrize("copy", [False, True])
def test_the_last_picture_stays_while_the_sound_goes_on(tmp_path: Path, copy: bool) -> None:
    film = tmp_path / "film.mp4"
    write_video(tmp_path / "picture.mp4", (numbered(i) for i in range(50)))
    ffmpeg(
        "-i", tmp_path / "picture.mp4", "-f", "lavfi", "-i", "sine=440:d=3", "-c:v", "copy", film
    )
    assert cut(film, tmp_path / "clip.mp4", 1.2, 3.0, copy=copy) == pytest.approx(1.8, abs=0.04)
    verify_media(tmp_path / "clip.mp4", duration=1.8)
    found = [read_number(f.luma) for f in decode(tmp_path / "clip.mp4")]
    assert found == [*range(30, 50), *[49] * 25]


def test_a_slide_is_held_from_the_start_to_the_end(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", (numbered(i) for i in range(4)), times=[0, 2.0, 4.0, 5.9])
    seconds = cut(tmp_path / "film.mp4", tmp_path / "clip.mp4", 1.2, 4.9)
    assert seconds == pytest.approx(3.7, abs=0.001)
    shown = {round(f.time, 2): read_number(f.luma) for f in decode(tmp_path / "clip.mp4")}
    assert shown[0.0] == 0
    assert [shown[t] for t in (0.4, 1.2, 2.0, 3.2)] == [0, 1, 1, 2]
    verify_media(tmp_path / "clip.mp4", duration=seconds)


def test_rotated_film_is_upright(tmp_path: Path) -> None:
    write_video(tmp_path / "coded.mp4", (scene(5)(i) for i in range(50)))
    ffmpeg(
        "-display_rotation", "90", "-i", tmp_path / "coded.mp4", "-c", "copy", tmp_path / "r.mp4"
    )
    cut(tmp_path / "r.mp4", tmp_path / "clip.mp4", 0.4, 1.2, crf=14)
    info = probe(tmp_path / "clip.mp4")
    assert info.video is not None
    assert (info.video.width, info.video.height, info.video.rotation) == (180, 320, 0)
    found = next(iter(decode(tmp_path / "clip.mp4"))).bgr()
    assert cv2.PSNR(found, frame_at(tmp_path / "r.mp4", 0.4)) > 35


@pytest.mark.parametrize(
    ("size", "codec", "pixels"),
    [
        ((161, 91), "ffv1", "bgr0"),
        ((161, 90), "ffv1", "yuv444p"),
        ((160, 90), "ffv1", "yuv420p10le"),
    ],
)
def test_odd_sizes_and_deep_pixels(
    tmp_path: Path, size: tuple[int, int], codec: str, pixels: str
) -> None:
    width, height = size
    show = scene(9, width, height)
    soft = (cv2.GaussianBlur(show(i), (0, 0), 3) for i in range(30))
    write_video(tmp_path / "film.mkv", soft, codec=codec, pixels=pixels)
    cut(tmp_path / "film.mkv", tmp_path / "clip.mp4", 0.2, 1.0, crf=10)
    info = probe(tmp_path / "clip.mp4")
    assert info.video is not None
    assert (info.video.width, info.video.height) == (width + width % 2, height + height % 2)
    assert info.video.pixel_format == "yuv420p"
    found = next(iter(decode(tmp_path / "clip.mp4"))).bgr()[:height, :width]
    expected = frame_at(tmp_path / "film.mkv", 0.2)
    assert cv2.PSNR(found, expected) > 35
    assert cv2.PSNR(found[:, -1:], expected[:, -1:]) > 30, "the last column is the source's"


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", (numbered(i) for i in range(30)))
    ffmpeg("-i", tmp_path / "film.mp4", "-vf", "setsar=4/3", tmp_path / "wide.mp4")
    cut(tmp_path / "wide.mp4", tmp_path / "clip.mp4", 0.0, 1.0)
    video = probe(tmp_path / "clip.mp4").video
    assert video is not None
    assert (video.width, video.height, video.sample_aspect) == (428, 180, 1.0)


def test_tall_pictures_are_made_smaller_when_asked(film: Path, tmp_path: Path) -> None:
    cut(film, tmp_path / "clip.mp4", 1.0, 2.0, max_height=90)
    video = probe(tmp_path / "clip.mp4").video
    assert video is not None
    assert (video.width, video.height) == (160, 90)
    assert numbers(tmp_path / "clip.mp4") == list(range(25, 50))


def test_silent_film_and_sound_alone(film: Path, tmp_path: Path) -> None:
    ffmpeg("-i", film, "-an", "-c", "copy", tmp_path / "silent.mp4")
    seconds = cut(tmp_path / "silent.mp4", tmp_path / "clip.mp4", 1.0, 2.0)
    assert not verify_media(tmp_path / "clip.mp4", duration=seconds).audio

    ffmpeg("-i", film, "-vn", tmp_path / "sound.flac")
    seconds = cut(tmp_path / "sound.flac", tmp_path / "clip.m4a", 1.25, 3.5)
    assert seconds == pytest.approx(2.25)
    info = verify_media(tmp_path / "clip.m4a", duration=seconds)
    assert info.video is None
    given, found = read_audio(film, start=1.25, end=3.5), read_audio(tmp_path / "clip.m4a")
    assert np.corrcoef(given[1600:30000], found[1600:30000])[0, 1] > 0.98


def test_sound_that_ends_early_is_filled_with_silence(film: Path, tmp_path: Path) -> None:
    args = ["-i", film, "-ss", "0", "-t", "2", "-i", film, "-map", "0:v", "-map", "1:a"]
    ffmpeg(*args, "-c:v", "copy", tmp_path / "short.mp4")
    seconds = cut(tmp_path / "short.mp4", tmp_path / "clip.mp4", 1.0, 4.0)
    sound = read_audio(tmp_path / "clip.mp4")
    assert len(sound) / 16000 == pytest.approx(seconds, abs=0.05)
    assert np.abs(sound[4000:12000]).max() > 0.2
    assert np.abs(sound[20000:40000]).max() < 0.01


@pytest.mark.parametrize(
    "name", ["-lead.mp4", "new\nline.mp4", 'it\'s "%d" 50%.mp4', "🎬 a:b.mp4", "with space.mp4"]
)
def test_names_are_only_names(film: Path, tmp_path: Path, name: str) -> None:
    given = tmp_path / name
    given.write_bytes(film.read_bytes())
    target = tmp_path / f"clip {name}"
    cut(given, target, 1.0, 1.4)
    assert numbers(target) == list(range(25, 35))


def test_progress_goes_up_to_one_and_can_stop_the_work(film: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    cut(film, tmp_path / "clip.mp4", 0.0, 6.0, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0

    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut(film, tmp_path / "other.mp4", 0.0, 6.0, progress=stop)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.mp4"]


@pytest.mark.parametrize(("start", "end"), [(-1.0, 2.0), (3.0, 3.0), (4.0, 2.0), (6.5, 8.0)])
def test_ranges_outside_the_film_are_refused(
    film: Path, tmp_path: Path, start: float, end: float
) -> None:
    with pytest.raises(InvalidParameter, match=r"is not in film\.mp4"):
        cut(film, tmp_path / "clip.mp4", start, end)


def test_a_failed_cut_leaves_nothing(film: Path, tmp_path: Path) -> None:
    with pytest.raises(EncodeFailed):
        cut(film, tmp_path / "clip.mp4", 0.0, 1.0, preset="no such preset")
    assert not list(tmp_path.iterdir())


def test_a_span_ends_with_the_film(film: Path) -> None:
    video = probe(film).video
    assert video is not None
    span = frame_span(film, video, 5.0, 6.0)
    assert span.start == pytest.approx(5.0, abs=1e-6)
    assert span.end == pytest.approx(6.0, abs=0.002)
