"""Captioned video: what is drawn, where, when, and that nothing else of the film changes."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from media_pipeline.errors import (
    FontMissing,
    NoAudioStream,
    NoCaptionsFound,
    NoEngineForLanguage,
    NothingToDo,
    NoVideoStream,
)
from media_pipeline.media import fonts
from media_pipeline.media.decode import decode
from media_pipeline.media.fonts import find_font
from media_pipeline.media.geometry import Box
from media_pipeline.media.probe import probe
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.base import Artifact
from media_pipeline.stages.burn import CAPTIONED_VIDEO, burn, subtitle_document, word_boxes
from media_pipeline.stages.burn.rows import caption_rows
from media_pipeline.stages.burn.stage import Params, captions_in_picture
from media_pipeline.stages.tables import CAPTIONS, OCR_CUES, SPEECH_CUES, WORDS
from media_pipeline.text.cues import Cue, Word
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.video import ffmpeg, scene, write_video

Picture = NDArray[np.uint8]
Edges = list[list[tuple[int, int, int, int]]]
"""Per row and character: left, top, right, bottom, in pixels."""

WIDTH, HEIGHT, FPS = 640, 360, 25
LATIN = "Where have you been"
CHINESE = "我们没有时间了"


def drawn_text(
    rows: list[tuple[str, int]], top: int, width: int = WIDTH, height: int = HEIGHT
) -> tuple[Picture, Edges]:
    """White text with a black outline on black, and the true edges of each character per row."""
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    truth: Edges = []
    for text, size in rows:
        font = find_font(text)
        face = ImageFont.truetype(str(font.path), size, index=font.index)
        left = (width - face.getlength(text)) / 2
        draw.text((left, top), text, font=face, fill="white", stroke_width=2, stroke_fill="black")
        edges = [left + face.getlength(text[:i]) for i in range(len(text) + 1)]
        box = face.getbbox(text)
        truth.append(
            [
                (round(a), round(top + box[1]), round(b), round(top + box[3]))
                for a, b in pairwise(edges)
            ]
        )
        top += round(size * 1.25)
    return np.asarray(image), truth


def around(truth: Edges, pad: int = 3) -> Box:
    """The box that a text detector gives for rows of characters."""
    chars = [c for row in truth for c in row]
    left, top = min(c[0] for c in chars) - pad, min(c[1] for c in chars) - pad
    right, bottom = max(c[2] for c in chars) + pad, max(c[3] for c in chars) + pad
    return Box.from_pixels(left, top, right, bottom, WIDTH, HEIGHT)


def drawn(a: Picture, b: Picture, box: tuple[int, int, int, int] | None = None) -> int:
    """How many pixels differ by far."""
    left, top, right, bottom = box or (0, 0, a.shape[1], a.shape[0])
    part = np.abs(a[top:bottom, left:right].astype(int) - b[top:bottom, left:right])
    return int((part.max(axis=2) > 60).sum())


def evenly(cue: Cue, words: list[str]) -> list[Word]:
    step = cue.duration / len(words)
    return [
        Word(cue.start + i * step, cue.start + (i + 1) * step, w, 1.0, "truth")
        for i, w in enumerate(words)
    ]


def tone(path: Path, target: Path, *codec: str) -> Path:
    """The same film with a tone."""
    sine = ["-f", "lavfi", "-i", "sine=440:r=44100", "-shortest", "-c:v", "copy"]
    ffmpeg("-i", path, *sine, *codec, target)
    return target


def inputs(
    folder: Path,
    *,
    cues: list[Cue] | None = None,
    origin: str = "ocr",
    read: list[Cue] | None = None,
    said: list[Word] | None = None,
    cue_of: list[int] | None = None,
    speech: list[Cue] | None = None,
) -> dict[str, Artifact]:
    """The upstream artifacts; what is not given is empty for a reason."""
    nothing, no_engine = NoCaptionsFound("no captions"), NoEngineForLanguage("zh")
    return {
        "captions": artifacts.captions(folder / "captions", cues, origin)
        if cues
        else artifacts.empty(folder / "captions", nothing, captions=CAPTIONS),
        "ocr_cues": artifacts.ocr_cues(folder / "ocr", read)
        if read
        else artifacts.empty(folder / "ocr", nothing, cues=OCR_CUES),
        "words": artifacts.words(folder / "words", said, cue_of)
        if said is not None
        else artifacts.empty(folder / "words", no_engine, words=WORDS),
        "speech_subtitles": artifacts.speech_subtitles(folder / "speech", speech)
        if speech is not None
        else artifacts.empty(folder / "speech", no_engine, cues=SPEECH_CUES),
    }


def frames(path: Path) -> list[tuple[float, Picture]]:
    return [(f.time, f.bgr()) for f in decode(path)]


def change(a: Picture, b: Picture, box: tuple[int, int, int, int] | None = None) -> float:
    """Mean absolute difference of two pictures, or of a part (left, top, right, bottom)."""
    if box is not None:
        left, top, right, bottom = box
        a, b = a[top:bottom, left:right], b[top:bottom, left:right]
    return float(np.abs(a.astype(int) - b).mean())


# --- boxes over captions that are in the picture --------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LATIN, LATIN.split()),
        (CHINESE, list(CHINESE)),
        ("你好，OK吗？", ["你", "好，", "OK", "吗？"]),
        ("Well, well; (really)!", ["well,", "well;", "really!"]),
        ("I called him,\nand he said: no.", ["I", "called", "him", "and", "he", "said", "no"]),
    ],
)
def test_boxes_lie_over_the_words(text: str, words: list[str]) -> None:
    rows = text.split("\n")
    _, truth = drawn_text([(row, 32) for row in rows], 250)
    cue = Cue(1.0, 3.0, text, box=around(truth))
    found = word_boxes([cue], evenly(cue, words), WIDTH, HEIGHT)
    assert len(found) == len(words)
    flat = [
        char for row, line in zip(rows, truth, strict=True) for char in zip(row, line, strict=True)
    ]
    position = 0
    for box in found:
        # the next place where the characters of the word stand
        while "".join(c for c, _ in flat[position : position + len(box.word)]) != box.word:
            position += 1
        chars = [edges for _, edges in flat[position : position + len(box.word)]]
        position += len(box.word)
        size = chars[0][3] - chars[0][1]
        assert box.left == pytest.approx(chars[0][0], abs=0.45 * size)
        assert box.right == pytest.approx(chars[-1][2], abs=0.45 * size)
        middle = (box.top + box.bottom) / 2
        assert chars[0][1] - 0.2 * size < middle < chars[0][3] + 0.2 * size


def test_a_gap_between_chinese_words_is_as_wide_as_a_character() -> None:
    _, truth = drawn_text([("这些片段中\u3000有你喜欢的", 30)], 250)
    cue = Cue(0.0, 2.0, "这些片段中 有你喜欢的", box=around(truth, pad=0))
    found = word_boxes([cue], evenly(cue, list("这些片段中有你喜欢的")), WIDTH, HEIGHT)
    expected = [c for i, c in enumerate(truth[0]) if i != 5]
    for box, (left, _, right, _) in zip(found, expected, strict=True):
        assert (box.left + box.right) / 2 == pytest.approx((left + right) / 2, abs=5)


def test_rows_of_bilingual_captions_are_found_in_the_picture() -> None:
    rows = [("我在公司加班到十二点", 34), ("I was working until midnight.", 20)]
    picture, truth = drawn_text(rows, 260)
    ground = scene(4, WIDTH, HEIGHT)(0)
    mask = picture.max(axis=2, keepdims=True) > 100
    luma = cv2.cvtColor(np.where(mask, picture, ground // 2), cv2.COLOR_BGR2GRAY)
    cue = Cue(0.0, 2.0, "\n".join(t for t, _ in rows), box=around(truth))
    assert cue.box is not None
    found = caption_rows(cue, cue.box, WIDTH, HEIGHT, lambda _time: luma.astype(np.uint8))
    for row, line in zip(found, truth, strict=True):
        assert row.left == pytest.approx(line[0][0], abs=8)
        assert row.right == pytest.approx(line[-1][2], abs=8)
        assert row.top < (line[0][1] + line[0][3]) / 2 < row.bottom


def test_boxes_follow_the_speech_without_flicker_and_stay_in_their_cue() -> None:
    _, truth = drawn_text([(LATIN, 30)], 250)
    cue = Cue(1.0, 3.0, LATIN, box=around(truth))
    times = [(0.9, 1.2), (1.4, 1.6), (2.4, 2.5), (2.8, 3.2)]
    said = [Word(a, b, w, 1.0, "t") for (a, b), w in zip(times, LATIN.split(), strict=True)]
    found = word_boxes([cue], said, WIDTH, HEIGHT)
    assert [b.word for b in found] == LATIN.split()
    assert found[0].start == 1.0
    assert found[0].end == found[1].start == 1.4
    assert 1.6 < found[1].end < 1.8, "a long silence has no box"
    assert found[3].end == 3.0


def test_words_that_are_not_written_get_no_box() -> None:
    _, truth = drawn_text([(CHINESE, 30)], 250)
    cue = Cue(0.0, 2.0, CHINESE, box=around(truth))
    assert word_boxes([cue], evenly(cue, ["We", "have", "no", "time"]), WIDTH, HEIGHT) == []
    assert word_boxes([Cue(0, 2, LATIN)], evenly(cue, LATIN.split()), WIDTH, HEIGHT) == []


def test_misread_letters_do_not_lose_the_word() -> None:
    text = "All right, I'l tell you the truth."
    _, truth = drawn_text([(text, 26)], 250)
    cue = Cue(0.0, 2.0, text, box=around(truth))
    said = evenly(cue, ["All", "right,", "I'll", "tell", "you", "the", "truth."])
    assert [b.word for b in word_boxes([cue], said, WIDTH, HEIGHT)][2] == "I'l"


def test_words_go_to_the_cue_they_belong_to() -> None:
    _, truth = drawn_text([("no no", 30)], 250)
    cues = [Cue(0.0, 1.0, "no no", box=around(truth)), Cue(1.0, 2.0, "no no", box=around(truth))]
    said = [Word(t, t + 0.3, "no", 1.0, "t") for t in (0.1, 0.6, 1.05, 1.5)]
    found = word_boxes(cues, said, WIDTH, HEIGHT, cue_of=[0, 0, 1, 1])
    assert [b.start for b in found] == [0.1, 0.6, 1.05, 1.5]


@pytest.fixture(scope="module")
def captioned(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Cue, Edges]:
    """Three seconds that carry a caption from the first to the second second."""
    folder = tmp_path_factory.mktemp("captioned")
    text, truth = drawn_text([(LATIN, 32)], 290)
    show = scene(2, WIDTH, HEIGHT)
    letters = text.max(axis=2, keepdims=True) > 100
    pictures = (
        np.where(letters, text, show(i)) if FPS <= i < 2 * FPS else show(i) for i in range(3 * FPS)
    )
    write_video(folder / "picture.mp4", pictures)
    film = tone(folder / "picture.mp4", folder / "film.mp4", "-c:a", "aac")
    return film, Cue(1.0, 2.0, LATIN, box=around(truth)), truth


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


def test_text_that_was_misread_once_does_not_keep_subtitles_away() -> None:
    given = [Cue(i, i + 1, "text") for i in range(10)]
    sign = Cue(3.0, 4.0, "EXIT", box=Box(0.1, 0.8, 0.2, 0.1))
    assert captions_in_picture(given, "embedded", [sign]) == []
    everywhere = [Cue(i, i + 1, "text", box=Box(0.1, 0.8, 0.2, 0.1)) for i in range(10)]
    assert captions_in_picture(given, "embedded", everywhere) == everywhere


# --- subtitles for a picture without captions -----------------------------------------------------


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three silent seconds of moving picture."""
    path = tmp_path_factory.mktemp("plain") / "film.mp4"
    show = scene(6, WIDTH, HEIGHT)
    write_video(path, (show(i) for i in range(3 * FPS)))
    return path


