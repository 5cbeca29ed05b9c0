"""Every bad input ends in its typed error, in one line that names the file and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline.errors import (
    EmptyMedia,
    InputError,
    MediaNotFound,
    NoAudioStream,
    NotMedia,
    NoVideoStream,
    TruncatedMedia,
    ZeroDuration,
)
from media_pipeline.media.audio import measure_loudness, read_audio
from media_pipeline.media.decode import decode, frame_at
from media_pipeline.media.probe import probe
from media_pipeline_tests.generators import video

Make = Callable[[Path, Path], Path]


def _missing(_clip: Path, folder: Path) -> Path:
    return folder / "nowhere.mp4"


def _playlist(_clip: Path, folder: Path) -> Path:
    path = folder / "list.m3u8"
    path.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    )
    return path


def _picture(clip: Path, folder: Path, suffix: str) -> Path:
    path = folder / f"still.{suffix}"
    video.ffmpeg("-i", clip, "-frames:v", "1", path)
    return path


def _subtitles(_clip: Path, folder: Path) -> Path:
    path = folder / "cues.srt"
    path.write_text("1\n00:00:00,500 --> 00:00:01,500\nhello\n")
    return path


def _headless(clip: Path, folder: Path) -> Path:
    """All bytes of the sound and picture, and then nothing."""
    data = clip.read_bytes()
    path = folder / "headless.mp4"
    path.write_bytes(data[: data.rindex(b"moov") - 4])
    return path


BAD: dict[str, tuple[type[InputError], Make, str]] = {
    "missing": (MediaNotFound, _missing, "no such file"),
    "folder": (NotMedia, lambda c, d: d, "it is not a file"),
    "empty": (EmptyMedia, lambda c, d: video.write_empty(d / "empty.mp4"), "is empty (0 bytes)"),
    "text": (NotMedia, lambda c, d: video.write_text(d / "text.mp4"), "no known format"),
    "text as text": (NotMedia, lambda c, d: video.write_text(d / "text.txt"), "no known format"),
    "subtitles": (NotMedia, _subtitles, "is not a video or audio file"),
    "playlist": (NotMedia, _playlist, "is not a video or audio file"),
    "png": (NotMedia, lambda c, d: _picture(c, d, "png"), "it is a still picture"),
    "jpg": (NotMedia, lambda c, d: _picture(c, d, "jpg"), "it is a still picture"),
    "index at end": (TruncatedMedia, lambda c, d: video.truncate(c, d / "cut.mp4"), "bytes"),
    "no index": (TruncatedMedia, _headless, "lacks the index"),
    "index at start": (
        TruncatedMedia,
        lambda c, d: video.truncate(video.faststart(c, d / "f.mp4"), d / "cut.mp4"),
        "s of 2.0",
    ),
    "no stream": (
        ZeroDuration,
        lambda c, d: video.write_no_stream(d / "none.mp4"),
        "no duration",
    ),
    "zero length": (
        ZeroDuration,
        lambda c, d: video.write_zero_length(c, d / "zero.mp4"),
        "no duration",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_probe_raises_the_typed_error(clip: Path, tmp_path: Path, case: str) -> None:
    kind, make, words = BAD[case]
    path = make(clip, tmp_path)
    with pytest.raises(kind) as caught:
        probe(path)
    message = str(caught.value)
    assert type(caught.value) is kind
    assert words in message
    assert path.name in message
    assert "\n" not in message
    assert caught.value.remedy


@pytest.mark.parametrize(
    "case", [c for c in BAD if c not in ("index at start", "zero length", "no stream")]
)
def test_every_reader_raises_the_same(clip: Path, tmp_path: Path, case: str) -> None:
    kind, make, _ = BAD[case]
    path = make(clip, tmp_path)
    for read in (lambda p: list(decode(p)), lambda p: frame_at(p, 0), read_audio, measure_loudness):
        with pytest.raises(kind):
            read(path)


@pytest.mark.parametrize("suffix", ["mkv", "avi", "wav", "flac", "mov"])
def test_other_containers_cut_off(clip: Path, tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    video.ffmpeg("-i", clip, whole)
    probe(whole)
    with pytest.raises(TruncatedMedia, match=r"cut off"):
        probe(video.truncate(whole, tmp_path / f"cut.{suffix}", 0.5))


def test_the_place_where_the_file_ends_is_named(clip: Path, tmp_path: Path) -> None:
    fast = video.faststart(clip, tmp_path / "fast.mp4")
    with pytest.raises(TruncatedMedia) as caught:
        probe(video.truncate(fast, tmp_path / "cut.mp4", 0.5))
    ends = float(str(caught.value).split("it ends at ")[1].split(" s of")[0])
    assert 0.5 < ends < 1.6
    assert str(fast.stat().st_size) in str(caught.value)


def test_a_last_packet_lost_is_a_warning(clip: Path, tmp_path: Path) -> None:
    fast = video.faststart(clip, tmp_path / "fast.mp4")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(fast.read_bytes()[:-20])
    info = probe(cut)
    assert len(info.warnings) == 1
    assert "cut off" in info.warnings[0]
    assert len(list(decode(cut))) >= 48


def test_decoding_what_is_cut_off_ends_in_the_typed_error(clip: Path, tmp_path: Path) -> None:
    fast = video.faststart(clip, tmp_path / "fast.mp4")
    cut = video.truncate(fast, tmp_path / "cut.mp4", 0.5)
    with pytest.raises(TruncatedMedia, match="cannot be decoded after"):
        list(decode(cut))


def test_damage_in_the_middle_is_skipped_and_counted(silent_clip: Path, tmp_path: Path) -> None:
    data = bytearray(silent_clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(data)
    reader = decode(path)
    times = [frame.time for frame in reader]
    assert len(times) > 40
    assert times == sorted(times)
    assert times[-1] == pytest.approx(1.96)


def test_no_picture_and_no_sound(clip: Path, silent_clip: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.m4a"
    video.ffmpeg("-i", clip, "-vn", sound)
    with pytest.raises(NoVideoStream, match=r"sound\.m4a has no video stream"):
        list(decode(sound))
    with pytest.raises(NoAudioStream, match=r"silent\.mp4 has no audio stream"):
        read_audio(silent_clip)
    with pytest.raises(NoAudioStream):
        measure_loudness(silent_clip)
    assert probe(silent_clip).audio_index is None


def test_an_empty_stream_beside_a_good_one_is_left_out(clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.mkv"
    nothing = ("-f", "lavfi", "-i", "sine=d=1,atrim=end=0")
    video.ffmpeg("-i", clip, *nothing, "-map", "0:v", "-map", "1:a", "-c:v", "copy", path)
    info = probe(path)
    assert info.video is not None
    assert info.audio == ()
    assert info.audio_index is None
    assert info.warnings == ("stream 1 (audio) holds no data",)


def test_one_pixel(tmp_path: Path) -> None:
    path = video.write_pixel(tmp_path / "pixel.mkv")
    info = probe(path)
    assert info.video is not None
    assert (info.video.width, info.video.height) == (1, 1)
    frames = [(f.luma.shape, int(f.luma[0, 0])) for f in decode(path)]
    assert len(frames) == 25
    assert frames[0][0] == (1, 1)
    assert frames[-1][1] > frames[0][1] + 60
    assert frame_at(path, 0.5).shape == (1, 1, 3)
    assert next(decode(path, width=8)).luma.shape == (8, 8)
