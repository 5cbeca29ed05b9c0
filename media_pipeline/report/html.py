"""``report.html``: one self-contained page on what was found in a film. It loads nothing from
anywhere.

Pictures are inlined; clips and the captioned film are linked by relative path, so the page belongs
beside them.
"""

from __future__ import annotations

import base64
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from media_pipeline.errors import printable
from media_pipeline.media.files import atomic_path
from media_pipeline.media.timecode import format_timecode
from media_pipeline.report.charts import highlight_strip, timeline, waveform
from media_pipeline.report.film import Film
from media_pipeline.report.pictures import as_jpeg
from media_pipeline.report.preview import Stored
from media_pipeline.report.quality import FACT
from media_pipeline.report.signals import clip_gif, signal_lanes
from media_pipeline.report.sound import sound_pictures
from media_pipeline.text.cues import Cue

_CROPS = 600  # inlined at most (about 8 kB each); later cues keep their text
_CROP_W = 560
_CALLED = {
    "embedded_cues": "embedded cues",
    "transcript": "segments",
    "transcript_words": "recognised words",
}


@dataclass(frozen=True)
class Links:
    """Where films lie, relative to the page; only those that exist are linked."""

    captioned: str | None = None
    reel: str | None = None
    clips: Mapping[str, str] | None = None
    """By the clip's file name in its artifact."""
    files: Sequence[str] = ()
    """Other files beside the page."""


def write_report(
    out: Path, artifacts: Mapping[str, Stored], *, name: str, links: Links | None = None
) -> None:
    """Write the page; it appears whole or not at all.

    Parameters
    ----------
    out : the page to write.
    artifacts : of one media item, by asset name; those that are missing or empty are told with
        their reason.
    name : what to call the film.
    links : films and files to link to.
    """
    page = render_report(artifacts, name=name, links=links or Links())
    with atomic_path(out) as target:
        target.write_text(page, encoding="utf-8")