def test_subtitles_are_there_at_their_times_and_nowhere_else(plain: Path, tmp_path: Path) -> None:
    film = tone(plain, tmp_path / "film.mov", "-c:a", "pcm_s16le")
    cues = [Cue(0.52, 1.0, "Hello there"), Cue(1.6, 2.4, f"{CHINESE}\nWe have no time left.")]
    made = artifacts.run_stage(
        CAPTIONED_VIDEO, film, tmp_path / "out", inputs(tmp_path, speech=cues), Params(crf=12)
    )
    assert made.facts["mode"] == "subtitles"
    info = probe(made.path("captioned.mp4"))
    assert [a.codec for a in info.audio] == ["aac"], "MP4 does not carry PCM"
    band = (60, 270, WIDTH - 60, HEIGHT - 12)
    for (time, a), (_, b) in zip(frames(film), frames(made.path("captioned.mp4")), strict=True):
        shown = any(c.start - 1e-6 <= time < c.end - 1e-6 for c in cues)
        assert (drawn(a, b, band) > 100) == shown, f"at {time:.2f} s"
        assert drawn(a, b) == drawn(a, b, band), "only there, inside the safe margins"


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


@pytest.mark.parametrize(
    "text",
    [r"{\fs200}x", r"{\pos(1,1)}x", r"a\Nb\nc\hd", r"{\alpha&HFF&}x", "\\", "{}", "{unclosed"],
)
def test_hostile_text_is_drawn_as_it_stands(plain: Path, tmp_path: Path, text: str) -> None:
    document, used = subtitle_document([Cue(0.0, 0.5, text)], WIDTH, HEIGHT)
    ffmpeg("-i", plain, "-t", "0.2", "-c:v", "libx264", tmp_path / "short.mp4")
    info = probe(tmp_path / "short.mp4")
    burn(tmp_path / "short.mp4", info, tmp_path / "out.mp4", document, used, crf=12)
    (_, a), (_, b) = frames(tmp_path / "short.mp4")[1], frames(tmp_path / "out.mp4")[1]
    rows = np.flatnonzero(np.abs(a.astype(int) - b).max(axis=(1, 2)) > 60)
    assert len(rows), "something is drawn"
    assert rows.min() > HEIGHT * 0.85, "on one row at the bottom, at its usual size"


