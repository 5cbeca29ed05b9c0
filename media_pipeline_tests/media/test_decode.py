"""Frames: all of them, at their true times, as displayed."""

from __future__ import annotations

import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.geometry import Box
from media_pipeline_tests.generators import video


def test_every_frame_once_and_in_order(clip: Path) -> None:
    frames = [(f.index, f.time, video.read_number(f.luma)) for f in decode(clip)]
    assert [number for _, _, number in frames] == list(range(50))
    assert [index for index, _, _ in frames] == list(range(50))
    np.testing.assert_allclose([t for _, t, _ in frames], np.arange(50) / 25, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "webm"])
def test_times_of_a_variable_rate_are_the_true_ones(tmp_path: Path, suffix: str) -> None:
    truth = video.vfr_times(60)
    path = tmp_path / f"vfr.{suffix}"
    codec = "libvpx" if suffix == "webm" else "libx264"
    video.write_video(path, (video.numbered(i) for i in range(60)), times=truth, codec=codec)
    found = [(f.time, video.read_number(f.luma)) for f in decode(path)]
    assert [number for _, number in found] == list(range(60))
    start = min(0.0, found[0][0])
    assert found[0][0] == pytest.approx(0.0, abs=0.05) or suffix == "ts"
    tolerance = 0.0006 if suffix in ("mkv", "webm") else 1e-5
    offset = found[0][0] - truth[0]
    np.testing.assert_allclose([t - offset for t, _ in found], truth, atol=tolerance)
    assert start == 0.0


def test_times_equal_the_timestamps_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "vfr.mp4"
    video.write_video(path, (video.numbered(i) for i in range(40)), times=video.vfr_times(40))
    stamps = [float(frame.pts * frame.time_base) for frame in video.frames_of(path)]
    assert [f.time for f in decode(path)] == stamps


@pytest.mark.parametrize(
    ("start", "end"), [(0.0, 0.5), (0.5, 1.0), (0.81, 0.83), (1.5, None), (0.98, 1.05), (5.0, None)]
)
def test_a_span_of_time(clip: Path, start: float, end: float | None) -> None:
    last = 2.0 if end is None else end
    truth = [i for i in range(50) if start - 1e-6 <= i / 25 < last - 1e-6]
    frames = [(f.index, video.read_number(f.luma)) for f in decode(clip, start=start, end=end)]
    assert [number for _, number in frames] == truth
    assert [index for index, _ in frames] == list(range(len(truth)))


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_a_transport_stream_is_whole_from_any_start(tmp_path: Path, codec: str) -> None:
    clip, path = video.write_clip(tmp_path / "clip.mp4"), tmp_path / "clip.ts"
    video.ffmpeg("-i", clip, "-c:v", codec, "-g", "25", "-qscale:v", "2", path)
    whole = [(f.time, video.read_number(f.luma)) for f in decode(path)]
    assert [number for _, number in whole] == list(range(50))
    first = whole[0][0]
    assert first > 0.005  # the sound starts before the picture
    for start in (first / 2, first - 0.001, first + 0.001, 0.3, 0.9, 1.1):
        found = [(f.time, video.read_number(f.luma)) for f in decode(path, start=start)]
        assert found == [one for one in whole if one[0] >= start], start


