"""Highlights of whole films, through the stages that measure them: planted ones are found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from media_pipeline.errors import NoAudioStream, NoCaptionsFound, NothingToDo, NoVideoStream
from media_pipeline.stages.base import Artifact
from media_pipeline.stages.frames import FRAMES
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES
from media_pipeline.stages.highlights.candidates import Params
from media_pipeline.stages.highlights.sound import measure_sound
from media_pipeline.stages.highlights.tables import CANDIDATES
from media_pipeline.stages.highlights.tags import TAGS
from media_pipeline.stages.speech.audio import AUDIO
from media_pipeline.stages.tables import (
    CAPTIONS,
    HIGHLIGHTS,
    SCORES,
    SHOTS,
    WORDS,
    check_table,
)
from media_pipeline.stages.tables import FRAMES as FRAMES_SPEC
from media_pipeline.text.cues import Cue
from media_pipeline_tests.generators import artifacts
from media_pipeline_tests.generators.highlights import Film, make_film, write_film
from media_pipeline_tests.generators.video import ffmpeg, numbered, write_video

CLIP = 5.0


@dataclass(frozen=True)
class Made:
    """A film on disk with what the stages before made of it."""

    film: Film
    path: Path
    inputs: dict[str, Artifact]


def upstream(path: Path, folder: Path, film: Film | None) -> dict[str, Artifact]:
    from media_pipeline.media.probe import probe

    info = probe(path)
    frames: Artifact = (
        artifacts.run_stage(FRAMES, path, folder / "frames")
        if info.video
        else artifacts.empty(
            folder / "frames", NoVideoStream(path.name), frames=FRAMES_SPEC, shots=SHOTS
        )
    )
    audio: Artifact = (
        artifacts.run_stage(AUDIO, path, folder / "audio")
        if info.audio
        else artifacts.empty(folder / "audio", NoAudioStream(path.name))
    )
    words: Artifact = (
        artifacts.words(folder / "words", film.words)
        if film
        else artifacts.empty(folder / "words", NoAudioStream(path.name), words=WORDS)
    )
    none = artifacts.empty(folder / "captions", NoCaptionsFound("none"), captions=CAPTIONS)
    return {"frames": frames, "audio": audio, "words": words, "captions": none}


@pytest.fixture(scope="module", params=[False, True], ids=["plain levels", "compressed levels"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("film")
    film = make_film(5, duration=66.0, clip=CLIP, compressed=request.param)
    path = write_film(film, folder / "film.mp4")
    return Made(film, path, upstream(path, folder, film))


@pytest.mark.slow
def test_planted_highlights_are_found_and_edges_are_in_no_word(made: Made, tmp_path: Path) -> None:
    shares: list[float] = []
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES,
        made.path,
        tmp_path / "out",
        made.inputs,
        Params(clip_duration=CLIP, count=3),
        progress=shares.append,
    )
    rows = found.table("highlights.parquet").to_pylist()
    best = [max(p.iou(r["start"], r["end"]) for r in rows) for p in made.film.planted]
    assert sum(iou > 0.5 for iou in best) >= 2, best
    assert found.facts["highlights"] == len(rows)
    assert found.facts["best"] == pytest.approx(max(r["score"] for r in rows), abs=1e-3)
    assert found.facts["worded"]
    considered = found.table("candidates.parquet").to_pylist()
    assert [c["rank"] for c in considered] == list(range(1, len(considered) + 1))
    assert sorted(c["start"] for c in considered if c["chosen"]) == [r["start"] for r in rows]
    spoken = np.array([(w.start, w.end) for w in made.film.words])
    for row in rows:
        assert 0.6 * CLIP <= row["end"] - row["start"] <= 1.4 * CLIP
        assert 0.2 < row["score"] <= 1.0
        for edge in (row["start"], row["end"]):
            assert not ((spoken[:, 0] < edge) & (edge < spoken[:, 1])).any()
        assert set(dict(row["signals"])) == set(SCORES.schema.names) - {"time", "score"}
    assert shares
    assert shares == sorted(shares)
    tables = (
        ("highlights.parquet", HIGHLIGHTS),
        ("candidates.parquet", CANDIDATES),
        ("scores.parquet", SCORES),
    )
    for name, spec in tables:
        findings = check_table(found.table(name), spec, made.film.duration)
        assert all(f.passed for f in findings), list(findings)
    scores = found.table("scores.parquet").to_pandas()
    assert scores["time"].tolist() == pytest.approx((np.arange(len(scores)) * 0.1).tolist())
    assert scores["score"].between(-1, 1).all()
    assert scores.drop(columns=["time", "score"]).to_numpy().max() <= 4


def test_the_film_is_hard_enough_for_the_loudest_moments() -> None:
    """What everybody does first, taking the loudest windows, fails where levels are compressed."""

    def loudest(film: Film) -> int:
        power = np.add.reduceat(film.sound.astype(float) ** 2, np.arange(0, len(film.sound), 1600))
        length = round(CLIP * 10)
        sums = np.convolve(power, np.ones(length), "valid")
        hits = 0
        for _ in range(5):
            i = int(np.argmax(sums))
            hits += any(p.iou(i / 10, i / 10 + CLIP) > 0.5 for p in film.planted)
            sums[max(0, i - length + 1) : i + length] = -1
        return hits

    plain = [loudest(make_film(s, duration=66.0, clip=CLIP)) for s in range(4)]
    even = [loudest(make_film(s, duration=66.0, clip=CLIP, compressed=True)) for s in range(4)]
    assert sum(plain) == 12
    assert sum(even) <= 9


def test_a_silent_film_is_judged_by_its_picture(made: Made, tmp_path: Path) -> None:
    silent = tmp_path / "silent.mp4"
    ffmpeg("-i", made.path, "-an", "-c", "copy", silent)
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES,
        silent,
        tmp_path / "out",
        upstream(silent, tmp_path, None),
        Params(clip_duration=CLIP),
    )
    rows = found.table("highlights.parquet").to_pylist()
    assert rows
    scores = found.table("scores.parquet").to_pandas()
    assert scores[["loudness", "flux", "contrast", "speech", "text"]].abs().to_numpy().max() == 0
    best = [max(p.iou(r["start"], r["end"]) for r in rows) for p in made.film.planted]
    assert sum(iou > 0.5 for iou in best) >= 2, best


def test_sound_alone_is_judged_by_its_sound(made: Made, tmp_path: Path) -> None:
    sound = tmp_path / "sound.m4a"
    ffmpeg("-i", made.path, "-vn", "-c", "copy", sound)
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES,
        sound,
        tmp_path / "out",
        upstream(sound, tmp_path, made.film),
        Params(clip_duration=CLIP),
    )
    assert found.facts["highlights"] >= 1
    scores = found.table("scores.parquet").to_pandas()
    assert scores[["motion", "cuts"]].abs().to_numpy().max() == 0
    assert scores["loudness"].max() > 1


def test_captions_with_exclamations_raise_the_score(made: Made, tmp_path: Path) -> None:
    calm = made.film.planted[0].start - 4.0
    shouted = [Cue(calm, calm + 2.0, "快跑！"), Cue(calm + 20, calm + 21, "好的。")]
    given = {**made.inputs, "captions": artifacts.captions(tmp_path / "captions", shouted)}

    def at(inputs: dict[str, Artifact], out: str) -> float:
        run = artifacts.run_stage(HIGHLIGHT_CANDIDATES, made.path, tmp_path / out, inputs)
        return float(run.table("scores.parquet")["score"].to_numpy()[round(calm * 10) + 10])

    assert at(given, "with") > at(made.inputs, "without") + 0.1


@pytest.mark.parametrize("seconds", [0.2, 2.0, 5.0])
def test_a_film_shorter_than_a_clip_has_one_highlight_or_none(
    tmp_path: Path, seconds: float
) -> None:
    path = tmp_path / "short.mp4"
    frames = range(round(seconds * 25))
    write_video(path, (numbered(i * (i > len(frames) / 2), 160, 90) for i in frames))
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES, path, tmp_path / "out", upstream(path, tmp_path, None)
    )
    rows = found.table("highlights.parquet").to_pylist()
    assert len(rows) <= 1
    for row in rows:
        assert (row["start"], row["end"]) == (0.0, pytest.approx(seconds, abs=0.05))


def test_one_frame_without_sound_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "still.mp4"
    write_video(path, [numbered(0, 160, 90)])
    with pytest.raises(NothingToDo, match="neither sound nor moving picture"):
        artifacts.run_stage(
            HIGHLIGHT_CANDIDATES, path, tmp_path / "out", upstream(path, tmp_path, None)
        )


@pytest.mark.parametrize(
    "params",
    [
        {"count": 0},
        {"count": 11},
        {"clip_duration": 2.9},
        {"clip_duration": 61},
        {"weights": {"smell": 1.0}},
        {"weights": {"motion": -1.0}},
        {"custom_actions": ["Fight"] * 51},
        {"custom_actions": ["Running"]},
        {"custom_actions": [""]},
        {"colour": "red"},
    ],
)
def test_parameters_are_checked(params: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Params(**params)  # type: ignore[arg-type]


def test_actions_without_an_engine_are_named_and_never_tagged(made: Made, tmp_path: Path) -> None:
    params = Params(clip_duration=CLIP, enable_action_recog=True, custom_actions=["Fight", "Cry"])
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES, made.path, tmp_path / "out", made.inputs, params
    )
    assert found.facts["unsupported_actions"] == ["Fight", "Cry"]
    tags = {t for r in found.table("highlights.parquet").to_pylist() for t in r["tags"]}
    assert tags <= set(TAGS)


@pytest.mark.slow
def test_a_moment_that_is_shown_again_is_one_highlight(tmp_path: Path) -> None:
    """A film with a replay: the event is found once, another takes the second place."""
    film = make_film(7, duration=45.0, clip=CLIP)
    path = write_film(film, tmp_path / "once.mp4")
    one = film.planted[0]
    replay = tmp_path / "replay.mp4"
    span = f"{one.start - 0.5}:{one.end + 0.5}"
    ffmpeg(
        "-i", path, "-filter_complex",
        f"[0:v]split[a][b];[b]trim={span},setpts=PTS-STARTPTS[c];[a][c]concat=n=2:v=1:a=0[v];"
        f"[0:a]asplit[d][e];[e]atrim={span},asetpts=PTS-STARTPTS[f];[d][f]concat=n=2:v=0:a=1[s]",
        "-map", "[v]", "-map", "[s]", "-c:v", "libx264", "-preset", "ultrafast", replay,
    )  # fmt: skip
    found = artifacts.run_stage(
        HIGHLIGHT_CANDIDATES,
        replay,
        tmp_path / "out",
        upstream(replay, tmp_path, None),
        Params(clip_duration=CLIP, count=5),
    )
    considered = found.table("candidates.parquet").to_pylist()
    twins = [c for c in considered if c["like"]]
    assert twins, "both showings stand out"
    assert not any(c["chosen"] for c in twins)
    rows = found.table("highlights.parquet").to_pylist()
    again = (45.5, 45.5 + one.end - one.start)
    shown = [max(one.iou(r["start"], r["end"]), _iou(again, r)) > 0.3 for r in rows]
    assert sum(shown) == 1


def _iou(span: tuple[float, float], row: dict[str, float]) -> float:
    shared = max(0.0, min(span[1], row["end"]) - max(span[0], row["start"]))
    return shared / (max(span[1], row["end"]) - min(span[0], row["start"]))


def test_memory_does_not_grow_with_the_sound() -> None:
    """An hour of sound in blocks, of which none stays."""
    import tracemalloc

    block = (0.1 * np.random.default_rng(0).standard_normal(160_000)).astype(np.float32)

    def peak(minutes: int) -> int:
        tracemalloc.start()
        assert measure_sound((block for _ in range(minutes * 6)), 16000, minutes * 600) is not None
        _, found = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return found

    one, eleven = peak(1), peak(11)
    assert eleven - one < 10 * 3_000_000, "under 3 MB a minute, where the samples take 3.8"
