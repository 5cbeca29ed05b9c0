"""One film as the report sees it: typed views of whichever of its artifacts there are."""

from __future__ import annotations

import wave
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from media_pipeline.report.charts import Curve, Highlight, Shot
from media_pipeline.stages.base import Artifact
from media_pipeline.text.cues import Cue, Word, cues_from_table, words_from_table

_WHOLE_SAMPLES = 4_000_000  # a longer track is looked at in places only, to stay fast
_PLACES, _AT_EACH = 1400, 400
_NEAR = 8  # captions before a time that may still stand then


class Film:
    """Views of the artifacts of one media item; what is missing or empty is an empty view.

    Parameters
    ----------
    artifacts : by asset name.
    """

    def __init__(self, artifacts: Mapping[str, Artifact]) -> None:
        self.artifacts = artifacts

    @cached_property
    def media(self) -> Mapping[str, Any]:
        """What probing found (:class:`~media_pipeline.media.probe.MediaInfo` as JSON)."""
        source = self.artifacts.get("source")
        return source.facts.get("media", {}) if source is not None else {}

    @cached_property
    def duration(self) -> float:
        """Seconds of the film; without its source, until the last thing that is known of it."""
        if self.media.get("duration"):
            return float(self.media["duration"])
        known: list[Sequence[Cue | Word | Shot | Highlight]] = [
            *(self.cues, self.segments, self.words, self.shots, self.highlights)
        ]
        return max((one.end for many in known for one in many), default=1.0)

    def table(self, asset: str, name: str) -> pa.Table | None:
        """A table of an artifact, or None when there is no such artifact or it has no such file."""
        artifact = self.artifacts.get(asset)
        if artifact is None or not artifact.files(f"{name}.parquet"):
            return None
        return artifact.table(name)

    def _rows(self, asset: str, name: str) -> list[dict[str, Any]]:
        found = self.table(asset, name)
        return found.to_pylist() if found is not None else []

    @cached_property
    def cues(self) -> list[Cue]:
        """The canonical captions; before there are any, those read off the picture."""
        for asset, name in (("captions", "captions"), ("ocr_cues", "cues")):
            if (found := self.table(asset, name)) is not None:
                return cues_from_table(found)
        return []

    @cached_property
    def crops(self) -> list[Path | None]:
        """For each of :attr:`cues` the picture it was read from, or None; for a cue that was not
        read, such as a person's, the picture of what was read meanwhile.
        """
        artifact = self.artifacts.get("ocr_cues")
        if artifact is None:
            return [None] * len(self.cues)
        rows = self._rows("ocr_cues", "cues")
        starts = [row["start"] for row in rows]
        present = {path.name: path for path in artifact.files("crop_*")}
        found: list[Path | None] = []
        for cue in self.cues:
            near = rows[
                max(0, bisect_left(starts, cue.start) - _NEAR) : bisect_left(starts, cue.end)
            ]
            best = max(near, key=lambda row: _in_common(cue, row), default=None)
            crop = (
                best["crop"] if best is not None and _in_common(cue, best) > (False, 0.0) else None
            )
            found.append(present.get(crop) if crop else None)
        return found

    @cached_property
    def segments(self) -> list[Cue]:
        """What is said, by segment: at the times of its words where those are known."""
        for asset, name in (("words", "segments"), ("transcript", "transcript")):
            if (found := self.table(asset, name)) is not None:
                return cues_from_table(found)
        return []

    @cached_property
    def subtitles(self) -> list[Cue]:
        """The subtitles made from the words."""
        found = self.table("speech_subtitles", "cues")
        return cues_from_table(found) if found is not None else []

    @cached_property
    def words(self) -> list[Word]:
        """The spoken words."""
        found = self.table("words", "words")
        return words_from_table(found) if found is not None else []

    @cached_property
    def disagreements(self) -> list[dict[str, Any]]:
        """Where captions and speech disagree."""
        return self._rows("caption_speech", "disagreements")

    @cached_property
    def spoken_captions(self) -> str | None:
        """The captions at the times of the speech as SRT."""
        artifact = self.artifacts.get("caption_speech")
        files = artifact.files("spoken.srt") if artifact is not None else ()
        return files[0].read_text("utf-8") if files else None

    @cached_property
    def highlights(self) -> list[Highlight]:
        """The highlights in film order."""
        return [
            Highlight(
                row["start"],
                row["end"],
                row["score"],
                tuple(row["tags"] or ()),
                tuple(row["signals"] or ()),
            )
            for row in self._rows("highlight_candidates", "highlights")
        ]

    @cached_property
    def curve(self) -> Curve | None:
        """The highlight score over time."""
        found = self.table("highlight_candidates", "scores")
        if found is None or not found.num_rows:
            return None
        return Curve(found["time"].to_numpy(), found["score"].to_numpy())

    @cached_property
    def signals(self) -> dict[str, npt.NDArray[np.float32]]:
        """The normalised signals behind the score, by name, on the times of :attr:`curve`."""
        found = self.table("highlight_candidates", "scores")
        if found is None or not found.num_rows:
            return {}
        names = [name for name in found.schema.names if name not in ("time", "score")]
        return {name: found[name].to_numpy() for name in names}

    @cached_property
    def shots(self) -> list[Shot]:
        """The shots with their thumbnails."""
        artifact = self.artifacts.get("frames")
        if artifact is None:
            return []
        present = {path.name: path for path in artifact.files("thumb_*")}
        return [
            Shot(row["start"], row["end"], present.get(row["thumbnail"]))
            for row in self._rows("frames", "shots")
        ]

    @cached_property
    def clips(self) -> list[dict[str, Any]]:
        """The rows of the table of rendered clips."""
        return self._rows("rendered_clips", "clips")

    @cached_property
    def sound(self) -> npt.NDArray[np.float32]:
        """The mono sound, for drawing: whole when short, else evenly spaced pieces of it. Empty
        when silent.
        """
        artifact = self.artifacts.get("audio")
        found = artifact.files("speech.wav") if artifact is not None else ()
        return _look_at(found[0]) if found else np.zeros(0, np.float32)


def _in_common(cue: Cue, row: Mapping[str, Any]) -> tuple[bool, float]:
    """How well a row that was read fits a cue: says the same, and seconds shown together."""
    seconds = min(cue.end, row["end"]) - max(cue.start, row["start"])
    same = row["text"] == cue.text and seconds > 0
    return same, max(0.0, seconds)


def _look_at(path: Path) -> npt.NDArray[np.float32]:
    with wave.open(str(path), "rb") as file:
        count = file.getnframes()
        if count <= _WHOLE_SAMPLES:
            data = file.readframes(count)
        else:
            pieces = []
            for place in np.linspace(0, count - _AT_EACH, _PLACES).astype(int):
                file.setpos(int(place))
                pieces.append(file.readframes(_AT_EACH))
            data = b"".join(pieces)
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