@pytest.mark.parametrize("suffix", ["mkv", "ts", "h264", "avi"])
def test_a_span_in_containers_that_are_hard_to_search(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"film.{suffix}"
    video.write_video(tmp_path / "film.mp4", (video.numbered(i) for i in range(100)), gop=40)
    video.ffmpeg("-i", tmp_path / "film.mp4", "-c:v", "mpeg4" if suffix == "avi" else "copy", path)
    whole = {video.read_number(f.luma): f.time for f in decode(path)}
    assert len(whole) == 100
    found = {video.read_number(f.luma): f.time for f in decode(path, start=whole[61] - 0.01)}
    assert min(found) == 61
    assert len(found) == 39
    assert all(found[n] == pytest.approx(whole[n], abs=1e-6) for n in found)


@pytest.mark.parametrize("moment", [-1.0, 0.0, 0.039, 0.04, 1.0, 1.2345, 1.96, 1.99, 50.0])
def test_the_frame_shown_at_a_time(clip: Path, moment: float) -> None:
    truth = min(max(int((moment + 1e-6) * 25), 0), 49)
    picture = frame_at(clip, moment)
    assert picture.shape == (180, 320, 3)
    assert video.read_number(picture[..., 1]) == truth


def test_the_frame_shown_during_a_pause(tmp_path: Path) -> None:
    path = tmp_path / "pause.mp4"
    pictures = (video.numbered(i) for i in range(4))
    video.write_video(path, pictures, times=[0.0, 0.1, 5.0, 5.1])
    assert video.read_number(frame_at(path, 4.9)[..., 1]) == 1
    assert video.read_number(frame_at(path, 5.05)[..., 1]) == 2


def _seen(picture: np.ndarray) -> dict[str, bool]:
    """Which corners of a BGR picture have the colour that the marker there has."""
    h, w = picture.shape[:2]
    places = {"top left": (8, 8), "top right": (8, w - 9), "bottom left": (h - 9, 8)}
    return {
        name: bool(np.abs(picture[places[name]].astype(int) - video.CORNERS[name]).max() < 40)
        for name in places
    }


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("flips", [(), ("-display_hflip",), ("-display_vflip",)])
def test_pictures_stand_as_players_show_them(
    tmp_path: Path, turn: int, flips: tuple[str, ...]
) -> None:
    coded = tmp_path / "coded.mp4"
    video.write_video(coded, [video.cornered(322, 182)] * 3, pixels="yuv444p")
    path = video.rotate_by_metadata(coded, tmp_path / "turned.mp4", turn, *flips)
    shown = tmp_path / "shown.png"
    video.ffmpeg("-i", path, "-frames:v", "1", shown)  # ffmpeg turns by itself
    truth = cv2.imread(str(shown))
    assert truth is not None
    picture = frame_at(path, 0)
    assert picture.shape == truth.shape
    assert np.abs(picture.astype(int) - truth).mean() < 3
    for region in (Box(0.05, 0.6, 0.4, 0.37), Box(0.613, 0.02, 0.35, 0.511)):
        left, top, right, bottom = region.pixels(truth.shape[1], truth.shape[0])
        frame = next(decode(path, region=region))
        assert frame.luma.shape == (bottom - top, right - left)
        assert np.abs(frame.bgr().astype(int) - truth[top:bottom, left:right]).mean() < 4
    if not turn and not flips:
        assert all(_seen(picture).values())


def test_rotation_puts_the_markers_where_they_belong(tmp_path: Path) -> None:
    upright = video.cornered()
    sideways = cv2.rotate(upright, cv2.ROTATE_90_CLOCKWISE)
    coded = tmp_path / "coded.mp4"
    video.write_video(coded, [sideways] * 3, pixels="yuv444p")
    path = video.rotate_by_metadata(coded, tmp_path / "turned.mp4", 90)
    assert all(_seen(frame_at(path, 0)).values())
    assert not all(_seen(frame_at(coded, 0)).values())


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv444p10le", "gray"]
)
def test_formats_look_alike(tmp_path: Path, pixels: str) -> None:
    path = tmp_path / "film.mp4"
    video.write_video(path, [video.cornered()] * 3, pixels=pixels, crf=4)
    frame = next(decode(path))
    assert frame.luma.dtype == np.uint8
    limited = 16 + 120 * 219 / 255
    level = 120 if pixels == "yuvj420p" else limited
    assert float(frame.luma[90, 160]) == pytest.approx(level, abs=3)
    assert np.abs(frame.bgr()[90, 160].astype(int) - 120).max() <= 4
    if pixels != "gray":
        assert all(_seen(frame.bgr()).values())


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [("ffv1", "bgr0"), ("rawvideo", "yuyv422"), ("gif", "rgb8"), ("rawvideo", "gray16be")],
)
def test_packed_formats(tmp_path: Path, codec: str, pixels: str) -> None:
    path = tmp_path / ("film.gif" if codec == "gif" else "film.nut")
    video.write_video(path, [video.cornered()] * 3, pixels=pixels, codec=codec)
    frame = next(decode(path, region=Box(0, 0, 0.9, 0.9)))
    assert frame.luma.shape == (162, 288)
    assert abs(int(frame.bgr()[90, 160, 1]) - 120) < 20
    assert abs(int(frame.luma[90, 160]) - 120) < 20