def render_report(artifacts: Mapping[str, Stored], *, name: str, links: Links) -> str:
    """The page as text; see :func:`write_report`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["time"] = format_timecode
    environment.filters["link"] = quote
    environment.filters["speed"] = speed
    text = Path(__file__).with_name("report.html.jinja").read_text(encoding="utf-8")
    film = Film(artifacts)
    return environment.from_string(text).render(
        name=printable(name),
        film=film,
        facts=_facts(film),
        pictures=_pictures(film),
        heard={title: inline(data) for title, data in sound_pictures(film).items()},
        heard_facts=_heard(film),
        cues=_cues(film),
        doubtful=sum(cue.doubtful for cue in film.cues),
        reading=_reading(film),
        disagreements=Counter(row["kind"] for row in film.disagreements).most_common(),
        highlights=_highlights(film, links),
        stages=[_stage(asset, artifact) for asset, artifact in artifacts.items()],
        links=links,
        why_empty={asset: _reason(artifact) for asset, artifact in artifacts.items()},
    )


def speed(realtime: float | None) -> str:
    """Multiples of real time as people read them; empty when there is none."""
    if not realtime:
        return ""
    return f"{realtime:.1f}" if realtime < 100 else f"{realtime:,.0f}"


def inline(data: bytes) -> str:
    """PNG, JPEG or GIF bytes as a ``data:`` URI."""
    kind = "png" if data.startswith(b"\x89PNG") else "gif" if data[:4] == b"GIF8" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _facts(film: Film) -> list[tuple[str, str]]:
    media = film.media
    facts = [("duration", format_timecode(film.duration))]
    if video := media.get("video"):
        facts.append(
            (
                "picture",
                f"{video['width']} × {video['height']}, {video['fps']:.3g} fps, {video['codec']}",
            )
        )
    if media.get("audio"):
        streams = media["audio"]
        used = next((s for s in streams if s["index"] == media.get("audio_index")), streams[0])
        facts.append(
            ("sound", f"{used['codec']}, {used['sample_rate']} Hz, {used['channels']} channels")
        )
    language = film.artifacts.get("language")
    if language is not None and language.facts.get("language"):
        facts.append(("language", str(language.facts["language"])))
    return facts


def _pictures(film: Film) -> dict[str, str]:
    pictures = {
        "timeline": timeline(
            film.duration,
            cues=film.cues,
            words=film.words,
            curve=film.curve,
            highlights=film.highlights,
            shots=film.shots,
        )
    }
    if len(film.sound):
        spans = [(s.start, s.end) for s in film.segments]
        pictures["waveform"] = waveform(film.sound, film.duration, speech=spans, words=film.words)
    if film.highlights:
        pictures["strip"] = highlight_strip(
            film.highlights, film.duration, curve=film.curve, shots=film.shots
        )
    if film.highlights and film.curve is not None:
        pictures["signals"] = signal_lanes(film.curve.times, film.signals, film.highlights)
    return {title: inline(data) for title, data in pictures.items()}


def _heard(film: Film) -> list[str]:
    """What the sound functions found, in words."""
    found = []
    facts = {asset: one.facts for asset, one in film.artifacts.items() if one.reason is None}
    if beats := facts.get("beats"):
        found.append(
            f"{beats['bpm']:.1f} beats a minute, {beats['meter']} to a bar, "
            f"confidence {beats['confidence']:.2f}"
        )
    if "chorus" in facts:
        spans = [f"{c['start']:.1f} to {c['end']:.1f} s" for c in facts["chorus"]["choruses"]]
        found.append(f"choruses: {', '.join(spans) or 'none'}")
    for number, channel in enumerate(facts.get("audio_quality", {}).get("channels", ())):
        found.append(
            f"channel {number}: {channel['Tag']}, {channel['Loudness(dB)']:.1f} LUFS, "
            f"noise {channel['Noisiness(0-5)']:.1f}, index {channel['MOS(0-5)']:.1f} of 5"
        )
    if denoised := facts.get("denoised"):
        found.append(f"noise taken out: {denoised['method']}")
    return found


def _cues(film: Film) -> list[tuple[Cue, str | None]]:
    pairs = zip(film.cues, film.crops, strict=True)
    return [
        (cue, _crop(path) if path is not None and number < _CROPS else None)
        for number, (cue, path) in enumerate(pairs)
    ]


def _reading(film: Film) -> Mapping[str, Any] | None:
    """The figures of the reading, where a person has corrected it."""
    captions = film.artifacts.get("captions")
    return captions.facts.get(FACT) if captions is not None else None


def _crop(path: Path) -> str | None:
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except OSError:
        return None
    if image.width > _CROP_W:
        image = image.resize((_CROP_W, max(1, image.height * _CROP_W // image.width)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=76, optimize=True)
    return inline(out.getvalue() if out.tell() < 60_000 else as_jpeg(image, 60_000))


def _highlights(film: Film, links: Links) -> list[dict[str, Any]]:
    clips = {(round(c["start"], 2), round(c["end"], 2)): c["file"] for c in film.clips}
    rows = []
    for one in film.highlights:
        file = clips.get((round(one.start, 2), round(one.end, 2)))
        link = (links.clips or {}).get(file) if file else None
        moving = clip_gif(film.artifacts["rendered_clips"].path(file)) if file else None
        rows.append(
            {"one": one, "link": link, "file": file, "gif": inline(moving) if moving else None}
        )
    return rows


def _stage(asset: str, artifact: Stored) -> dict[str, Any]:
    manifest = artifact.manifest
    return {
        "asset": asset,
        "rows": ", ".join(result_parts(artifact)),
        "engine": engine_text(artifact),
        "why": manifest.why if artifact.reason is None else "",
        "seconds": manifest.seconds,
        "realtime": manifest.realtime,
        "notes": notes_of(artifact),
        "human": manifest.origin == "human",
    }


def result_parts(artifact: Stored) -> list[str]:
    """What an artifact holds, in words: rows of its tables, else its files."""
    if artifact.reason is not None:
        return ["empty"]
    rows = artifact.manifest.rows or {"files": len(artifact.manifest.files)}
    return [_counted(count, _CALLED.get(name, name)) for name, count in rows.items()]


def _counted(count: int, things: str) -> str:
    return f"{count} {things.removesuffix('s') if count == 1 else things}"


def engine_text(artifact: Stored) -> str:
    """The engine's name, version and model; empty when nothing was made."""
    return "" if artifact.reason else " ".join((artifact.manifest.engine or {}).values())


def notes_of(artifact: Stored) -> list[str]:
    """What people should know of an artifact: why it is empty, and its warnings, each once."""
    reason = _reason(artifact)
    told = artifact.reason.message if artifact.reason is not None else None
    warnings = [text for text in artifact.manifest.warnings if told is None or told not in text]
    return [reason, *warnings] if reason else warnings


def _reason(artifact: Stored) -> str:
    reason = artifact.reason
    if reason is None:
        return ""
    return f"{reason.message}: {reason.remedy}" if reason.remedy else reason.message
