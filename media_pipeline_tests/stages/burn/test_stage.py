"""Captioned video: what is drawn, where, when, and that nothing else of the film changes."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from media_pipeline.errors import (
    FontMissing,
    NoAudioStream,
    NoEngineForLanguage,
    NothingToDo,
    NoVideoStream,
)
from media_pipeline.media.decode import decode
from media_pipeline.media.fonts import find_font
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.burn import CAPTIONED_VIDEO
from media_pipeline.stages.burn.stage import Params
from media_pipeline.stages.tables import WORDS
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.burned import (
    CHINESE,
    LATIN,
    WIDTH,
    Edges,
    change,
    drawn,
    evenly,
    frames,
    inputs,
    tone,
)
from media_pipeline_tests.generators.video import ffmpeg, scene, write_video


def test_the_spoken_word_is_marked_and_nothing_else(
    captioned: tuple[Path, Cue, Edges], tmp_path: Path
) -> None:
    film, cue, truth = captioned
    said = evenly(cue, LATIN.split())
    given = inputs(tmp_path, cues=[cue], said=said, cue_of=[0] * 4)
    shares: list[float] = []
    made = artifacts.run_stage(
        CAPTIONED_VIDEO, film, tmp_path / "out", given, Params(crf=12), progress=shares.append
    )
    assert made.facts["mode"] == "boxes"
    assert shares[-1] == 1.0
    verify_media(made.path("captioned.mp4"), duration=made.facts["durations"]["captioned.mp4"])
    before, after = frames(film), frames(made.path("captioned.mp4"))
    assert [t for t, _ in after] == pytest.approx([t for t, _ in before], abs=0.001)
    spans, position = [], 0
    for word in LATIN.split():
        chars = truth[0][position : position + len(word)]
        spans.append((chars[0][0], chars[0][1], chars[-1][2], chars[0][3]))
        position += len(word) + 1
    for (time, a), (_, b) in zip(before, after, strict=True):
        current = next((i for i, w in enumerate(said) if w.start <= time < w.end - 1e-6), None)
        inside = [change(a, b, span) for span in spans]
        if current is None:
            assert change(a, b) < 3
        else:
            assert int(np.argmax(inside)) == current
            assert inside[current] > 15
            assert all(v < 5 for i, v in enumerate(inside) if i != current)
            assert change(a[:250], b[:250]) < 3, "the picture above is as it was"


def test_captions_that_a_person_corrected_are_not_drawn_over_those_in_the_picture(
    captioned: tuple[Path, Cue, Edges], tmp_path: Path
) -> None:
    film, cue, _ = captioned
    human = [Cue(1.0, 2.0, "Where have you been?")]
    given = inputs(
        tmp_path, cues=human, origin="human", read=[cue], said=evenly(cue, LATIN.split())
    )
    made = artifacts.run_stage(CAPTIONED_VIDEO, film, tmp_path / "out", given)
    assert made.facts["mode"] == "boxes"


@pytest.mark.slow
def test_subtitles_are_there_at_their_times_and_nowhere_else(plain: Path, tmp_path: Path) -> None:
    film = tone(plain, tmp_path / "film.mov", "-c:a", "pcm_s16le")
    cues = [Cue(0.52, 1.0, "Hello there"), Cue(1.6, 2.4, f"{CHINESE}\nWe have no time left.")]
    made = artifacts.run_stage(
        CAPTIONED_VIDEO, film, tmp_path / "out", inputs(tmp_path, speech=cues), Params(crf=12)
    )
    assert made.facts["mode"] == "subtitles"
    info = probe(made.path("captioned.mp4"))
    assert [a.codec for a in info.audio] == ["aac"], "MP4 does not carry PCM"
    band = (60, 250, WIDTH - 60, 302)
    for (time, a), (_, b) in zip(frames(film), frames(made.path("captioned.mp4")), strict=True):
        shown = any(c.start - 1e-6 <= time < c.end - 1e-6 for c in cues)
        assert (drawn(a, b, band) > 100) == shown, f"at {time:.2f} s"
        assert drawn(a, b) == drawn(a, b, band), "only there, inside the safe margins"


@pytest.mark.slow
def test_human_captions_come_before_speech(plain: Path, tmp_path: Path) -> None:
    given = inputs(
        tmp_path,
        cues=[Cue(0.5, 1.0, "As a person wrote")],
        origin="human",
        said=[],
        speech=[Cue(2.0, 2.5, "as a machine heard")],
    )
    made = artifacts.run_stage(CAPTIONED_VIDEO, plain, tmp_path / "out", given, Params(crf=12))
    changed = [
        t
        for (t, a), (_, b) in zip(frames(plain), frames(made.path("captioned.mp4")), strict=True)
        if drawn(a, b) > 100
    ]
    assert min(changed) == pytest.approx(0.52, abs=0.03)
    assert max(changed) < 1.0


def test_text_that_no_font_can_draw_is_refused(plain: Path, tmp_path: Path) -> None:
    rare = [c for c in "\U00018b00\U00012000" if not drawn_by_a_font(c)]
    if not rare:
        pytest.skip("the fonts installed here draw everything")
    given = inputs(tmp_path, speech=[Cue(0.0, 1.0, f"Rare: {rare[0]}")])
    with pytest.raises(FontMissing, match="install the Debian package"):
        artifacts.run_stage(CAPTIONED_VIDEO, plain, tmp_path / "out", given)


def drawn_by_a_font(char: str) -> bool:
    try:
        find_font(char)
    except FontMissing:
        return False
    return True


# --- films ----------------------------------------------------------------------------------------


def read_packets(path: Path) -> list[bytes]:
    """The coded sound."""
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(audio=0) if p.size]


def subtitled(film: Path, folder: Path) -> Path:
    given = inputs(folder, speech=[Cue(0.2, 0.8, "Hello there")])
    made = artifacts.run_stage(CAPTIONED_VIDEO, film, folder / "out", given)
    verify_media(made.path("captioned.mp4"), duration=made.facts["durations"]["captioned.mp4"])
    return made.path("captioned.mp4")


@pytest.mark.slow
def test_sound_is_copied_where_mp4_carries_it(plain: Path, tmp_path: Path) -> None:
    for codec, suffix in (("aac", ".mp4"), ("libopus", ".webm"), ("libmp3lame", ".mkv")):
        folder = tmp_path / codec
        folder.mkdir()
        args = ["-c:v", "libvpx", "-deadline", "realtime"] if suffix == ".webm" else []
        film = tone(plain, folder / f"film{suffix}", "-t", "1", *args, "-c:a", codec)
        made = subtitled(film, folder)
        assert read_packets(made) == read_packets(film)


def test_variable_frame_rate_keeps_every_frame_at_its_time(tmp_path: Path) -> None:
    show = scene(6, 320, 180)
    times = np.cumsum([0.0, *([0.04, 0.08, 0.02] * 15)])
    write_video(tmp_path / "film.mp4", (show(i) for i in range(len(times))), times=times)
    made = subtitled(tmp_path / "film.mp4", tmp_path)
    assert [f.time for f in decode(made)] == pytest.approx(list(times), abs=0.002)


def test_rotated_film_has_upright_text_of_its_displayed_size(tmp_path: Path) -> None:
    show = scene(6, 320, 180)
    write_video(tmp_path / "coded.mp4", (show(i) for i in range(25)))
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "coded.mp4", "-c", "copy", turned)
    made = subtitled(turned, tmp_path)
    video = probe(made).video
    assert video is not None
    assert (video.width, video.height, video.rotation) == (180, 320, 0)
    (_, a), (_, b) = frames(turned)[10], frames(made)[10]
    rows = np.flatnonzero(np.abs(a.astype(int) - b).max(axis=(1, 2)) > 80)
    assert rows.max() == pytest.approx(320 * 5 / 6, abs=6)
    assert rows.max() - rows.min() < 24, "one row, 5 % of the height as displayed"


def test_odd_sides_and_deep_pixels(tmp_path: Path) -> None:
    show = scene(6, 161, 91)
    given = tmp_path / "odd.mkv"
    write_video(given, (show(i) for i in range(25)), codec="ffv1", pixels="yuv444p10le")
    video = probe(subtitled(given, tmp_path)).video
    assert video is not None
    assert (video.width, video.height, video.bit_depth) == (162, 92, 10)


@pytest.mark.parametrize("name", ["-lead.mp4", "new\nline.mp4", "it's, [a:b] 50%.mp4"])
def test_names_are_only_names(plain: Path, tmp_path: Path, name: str) -> None:
    film = tmp_path / name
    ffmpeg("-i", plain, "-t", "1", "-c", "copy", film)
    subtitled(film, tmp_path)


# --- nothing to show ------------------------------------------------------------------------------


def test_without_captions_and_words_there_is_nothing_to_do(plain: Path, tmp_path: Path) -> None:
    given = inputs(tmp_path, said=[], speech=[])
    with pytest.raises(NothingToDo, match="neither captions nor speech"):
        artifacts.run_stage(CAPTIONED_VIDEO, plain, tmp_path / "out", given)


def test_speech_that_no_engine_knows_is_said_to_be_that(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(NoEngineForLanguage):
        artifacts.run_stage(CAPTIONED_VIDEO, plain, tmp_path / "out", inputs(tmp_path))


def test_captions_in_another_language_than_the_speech(
    captioned: tuple[Path, Cue, Edges], tmp_path: Path
) -> None:
    film, cue, _ = captioned
    given = inputs(tmp_path, cues=[cue], said=evenly(cue, list(CHINESE)))
    with pytest.raises(NothingToDo, match="not what is said"):
        artifacts.run_stage(CAPTIONED_VIDEO, film, tmp_path / "out", given)


def test_silent_film_with_captions_in_the_picture(
    captioned: tuple[Path, Cue, Edges], tmp_path: Path
) -> None:
    film, cue, _ = captioned
    given = inputs(tmp_path, cues=[cue])
    given["words"] = artifacts.empty(tmp_path / "silent", NoAudioStream("film.mp4"), words=WORDS)
    with pytest.raises(NoAudioStream):
        artifacts.run_stage(CAPTIONED_VIDEO, film, tmp_path / "out", given)


def test_sound_alone_has_no_picture_to_draw_on(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=1", tmp_path / "sound.wav")
    given = inputs(tmp_path, speech=[Cue(0.0, 0.5, "Hello")])
    with pytest.raises(NoVideoStream):
        artifacts.run_stage(CAPTIONED_VIDEO, tmp_path / "sound.wav", tmp_path / "out", given)


def test_colours_are_checked_before_any_work() -> None:
    with pytest.raises(ValueError, match="#RRGGBB"):
        Params(line_color=r"white}{\fs100")
    with pytest.raises(ValueError, match="#RRGGBB"):
        Params(box_color="reddish")
