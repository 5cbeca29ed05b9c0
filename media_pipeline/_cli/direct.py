"""Commands that make one thing from one file, without Dagster: transcribe and highlights."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import Bars, bars, note, say, timed
from media_pipeline._cli.options import stage_option, stage_params, usage
from media_pipeline._cli.outputs import check_folder, check_output, new_file
from media_pipeline.errors import EmptyMedia, InvalidCaptions, MediaNotFound

if TYPE_CHECKING:
    from media_pipeline.runner import Runner
    from media_pipeline.store import MediaItem, StoredArtifact

_Media = Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")]


@dataclass(frozen=True)
class Request:
    """One film and the runner that makes things from it."""

    runner: Runner
    item: MediaItem
    progress: Bars

    def make(
        self, stage: str, params: Mapping[str, Mapping[str, Any]] | None = None
    ) -> StoredArtifact:
        """An artifact, made with what it needs; its typed errors are raised."""
        artifact = self.runner.request(
            self.item.key, stage, params or {}, progress=self.progress.bar(stage)
        )
        for warning in artifact.manifest.warnings:
            note(f"warning: {warning}")
        return artifact


@contextmanager
def request(media: str) -> Iterator[Request]:
    """Add a film to the lake and serve the block with it; says at the end how long that took."""
    from media_pipeline.runner import Runner
    from media_pipeline.settings import Settings

    runner = Runner.from_settings(Settings())
    with bars() as progress:
        item = runner.ingest(media, progress=progress.bar("reading the file"))

        def seconds() -> float:
            return float(runner.request(item.key, "source").facts["media"]["duration"])

        with timed(seconds):
            yield Request(runner, item, progress)


def transcribe(
    media: _Media,
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT.{srt,vtt,ass,json}", help="file to write")
    ],
    engine: Annotated[str | None, stage_option("transcript", "engine")] = None,
    language: Annotated[str | None, stage_option("language", "language")] = None,
    script: Annotated[
        Path | None,
        typer.Option(help="file with the text that is said, a line per segment: it is aligned"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="seconds or HH:MM:SS: leave out what is before"),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="seconds or HH:MM:SS that are kept from there"),
    ] = None,
) -> None:
    """Write what is said in a film as subtitles, or as JSON with a time for each word.

    Times are those of the film, also with --start.
    """
    output = check_output(output, media, (".srt", ".vtt", ".ass", ".json"))
    begin, end = _range(start, duration)
    params = stage_params(
        language={"language": language},
        transcript={"engine": engine, "script": None if script is None else _text(script)},
    )
    from media_pipeline.report.film import Film
    from media_pipeline.text.formats import format_cues

    with request(media) as job:
        made = {"transcript": job.make("transcript", params)}
        note(_chosen(made["transcript"]))
        for stage in ("words", "speech_subtitles"):
            made[stage] = job.make(stage, params)
    film = Film(made)
    as_json = output.suffix.lower() == ".json"
    cues = film.segments if as_json else film.subtitles or film.segments
    kept = [cue for cue in cues if cue.end > begin and cue.start < end]
    words = [word for word in film.words if word.end > begin and word.start < end]
    code = made["transcript"].facts.get("language")
    kind = output.suffix.lower().lstrip(".")
    with new_file(output) as target:
        text = format_cues(kept, kind, words=words if as_json else (), language=code)
        target.write_text(text, encoding="utf-8", newline="\n")
    say(f"{output}: {len(kept)} cues, {len(words)} words, language {code or 'unknown'}")


def _chosen(transcript: StoredArtifact) -> str:
    manifest = transcript.manifest
    engine = " ".join((manifest.engine or {}).values())
    return f"engine: {engine} ({manifest.why})" if manifest.why else f"engine: {engine}"


def _text(script: Path) -> str:
    if not script.is_file():
        raise MediaNotFound(script)
    try:
        text = script.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidCaptions(f"{script.name} is not UTF-8 text", "save it as UTF-8") from None
    if not text.strip():
        raise EmptyMedia(script)
    return text


def _range(start: str | None, duration: str | None) -> tuple[float, float]:
    begin = 0.0 if start is None else read_time("--start", start)
    return begin, math.inf if duration is None else begin + read_time("--duration", duration)


def read_time(name: str, text: str) -> float:
    """Seconds of a plain number or a timecode."""
    from media_pipeline.media.timecode import parse_timecode

    try:
        seconds = float(text)
    except ValueError:
        with usage():
            return parse_timecode(text, name=name)
    if not (math.isfinite(seconds) and seconds >= 0):
        raise typer.BadParameter(f"{name} is {text}: give seconds or HH:MM:SS")
    return seconds


def highlights(
    media: _Media,
    outdir: Annotated[
        Path, typer.Argument(metavar="OUTDIR", help="folder for highlights.json and the clips")
    ],
    count: Annotated[int | None, stage_option("highlight_candidates", "count")] = None,
    clip_duration: Annotated[
        float | None, stage_option("highlight_candidates", "clip_duration")
    ] = None,
    export: Annotated[
        bool, typer.Option("--export", help="write each highlight as a clip")
    ] = False,
) -> None:
    """Find the highlights of a film; write highlights.json, and the clips when asked."""
    params = stage_params(highlight_candidates={"count": count, "clip_duration": clip_duration})
    folder = check_folder(outdir)
    from media_pipeline._cli.export import highlights_json
    from media_pipeline.report.film import Film

    with request(media) as job:
        found = {"highlight_candidates": job.make("highlight_candidates", params)}
        if export and found["highlight_candidates"].manifest.rows.get("highlights"):
            found["rendered_clips"] = job.make("rendered_clips", params)
        film = Film(found)
        for clip in film.clips:
            with new_file(folder / clip["file"]) as target:
                shutil.copyfile(found["rendered_clips"].path(clip["file"]), target)
        result = highlights_json(film, media, link=(lambda file: file) if export else None)
        with new_file(folder / "highlights.json") as target:
            target.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", "utf-8")
    for number, one in enumerate(film.highlights, start=1):
        tags = f"  {', '.join(one.tags)}" if one.tags else ""
        say(f"{number:2d}  {one.start:8.2f} – {one.end:8.2f} s  score {one.score:.2f}{tags}")
    say(str(folder / "highlights.json"))
