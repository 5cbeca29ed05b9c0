"""Captions through the command, as the ICE function gives them and as the catalogue does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from media_pipeline.text.cues import Cue
from media_pipeline.text.formats import read_cues
from media_pipeline_tests.cli.conftest import Done, Home
from media_pipeline_tests.generators.captions import Film, Style, make_clip
from media_pipeline_tests.scoring import score_cues

BILINGUAL = [
    Cue(0.4, 1.8, "你昨天晚上去了哪里？\nWhere were you last night?"),
    Cue(2.0, 3.2, "我在公司加班\nThey kept us all working."),
    Cue(3.4, 4.2, "好"),
]


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("two") / "two.mp4", Film(BILINGUAL, 4.6)).path


@pytest.mark.slow
def test_job_params_are_read_as_the_service_documents_them(
    command: Home, inside: Callable[..., Done], bilingual: Path
) -> None:
    params = r"{fps:10,Sep:false,track:'main',formatter:'{\an8}',roi:[[0.5, 1], [0, 1]]}"
    done = inside("run", "CaptionExtraction", str(bilingual), "out.srt", "--params", params)
    assert done.returncode == 0, done.stderr
    text = (command.cwd / "out.srt").read_text(encoding="utf-8")
    assert text.count("\n{\\an8}") == len(BILINGUAL)


def extract(inside: Callable[..., Done], film: Path, out: str, **params: object) -> Done:
    return inside("run", "CaptionExtraction", str(film), out, "--params", json.dumps(params))


def test_each_language_in_a_file_of_its_own_with_the_prefix(
    command: Home, inside: Callable[..., Done], bilingual: Path
) -> None:
    done = extract(inside, bilingual, "out/{resultType}.srt", sep=True, formatter="{\\an8}")
    assert (done.returncode, json.loads(done.stdout)) == (0, {})
    for language, row, count in (("zh", 0, 3), ("en", 1, 2)):
        file = command.cwd / "out" / f"{language}.srt"
        truth = [Cue(c.start, c.end, c.text.split("\n")[row]) for c in BILINGUAL[:count]]
        result = score_cues(truth, read_cues(file))
        assert (result.exact, result.f1) == (count, 1.0), str(result)
        assert result.boundary(100) < 0.0401
        assert file.read_text(encoding="utf-8").count("\n{\\an8}") == count


def test_a_film_without_captions_gives_an_empty_file_and_the_reason(
    command: Home, inside: Callable[..., Done], clip: Path
) -> None:
    done = extract(inside, clip, "none.srt")
    assert (done.returncode, json.loads(done.stdout)) == (0, {})
    assert (command.cwd / "none.srt").read_bytes() == b""
    (reason,) = [line for line in done.errors if line.startswith("no captions: ")]
    assert "clip.mp4 shows no captions in the region [[0.75, 1.0], [0.0, 1.0]]" in reason
    done = extract(inside, clip, "{resultType}.srt", sep=True)
    assert done.returncode == 0
    assert [(command.cwd / f"{name}.srt").read_bytes() for name in ("zh", "en")] == [b"", b""]


@pytest.mark.slow
def test_only_the_catalogue_looks_beyond_the_bottom_quarter(
    command: Home, inside: Callable[..., Done], tmp_path: Path
) -> None:
    style = Style(bottom=0.5)
    cues = [Cue(0.4, 1.8, "他今天会来"), Cue(2.0, 3.4, "我在公司加班")]
    film = make_clip(tmp_path / "high.mp4", Film(cues, 3.8, style=style)).path
    assert extract(inside, film, "wire.srt").returncode == 0
    assert (command.cwd / "wire.srt").read_bytes() == b""
    (command.cwd / "only.yaml").write_text("stages: [captions]\n")
    done = inside("process", str(film), "--out", "made", "--profile", "only.yaml")
    assert done.returncode == 0, done.stderr
    assert score_cues(cues, read_cues(command.cwd / "made" / "captions.srt")).exact == 2
    assert "the bottom quarter of the picture does not hold the captions" in done.stdout
    done = inside(
        *("process", str(film), "--out", "auto", "--profile", "only.yaml"),
        *("--set", "ocr_cues.roi=auto"),
    )
    assert done.returncode == 0, done.stderr
    assert score_cues(cues, read_cues(command.cwd / "auto" / "captions.srt")).exact == 2


@pytest.mark.slow
def test_a_correction_tells_how_well_the_machine_had_read(
    command: Home, inside: Callable[..., Done], bilingual: Path
) -> None:
    (command.cwd / "only.yaml").write_text("stages: [captions]\n")
    done = inside("process", str(bilingual), "--out", "made", "--profile", "only.yaml")
    assert done.returncode == 0, done.stderr
    fixed = command.cwd / "made" / "captions.srt"
    text = fixed.read_text(encoding="utf-8")
    fixed.write_text(text.replace("加班", "睡觉"), encoding="utf-8")
    done = inside("correct", "two.mp4", str(fixed))
    assert done.returncode == 0, done.stderr
    characters = len(" ".join(" ".join(cue.text.split()) for cue in BILINGUAL))
    assert (
        f"the reading had 2 wrong of {characters} characters ({2 / characters:.2%}); "
        "2 of 3 captions were right, 0 missed, 0 too many" in done.stdout
    )
