"""What probing says of good files."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.media.probe import probe
from media_pipeline_tests.generators import video


def test_a_plain_clip(clip: Path) -> None:
    info = probe(clip)
    assert info.video is not None
    assert (info.video.width, info.video.height, info.video.rotation) == (320, 180, 0)
    assert info.video.fps == pytest.approx(25)
    assert not info.video.variable_fps
    assert info.video.bit_depth == 8
    assert info.video.codec == "h264"
    assert info.duration == pytest.approx(2.0, abs=0.03)
    assert info.video.duration == pytest.approx(2.0, abs=0.001)
    assert info.audio_index == 1
    assert info.audio_choice == "the only sound track"
    assert (info.audio[0].sample_rate, info.audio[0].channels) == (44100, 1)
    assert info.warnings == ()
    assert info.size == clip.stat().st_size


@pytest.mark.parametrize("suffix", ["mkv", "mov", "ts", "flv"])
def test_other_containers_say_the_same(clip: Path, tmp_path: Path, suffix: str) -> None:
    copy = tmp_path / f"clip.{suffix}"
    video.ffmpeg("-i", clip, "-c", "copy", copy)
    info = probe(copy)
    assert info.video is not None
    assert info.video.duration == pytest.approx(2.0, abs=0.05)
    assert info.video.fps == pytest.approx(25, abs=0.3)
    assert not info.video.variable_fps
    assert len(info.audio) == 1


@pytest.mark.parametrize(
    ("turn", "size", "clockwise"),
    [(90, (180, 320), 270), (180, (320, 180), 180), (270, (180, 320), 90)],
)
def test_rotation_by_metadata(
    clip: Path, tmp_path: Path, turn: int, size: tuple[int, int], clockwise: int
) -> None:
    info = probe(video.rotate_by_metadata(clip, tmp_path / "turned.mp4", turn))
    assert info.video is not None
    assert (info.video.width, info.video.height) == size
    assert info.video.rotation == clockwise


def test_variable_frame_rate_is_seen(tmp_path: Path) -> None:
    times = video.vfr_times(90)
    path = tmp_path / "vfr.mp4"
    video.write_video(path, (video.numbered(i) for i in range(90)), times=times)
    info = probe(path)
    assert info.video is not None
    assert info.video.variable_fps


def test_milliseconds_of_matroska_are_no_variable_rate(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    video.write_video(path, (video.numbered(i) for i in range(120)), fps=60000 / 1001)
    info = probe(path)
    assert info.video is not None
    assert not info.video.variable_fps
    assert info.video.fps == pytest.approx(59.94, abs=0.1)


def test_ten_bits_and_odd_sizes(tmp_path: Path) -> None:
    deep = tmp_path / "deep.mp4"
    video.write_video(deep, (video.numbered(i) for i in range(10)), pixels="yuv420p10le")
    info = probe(deep)
    assert info.video is not None
    assert info.video.bit_depth == 10
    odd = tmp_path / "odd.mp4"
    video.write_video(odd, (video.numbered(i, 321, 179) for i in range(5)), pixels="yuv444p")
    info = probe(odd)
    assert info.video is not None
    assert (info.video.width, info.video.height) == (321, 179)


def test_the_sample_aspect_turns_with_the_picture(silent_clip: Path, tmp_path: Path) -> None:
    wide = tmp_path / "wide.mp4"
    video.ffmpeg("-i", silent_clip, "-vf", "setsar=4/3", "-c:v", "libx264", wide)
    info = probe(wide)
    assert info.video is not None
    assert info.video.sample_aspect == pytest.approx(4 / 3)
    info = probe(video.rotate_by_metadata(wide, tmp_path / "tall.mp4", 90))
    assert info.video is not None
    assert info.video.sample_aspect == pytest.approx(3 / 4)


def _tracks(clip: Path, path: Path, *options: str) -> Path:
    """Three sound tracks: mono, stereo, stereo."""
    tones = [
        *("-f", "lavfi", "-t", "1", "-i", "sine=300"),
        *("-f", "lavfi", "-t", "1", "-i", "anoisesrc=d=1,aformat=channel_layouts=stereo"),
    ]
    maps = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "2:a"]
    video.ffmpeg("-i", clip, *tones, *maps, "-c:v", "copy", "-c:a", "aac", *options, path)
    return path


def test_the_default_track_is_chosen(clip: Path, tmp_path: Path) -> None:
    options = ("-disposition:a", "0", "-disposition:a:2", "default")
    info = probe(_tracks(clip, tmp_path / "tracks.mkv", *options))
    assert info.audio_index == 3
    assert info.audio_choice == "marked as default"


def test_else_the_track_with_most_channels(clip: Path, tmp_path: Path) -> None:
    info = probe(_tracks(clip, tmp_path / "tracks.mkv", "-disposition:a", "0"))
    assert info.audio_index == 2
    assert info.audio_choice == "most channels (2)"


def test_languages_and_titles(clip: Path, tmp_path: Path) -> None:
    options = ("-metadata:s:a:1", "language=chi", "-metadata:s:a:1", "title=国语")
    info = probe(_tracks(clip, tmp_path / "tracks.mkv", *options))
    assert [a.language for a in info.audio] == [None, "chi", None]
    assert info.audio[1].title == "国语"


def test_cover_art_is_no_picture(clip: Path, tmp_path: Path) -> None:
    cover = tmp_path / "cover.jpg"
    video.ffmpeg("-i", clip, "-frames:v", "1", cover)
    for suffix in ("mp3", "m4a"):
        song = tmp_path / f"song.{suffix}"
        video.ffmpeg(
            "-f",
            "lavfi",
            "-t",
            "2",
            "-i",
            "sine=440",
            "-i",
            cover,
            "-map",
            "0",
            "-map",
            "1",
            "-disposition:v",
            "attached_pic",
            "-c:v",
            "mjpeg",
            song,
        )
        info = probe(song)
        assert info.video is None
        assert info.duration == pytest.approx(2.0, abs=0.06)


def test_sound_alone(clip: Path, tmp_path: Path) -> None:
    for suffix in ("wav", "mp3", "ogg", "flac", "aac"):
        sound = tmp_path / f"sound.{suffix}"
        video.ffmpeg("-i", clip, "-vn", sound)
        info = probe(sound)
        assert info.video is None
        assert info.audio_index == 0
        assert info.duration == pytest.approx(2.0, abs=0.06), suffix


def test_subtitle_streams(clip: Path, tmp_path: Path) -> None:
    captions = tmp_path / "cues.srt"
    captions.write_text("1\n00:00:00,500 --> 00:00:01,500\nhello\n", encoding="utf-8")
    path = tmp_path / "film.mkv"
    video.ffmpeg(
        "-i",
        clip,
        "-i",
        captions,
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-metadata:s:s:0",
        "language=eng",
        path,
    )
    (stream,) = probe(path).subtitles
    assert stream.text
    assert (stream.codec, stream.language) == ("srt", "eng")


def test_a_start_time_other_than_zero_is_time_zero(clip: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.ts"
    video.ffmpeg("-i", clip, "-c", "copy", "-output_ts_offset", "100", late)
    info = probe(late)
    assert info.video is not None
    assert info.video.start == pytest.approx(0.0, abs=0.1)
    assert info.duration == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("name", video.HOSTILE_NAMES)
def test_hostile_names(clip: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clip.read_bytes())
    assert probe(path).duration == pytest.approx(2.0, abs=0.03)
