"""Which subtitle stream of a film is taken, from files of all kinds to captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from media_pipeline.errors import InvalidParameter, NoCaptionsFound
from media_pipeline.media.probe import SubtitleStream, probe
from media_pipeline.ocr.base import load_engine
from media_pipeline.stages.base import Environment, Work
from media_pipeline.stages.captions import CAPTIONS
from media_pipeline.stages.captions.canonical import Params
from media_pipeline.stages.captions.streams import Candidate, candidates, ranked
from media_pipeline.stages.source import SOURCE
from media_pipeline.stages.tables import EMBEDDED_CUES, OCR_CUES
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators.artifacts import FolderArtifact, empty, run_stage
from media_pipeline_tests.generators.subtitles import Track, add_subtitles

CHINESE = [Cue(0.2, 0.8, "你昨天晚上去了哪里？"), Cue(0.8, 1.4, "我在公司加班，到十二点才走")]
ENGLISH = [Cue(0.2, 0.8, "Where were you all night?"), Cue(0.8, 1.4, "I'll tell you.\nAll right?")]
BILINGUAL = [Cue(0.2, 0.8, "别骗我了\nDon't lie to me."), Cue(1.0, 1.6, "好")]
SIGN = [Cue(1.0, 1.4, "EXIT")]
DEAF = [Cue(0.1, 0.2, "[door slams]"), *ENGLISH]


def captions_of(film: Path, folder: Path, **params: Any) -> FolderArtifact:
    """The canonical captions of a film whose picture shows none."""
    folder.mkdir()
    source = run_stage(SOURCE, film, folder / "source")
    none = empty(folder / "ocr", NoCaptionsFound("nothing was found"), ocr_cues=OCR_CUES)
    (folder / "ocr" / "ocr_cues.parquet").rename(folder / "ocr" / "cues.parquet")
    return run_stage(
        CAPTIONS, film, folder / "out", {"source": source, "ocr_cues": none}, Params(**params)
    )


def texts(made: FolderArtifact) -> list[str]:
    found: list[str] = made.table("captions.parquet")["text"].to_pylist()
    return found


@pytest.mark.parametrize(("codec", "suffix"), [("srt", "mkv"), ("ass", "mkv"), ("mov_text", "mp4")])
def test_text_streams_by_language_and_flags(
    clip: Path, tmp_path: Path, codec: str, suffix: str
) -> None:
    tracks = [
        Track(SIGN, codec, "eng", "default+forced"),
        Track(DEAF, codec, "eng", "hearing_impaired"),
        Track(ENGLISH, codec, "eng"),
        Track(CHINESE, codec, "chi"),
    ]
    film = add_subtitles(clip, tmp_path / f"film.{suffix}", tracks)
    english = [cue.text for cue in ENGLISH]
    assert texts(captions_of(film, tmp_path / "en", language="en")) == english
    chinese = captions_of(film, tmp_path / "zh", language="zh")
    assert texts(chinese) == [cue.text for cue in CHINESE]
    assert (chinese.facts["source"], chinese.facts["stream"]) == ("embedded", 5)
    asked = captions_of(film, tmp_path / "asked", stream=2)
    assert texts(asked) == ["EXIT"]
    assert "it was asked for" in asked.facts["why"]


@pytest.mark.parametrize(
    ("codec", "suffix"), [("pgs", "mkv"), ("dvdsub", "mkv"), ("dvdsub", "mp4"), ("dvbsub", "ts")]
)
def test_streams_of_pictures_are_read(wide: Path, tmp_path: Path, codec: str, suffix: str) -> None:
    cues = [*BILINGUAL, *[Cue(c.start + 2, c.end + 2, c.text) for c in CHINESE]]
    film = add_subtitles(wide, tmp_path / f"film.{suffix}", [Track(cues, codec, "chi")])
    made = captions_of(film, tmp_path / "made")
    table = made.table("captions.parquet")
    # Which width a mark has in a font of even widths is a matter of taste.
    assert [text.replace("?", "？") for text in texts(made)] == [cue.text for cue in cues]
    video = probe(film).video
    assert video is not None
    starts = [start - video.start for start in table["start"].to_pylist()]
    assert starts == pytest.approx([cue.start for cue in cues], abs=0.002)
    assert set(table["source"].to_pylist()) == {"embedded"}
    assert min(table["confidence"].to_pylist()) > 0.8
    assert not any(table["doubtful"].to_pylist())
    assert "(zh, pictures)" in made.facts["why"]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from media_pipeline_tests.generators.video import write_clip

    return write_clip(tmp_path_factory.mktemp("wide") / "wide.mp4", 4.0, size="640x360")


def test_text_goes_before_pictures_and_pictures_that_nobody_reads_are_told(
    clip: Path, tmp_path: Path
) -> None:
    tracks = [Track(ENGLISH, "dvdsub", "eng", "default"), Track(ENGLISH, "srt", "eng")]
    film = add_subtitles(clip, tmp_path / "film.mkv", tracks)
    assert captions_of(film, tmp_path / "made").facts["stream"] == 3
    russian = add_subtitles(clip, tmp_path / "russian.mkv", [Track(ENGLISH, "dvdsub", "rus")])
    with pytest.raises(NoCaptionsFound, match="nothing was found"):
        captions_of(russian, tmp_path / "none")
    _, warnings = candidates(EMBEDDED_CUES.empty(), probe(russian).subtitles, 2.0)
    assert warnings == [
        "subtitle stream 2 (dvdsub, ru) holds pictures of letters that no text engine here reads"
    ]
    with pytest.raises(InvalidParameter, match=r"stream is 2, .*: none"):
        captions_of(russian, tmp_path / "asked", stream=2)


def test_the_engine_is_named_only_where_it_may_read(clip: Path, tmp_path: Path) -> None:
    film = add_subtitles(clip, tmp_path / "film.mkv", [Track(ENGLISH, "pgs", "eng")])

    def engine(path: Path, **params: Any) -> str | None:
        work = Work(path, probe(path), {}, Params(**params), tmp_path, Environment())
        resolution = CAPTIONS.resolve(work)
        return resolution.engine["name"] if resolution.engine else None

    assert engine(film) == "rapidocr"
    assert engine(film, embedded=False) is None
    assert engine(clip) is None
    assert load_engine("rapidocr", Environment()).name == "rapidocr"


# --- the order --------------------------------------------------------------------------------


def stream(index: int, cues: int | None, language: str = "en", **flags: bool) -> Candidate:
    texts = None if cues is None else [Cue(i, i + 1, "text") for i in range(cues)]
    return Candidate(index, language, texts, **flags)


@pytest.mark.parametrize(
    ("found", "audio", "first"),
    [
        ([stream(2, 10), stream(3, 12)], None, 3),
        ([stream(2, 10, default=True), stream(3, 12)], None, 2),
        ([stream(2, 10, default=True, forced=True), stream(3, 8)], None, 3),
        ([stream(2, 12, hearing_impaired=True), stream(3, 10)], None, 3),
        ([stream(2, 10, "zh"), stream(3, 10, "en")], "eng", 3),
        ([stream(2, 2, default=True), stream(3, 40)], None, 3),  # forced, and not said to be
        ([stream(2, None, default=True), stream(3, 5)], None, 3),
        ([stream(2, 5, forced=True), stream(3, None)], None, 3),
        ([stream(2, None), stream(3, None)], None, 2),
    ],
)
def test_what_is_best(found: Sequence[Candidate], audio: str | None, first: int) -> None:
    assert ranked(found, audio)[0].index == first


def test_titles_stand_for_flags(clip: Path, tmp_path: Path) -> None:
    def probed(title: str) -> SubtitleStream:
        film = add_subtitles(clip, tmp_path / "film.mkv", [Track(ENGLISH, "srt", title=title)])
        (found,) = probe(film).subtitles
        return found

    assert probed("English [SDH]").hearing_impaired
    assert probed("Signs & Songs").forced
    plain = probed("English (accurate)")
    assert not (plain.hearing_impaired or plain.forced)
