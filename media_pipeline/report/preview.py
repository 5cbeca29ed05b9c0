"""What people see of an artifact in Dagster: a picture or two and the first rows of its table. Fast
and bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from media_pipeline.media.timecode import format_timecode
from media_pipeline.report.charts import Highlight, highlight_strip, timeline, waveform
from media_pipeline.report.film import Film
from media_pipeline.report.pictures import cue_sheet, frame_sheet, spread
from media_pipeline.report.signals import clip_gif, signal_lanes
from media_pipeline.report.sound import DRAWN
from media_pipeline.report.stills import stills
from media_pipeline.stages.base import Artifact

_ROWS, _TEXT = 10, 160  # of the preview table
_SHOTS = 24
_GIFS = 10  # every highlight has one, there are no more


class Stored(Artifact, Protocol):
    """What a preview needs of a stored artifact."""

    @property
    def asset(self) -> str:
        """Name of the asset."""

    @property
    def media_key(self) -> str:
        """Key of the media item."""

    @property
    def manifest(self) -> Any:
        """Its manifest."""


class Lookup(Protocol):
    """Where the artifacts that an artifact was made from are found."""

    def get(self, asset: str, key: str, fingerprint: str, /) -> Artifact | None:
        """The artifact, or None."""


@dataclass(frozen=True)
class Preview:
    """Pictures by title (JPEG or PNG bytes), and rows for a table."""

    images: Mapping[str, bytes] = field(default_factory=dict)
    table: Sequence[Mapping[str, Any]] = ()


def preview(artifact: Stored, store: Lookup) -> Preview:
    """Pictures and first rows of an artifact, drawn together with what it was made from.

    An asset of an unknown kind, or an empty artifact, has a table at most.
    """
    film = Film({artifact.asset: artifact, **_inputs(artifact, store)})
    images = (
        _IMAGES.get(artifact.asset, _nothing)(film, artifact) if artifact.reason is None else {}
    )
    return Preview(images, _ROWS_OF.get(artifact.asset, _first_rows)(film, artifact))


def _inputs(artifact: Stored, store: Lookup) -> dict[str, Artifact]:
    found = {
        asset: store.get(asset, artifact.media_key, fingerprint)
        for asset, fingerprint in artifact.manifest.inputs.items()
    }
    return {asset: one for asset, one in found.items() if one is not None}


# --- pictures -------------------------------------------------------------------------------------


def _nothing(_film: Film, _artifact: Stored) -> dict[str, bytes]:
    return {}


def _source(_film: Film, artifact: Stored) -> dict[str, bytes]:
    posters = artifact.files("poster.jpg")
    return {"poster": posters[0].read_bytes()} if posters else {}


def _frames(film: Film, _artifact: Stored) -> dict[str, bytes]:
    shown = [film.shots[i] for i in spread(len(film.shots), _SHOTS)]
    pictures = [
        (s.thumbnail, f"{format_timecode(s.start)}  {s.end - s.start:.1f} s")
        for s in shown
        if s.thumbnail
    ]
    return {"shots": frame_sheet(pictures, columns=6, width=184)} if pictures else {}


def _cue_sheet(film: Film, _artifact: Stored) -> dict[str, bytes]:
    return {"cues": cue_sheet(film.cues, film.crops)} if film.cues else {}


def _cues(film: Film, artifact: Stored) -> dict[str, bytes]:
    if not film.cues:
        return {}
    return {
        **_cue_sheet(film, artifact),
        "timeline": timeline(film.duration, cues=film.cues),
    }


def _audio(film: Film, _artifact: Stored) -> dict[str, bytes]:
    return {"sound": waveform(film.sound, film.duration)} if len(film.sound) else {}


def _transcript(film: Film, _artifact: Stored) -> dict[str, bytes]:
    spans = [(s.start, s.end) for s in film.segments]
    return {"speech": waveform(film.sound, film.duration, speech=spans)} if len(film.sound) else {}


def _words(film: Film, _artifact: Stored) -> dict[str, bytes]:
    if not len(film.sound):
        return {"timeline": timeline(film.duration, cues=film.cues, words=film.words)}
    return {"words": waveform(film.sound, film.duration, words=film.words)}


def _subtitles(film: Film, _artifact: Stored) -> dict[str, bytes]:
    return {"timeline": timeline(film.duration, cues=film.subtitles, words=film.words)}


def _disagreements(film: Film, _artifact: Stored) -> dict[str, bytes]:
    marked = [Highlight(row["start"], row["end"], 0.0) for row in film.disagreements]
    images = {
        "timeline": timeline(film.duration, cues=film.cues, words=film.words, highlights=marked)
    }
    rows = sorted({row["cue"] for row in film.disagreements if row["cue"] is not None})
    if rows:
        crops = film.crops
        images["cues"] = cue_sheet([film.cues[row] for row in rows], [crops[row] for row in rows])
    return images


def _highlights(film: Film, _artifact: Stored) -> dict[str, bytes]:
    return {
        "highlights": highlight_strip(
            film.highlights, film.duration, curve=film.curve, shots=film.shots
        ),
        "timeline": timeline(
            film.duration,
            cues=film.cues,
            words=film.words,
            curve=film.curve,
            highlights=film.highlights,
            shots=film.shots,
        ),
        **_signals(film),
    }


def _signals(film: Film) -> dict[str, bytes]:
    if film.curve is None:
        return {}
    return {"signals": signal_lanes(film.curve.times, film.signals, film.highlights)}


def _clips(film: Film, artifact: Stored) -> dict[str, bytes]:
    frames = []
    for row in film.clips[:12]:
        for image, _ in stills(artifact.path(row["file"]), 1):
            frames.append((image, f"{row['file']}  {row['start']:.1f}–{row['end']:.1f} s"))
    moving = {row["file"]: clip_gif(artifact.path(row["file"])) for row in film.clips[:_GIFS]}
    return {
        **({"clips": frame_sheet(frames, columns=4, width=280)} if frames else {}),
        **{name: data for name, data in moving.items() if data is not None},
    }


def _film_frames(_film: Film, artifact: Stored) -> dict[str, bytes]:
    frames = [
        (image, format_timecode(time))
        for path in artifact.files("*.mp4")
        for image, time in stills(path, 6)
    ]
    return {"frames": frame_sheet(frames, columns=3, width=360)} if frames else {}


def _pairs(_film: Film, artifact: Stored) -> dict[str, bytes]:
    """Pictures before and after, which the stage put side by side and named by their seconds."""
    pairs = [
        (path, format_timecode(float(path.stem.removeprefix("pair_").removesuffix("s"))))
        for path in artifact.files("pair_*.jpg")
    ]
    return {"before and after": frame_sheet(pairs, columns=1, width=720)} if pairs else {}


def _heard(film: Film, artifact: Stored) -> dict[str, bytes]:
    return DRAWN[artifact.asset](film)


def _covers(_film: Film, artifact: Stored) -> dict[str, bytes]:
    marks = {cover["file"]: cover for cover in artifact.facts["covers"]}
    shown = [(path, marks[path.name]) for path in artifact.files("cover_*")]
    pictures = [(p, f"{format_timecode(m['time'])}  {m['score']:.1f} of 10") for p, m in shown]
    return {"covers": frame_sheet(pictures, columns=3, width=320)} if pictures else {}


_IMAGES: dict[str, Callable[[Film, Stored], dict[str, bytes]]] = {
    "source": _source,
    "frames": _frames,
    "ocr_cues": _cue_sheet,
    "captions": _cues,
    "audio": _audio,
    "transcript": _transcript,
    "words": _words,
    "speech_subtitles": _subtitles,
    "caption_speech": _disagreements,
    "highlight_candidates": _highlights,
    "rendered_clips": _clips,
    "reel": _film_frames,
    "captioned_video": _film_frames,
    "cover": _covers,
    "delogoed": _pairs,
    "detexted": _pairs,
    "portrait": _pairs,
    "beautified": _pairs,
    "matte": _pairs,
    **dict.fromkeys(DRAWN, _heard),
}


# --- tables ---------------------------------------------------------------------------------------


def _first_rows(_film: Film, artifact: Stored) -> list[dict[str, Any]]:
    for path in artifact.files("*.parquet"):
        return rows_of(artifact.table(path.stem).slice(0, _ROWS))
    return [{"file": entry.name, "bytes": entry.size} for entry in artifact.manifest.files[:_ROWS]]


def _read(_film: Film, artifact: Stored) -> list[dict[str, Any]]:
    table = artifact.table("cues").slice(0, _ROWS)
    shown = [name for name in table.schema.names if name not in ("lines", "crop", *"xywh")]
    return rows_of(table.select(shown))


def _streams(film: Film, artifact: Stored) -> list[dict[str, Any]]:
    media = film.media
    rows = [{"stream": "picture", **media["video"]}] if media.get("video") else []
    rows += [{"stream": "sound", **one} for one in media.get("audio", ())]
    rows += [{"stream": "subtitles", **one} for one in media.get("subtitles", ())]
    columns = (
        "stream",
        "index",
        "codec",
        "width",
        "height",
        "fps",
        "sample_rate",
        "channels",
        "language",
    )
    return [{name: _cell(row.get(name)) for name in columns} for row in rows[:_ROWS]]


def _shots(film: Film, artifact: Stored) -> list[dict[str, Any]]:
    found = film.table("frames", "shots")
    return rows_of(found.slice(0, _ROWS)) if found is not None else []


def _chosen(film: Film, artifact: Stored) -> list[dict[str, Any]]:
    found = film.table("highlight_candidates", "highlights")
    return rows_of(found.slice(0, _ROWS)) if found is not None else []


def _facts(_film: Film, artifact: Stored) -> list[dict[str, Any]]:
    return [{"fact": name, "value": _cell(str(value))} for name, value in artifact.facts.items()][
        :_ROWS
    ]


def _by_channel(_film: Film, artifact: Stored) -> list[dict[str, Any]]:
    rows = []
    for number, found in enumerate(artifact.facts.get("channels", ())[:_ROWS]):
        facts = {name: _cell(value) for name, value in found["Facts"].items()}
        shown = {name: _cell(value) for name, value in found.items() if name != "Facts"}
        rows.append({"channel": number, **shown, **facts})
    return rows


_ROWS_OF: dict[str, Callable[[Film, Stored], list[dict[str, Any]]]] = {
    "source": _streams,
    "frames": _shots,
    "ocr_cues": _read,
    "highlight_candidates": _chosen,
    "language": _facts,
    "delogoed": _facts,
    "detexted": _facts,
    "beautified": _facts,
    "matte": _facts,
    "audio": _facts,
    "audio_quality": _by_channel,
    "denoised": _facts,
    "mixed": _facts,
}


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Rows as plain values that every JSON or Markdown table can hold."""
    return [{name: _cell(value) for name, value in row.items()} for row in table.to_pylist()]


def _cell(value: Any) -> str | int | float | bool:
    if value is None:
        return ""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list):
        value = ", ".join(_item(one) for one in value)
    text = str(value)
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def _item(value: Any) -> str:
    """One value of a list; a map's entry is a pair of name and number."""
    return f"{value[0]} {value[1]:.2f}" if isinstance(value, tuple) else str(value)
