"""``transcribe``: what is said in a film, as subtitles or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from media_pipeline._cli.console import note, say
from media_pipeline._cli.direct import request
from media_pipeline._cli.options import read_time, stage_option, stage_params
from media_pipeline._cli.outputs import check_output, new_file
from media_pipeline.errors import EmptyMedia, InvalidCaptions, MediaNotFound

if TYPE_CHECKING:
    from media_pipeline.store import StoredArtifact

_SUFFIXES = (".srt", ".vtt", ".ass", ".ttml", ".xml", ".json")


def transcribe(
    media: Annotated[str, typer.Argument(metavar="INPUT", help="file or URI")],
    output: Annotated[
        Path,
        typer.Argument(
            metavar="OUTPUT.{srt,vtt,ass,ttml,json}",
            help="file to write; .words.json holds only words, .asr.json the list of content, from "
            "and to that ICE answers with",
        ),
    ],
    engine: Annotated[str | None, stage_option("transcript", "engine")] = None,
    language: Annotated[str | None, stage_option("language", "language")] = None,
    script: Annotated[
        Path | None,
        typer.Option(help="file with the text that is said, a line per segment: it is aligned"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="seconds or HH:MM:SS: listen from there on"),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="seconds or HH:MM:SS to listen for")
    ] = None,
) -> None:
    """Write what is said in a film as subtitles, or as JSON with a time for each word.

    Times are those of the film, also with --start. Captions in the picture are only read where
    there is no script and no better engine.
    """
    output = check_output(output, media, _SUFFIXES)
    window = {
        "start": None if start is None else read_time("--start", start),
        "duration": None if duration is None else read_time("--duration", duration),
    }
    given = {"engine": engine, "script": None if script is None else _text(script)}
    params = stage_params(audio=window, language={"language": language}, transcript=given)
    from media_pipeline.report.film import Film
    from media_pipeline.text.formats import format_cues, format_of

    without = () if _needs_captions(params) else ("captions",)
    with request(media) as job:
        made = {"transcript": job.make("transcript", params, without=without)}
        note(_chosen(made["transcript"]))
        for stage in ("words", "speech_subtitles"):
            made[stage] = job.make(stage, params, without=without)
    film, kind = Film(made), format_of(output)
    cues = film.segments if kind == "json" else film.subtitles
    code = made["transcript"].facts.get("language")
    with new_file(output) as target:
        text = format_cues(cues, kind, words=film.words, language=code)
        target.write_text(text, encoding="utf-8", newline="\n")
    say(f"{output}: {len(cues)} cues, {len(film.words)} words, language {code or 'unknown'}")


def _needs_captions(params: dict[str, dict[str, Any]]) -> bool:
    """Whether captions would be what is taken for said; an engine that is not here fails now."""
    from media_pipeline.asr.select import CAPTIONS, choose
    from media_pipeline.settings import Settings, environment

    asked = params.get("transcript", {})
    if asked.get("script") is not None:
        return False
    language = params.get("language", {}).get("language")
    engine = asked.get("engine", "auto")
    if engine == "pocketsphinx" and language is None:
        return True  # which language it is may only be known from the captions
    return choose(engine, language, True, environment(Settings())).name == CAPTIONS


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