@pytest.mark.parametrize("size", [(321, 181), (319, 15), (17, 255)])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "odd.mkv"
    picture = np.full((size[1], size[0], 3), 120, np.uint8)
    picture[:, : size[0] // 2] = (0, 0, 200)
    video.write_video(path, [picture] * 3, pixels="yuv420p", codec="ffv1")
    frame = next(decode(path))
    assert frame.luma.shape == (size[1], size[0])
    colours = frame.bgr()
    assert colours.shape == (size[1], size[0], 3)
    assert abs(int(colours[-1, -1, 0]) - 120) < 12
    part = next(decode(path, region=Box(0.31, 0.31, 0.5, 0.5)))
    assert part.bgr().shape[:2] == part.luma.shape


def test_scaling_keeps_the_aspect(clip: Path) -> None:
    frame = next(decode(clip, width=160))
    assert frame.luma.shape == (90, 160)
    assert frame.bgr().shape == (90, 160, 3)
    strip = next(decode(clip, region=Box(0, 0.5, 1, 0.25), width=64))
    assert strip.luma.shape == (9, 64)


def test_the_luma_plane_is_not_copied_nor_writable(clip: Path) -> None:
    frame = next(decode(clip, region=Box(0.1, 0.5, 0.8, 0.4)))
    assert frame.luma.base is not None
    with pytest.raises(ValueError, match="read-only"):
        frame.luma[0, 0] = 1


def test_a_change_of_size_in_mid_stream_keeps_the_results_size(tmp_path: Path) -> None:
    for name, size in (("a", (320, 180)), ("b", (160, 90))):
        video.write_video(tmp_path / f"{name}.ts", (video.numbered(i, *size) for i in range(10)))
    joined = tmp_path / "joined.ts"
    joined.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    frames = [(f.time, f.luma.shape) for f in decode(joined)]
    assert len(frames) == 20
    assert {shape for _, shape in frames} == {(180, 320)}
    assert [t for t, _ in frames] == sorted({t for t, _ in frames})


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    assert len(list(decode(path, width=32))) == 50
    assert video.read_number(frame_at(path, 1.0)[..., 1]) == 25


def test_the_file_is_closed_when_the_pass_ends_early(clip: Path) -> None:
    reader = decode(clip)
    next(reader)
    reader.close()
    reader = decode(clip, end=0.2)
    assert len(list(reader)) == 5


@pytest.mark.slow
def test_looking_at_the_luma_costs_little_more_than_decoding(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    show = video.scene(5, 1280, 720)
    video.write_video(path, (show(i) for i in range(150)), crf=20)

    def plain() -> None:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            assert sum(1 for _ in container.decode(video=0)) == 150

    def ours() -> None:
        reader = decode(path, region=Box(0, 0.7, 1, 0.3))
        assert sum(1 for frame in reader if frame.luma is not None) == 150

    def seconds(work: object) -> float:
        began = time.process_time()
        work()  # type: ignore[operator]
        return time.process_time() - began

    ratios = [seconds(ours) / seconds(plain) for _ in range(5)]
    assert min(ratios) < 1.3