def test_long_text_is_broken_into_rows_that_fit() -> None:
    chinese = "外面下雨了你听见了吗" * 6
    english = "Tomorrow we will tell them everything that happened " * 3
    document, used = subtitle_document([Cue(0, 2, f"{chinese}\n{english}")], 320, 240)
    (line,) = [row for row in document.splitlines() if row.startswith("Dialogue")]
    rows = line.split(",,", 2)[-1].split(r"\N")
    assert len(rows) > 6
    (font,) = used
    em = 0.05 * 240
    assert all(fonts.text_width(row.lstrip(","), font, em) <= 320 * 0.88 for row in rows)


def test_scripts_without_a_common_font_have_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    real = fonts.find_font

    def narrow(text: str, family: str | None = None) -> fonts.Font:
        """As on a machine whose Chinese font has no Latin letters."""
        if any("一" <= c <= "鿿" for c in text) and any(c.isascii() and c.isalpha() for c in text):
            raise FontMissing("no font has all of it")
        return real(text, family)

    monkeypatch.setattr("media_pipeline.stages.burn.subtitles.find_font", narrow)
    document, used = subtitle_document([Cue(0, 1, "Hello 你好")], WIDTH, HEIGHT)
    assert len(used) == 2
    assert rf"{{\fn{real('你好').family}" in document


def test_text_that_no_font_can_draw_is_refused(plain: Path, tmp_path: Path) -> None:
    given = inputs(tmp_path, speech=[Cue(0.0, 1.0, "Linear B: \U00010000")])
    with pytest.raises(FontMissing, match="install the Debian package"):
        artifacts.run_stage(CAPTIONED_VIDEO, plain, tmp_path / "out", given)


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
    assert rows.min() > 320 * 0.85
    assert rows.max() - rows.min() < 15, "one row, as high as 5 % of the narrow side allows"


def test_odd_sides_and_deep_pixels(tmp_path: Path) -> None:
    show = scene(6, 161, 91)
    given = tmp_path / "odd.mkv"
    write_video(given, (show(i) for i in range(25)), codec="ffv1", pixels="yuv444p10le")
    video = probe(subtitled(given, tmp_path)).video
    assert video is not None
    assert (video.width, video.height, video.bit_depth) == (162, 92, 8)


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
        Params(color=r"white}{\fs100")
