"""A small lake with one finished film, every table known, for what reads lakes: reports, search,
notebooks.
"""

from __future__ import annotations

import hashlib
import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from media_pipeline.media.audio import read_audio, write_wav
from media_pipeline.runner import corrections
from media_pipeline.stages import tables
from media_pipeline.stages.audio_quality.assess import assess
from media_pipeline.stages.audio_quality.stage import loudness_table
from media_pipeline.stages.beats import Tracked
from media_pipeline.stages.beats.stage import beats_table
from media_pipeline.stages.chorus import Segments
from media_pipeline.stages.chorus.stage import choruses_table
from media_pipeline.stages.registry import STAGES
from media_pipeline.store import Manifest, Store, StoredArtifact
from media_pipeline.store.manifest import ReasonEntry
from media_pipeline.text.cues import Cue, Word, cues_to_table, words_to_table
from media_pipeline_tests.generators.artifacts import read_table

DURATION = 24.0
CUES = [
    Cue(1.0, 3.0, "你终于来了", 0.99),
    Cue(4.0, 6.0, "<script>alert('x')</script> & co", 0.9),
    Cue(8.0, 11.0, "我们没有时间了\nWe have no time left.", 0.97),
]
WORDS = [
    Word(8.1 + i * 0.4, 8.4 + i * 0.4, text, 0.8, "pocketsphinx")
    for i, text in enumerate(["We", "have", "no", "time", "left."])
]
HIGHLIGHTS = [(2.0, 7.0, 0.41, ["Music"]), (12.0, 18.0, 0.83, ["FastCut", "Motion"])]


@dataclass(frozen=True)
class Film:
    """The film's key and its artifacts by asset."""

    store: Store
    key: str
    artifacts: dict[str, StoredArtifact]


def make_film(root: Path, name: str = "Episode 1 <b>.mp4", *, clip: bool = True) -> Film:
    """A lake at ``root`` with one film and an artifact of each main asset."""
    store = Store(root)
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    item = store.media.add(sha256, 1234567, name, f"file:///films/{sha256[:8]}.mp4")
    maker = _Maker(store, item.key, sha256, {})
    maker.publish("source", lambda out: None, facts={"media": _media()})
    maker.publish("frames", _frames, inputs=("source",))
    maker.publish("ocr_cues", _ocr_cues, inputs=("source",), engine={"name": "rapidocr"})
    maker.publish("captions", _captions, inputs=("source", "ocr_cues"), facts={"source": "ocr"})
    maker.publish("audio", _audio, inputs=("source",))
    maker.publish("language", lambda out: None, facts={"language": "en", "why": "captions"})
    maker.publish("transcript", _transcript, inputs=("audio", "captions"), why="<i>because</i>")
    maker.publish("words", _words, inputs=("audio", "transcript", "captions"))
    maker.publish("speech_subtitles", _subtitles, inputs=("words",))
    maker.publish("caption_speech", _disagreements, inputs=("ocr_cues", "captions", "words"))
    maker.publish(
        "highlight_candidates", _highlights, inputs=("frames", "audio", "words", "captions")
    )
    maker.publish(
        "rendered_clips", _clips if clip else _no_clips, inputs=("source", "highlight_candidates")
    )
    maker.publish(
        "captioned_video",
        lambda out: None,
        inputs=("source", "captions"),
        reason=ReasonEntry(code="NothingToDo", message="there is nothing to burn", remedy="speak"),
    )
    return Film(store, item.key, maker.made)


def correct(film: Film, cues: Sequence[Cue]) -> StoredArtifact:
    """A person's captions of the film, as the command puts them in the place of those read."""
    read = corrections.what_was_read(film.store, film.key)
    item = film.store.media.get(film.key)
    name = corrections.content(cues)[:16]
    manifest = corrections.correction_manifest(
        item, STAGES["captions"], cues, name, "fixed.srt", read
    )
    with film.store.scratch() as scratch:
        out = scratch / "out"
        out.mkdir()
        corrections.write_correction(cues, read, out)
        artifact = film.store.publish(out, manifest)
    film.store.set_current(artifact)
    return artifact


def measure_sound(film: Film) -> StoredArtifact:
    """The quality of the film's sound, measured as its production function does."""
    sound = read_audio(film.artifacts["audio"].path("speech.wav"), rate=16000, mono=False)
    channels = assess([sound], 16000, [(w.start, w.end) for w in WORDS])
    item = film.store.media.get(film.key)
    maker = _Maker(film.store, film.key, item.sha256, film.artifacts)
    maker.publish(
        "audio_quality",
        lambda out: pq.write_table(loudness_table(channels), out / "loudness.parquet"),
        inputs=("audio",),
        facts={"channels": [channel.as_json() for channel in channels]},
    )
    return film.artifacts["audio_quality"]


def find_beats(film: Film, found: Tracked) -> StoredArtifact:
    """Given beats of the film's sound, as the stage of beats keeps them."""
    item = film.store.media.get(film.key)
    maker = _Maker(film.store, film.key, item.sha256, film.artifacts)
    maker.publish(
        "beats",
        lambda out: pq.write_table(beats_table(found), out / "beats.parquet"),
        inputs=("audio",),
        facts={"bpm": found.bpm, "meter": found.meter, "confidence": found.confidence},
    )
    return film.artifacts["beats"]


def find_choruses(film: Film, found: Segments) -> StoredArtifact:
    """Given choruses of the film's sound, as the stage of choruses keeps them."""
    item = film.store.media.get(film.key)
    maker = _Maker(film.store, film.key, item.sha256, film.artifacts)

    def write(out: Path) -> None:
        pq.write_table(choruses_table(found), out / "choruses.parquet")
        np.savez(out / "similarity.npz", times=found.times, similarity=found.similarity)
        (out / "chorus.json").write_text(json.dumps(found.as_json()), encoding="utf-8")

    facts = {"choruses": found.as_json(), "confidence": found.confidence}
    maker.publish("chorus", write, inputs=("audio",), facts=facts)
    return film.artifacts["chorus"]


def take_noise_out(film: Film) -> StoredArtifact:
    """The film's sound at half its level, in the place of what is without noise."""
    item = film.store.media.get(film.key)
    maker = _Maker(film.store, film.key, item.sha256, film.artifacts)
    sound = read_audio(film.artifacts["audio"].path("speech.wav"))
    maker.publish(
        "denoised",
        lambda out: write_wav(out / "denoised.wav", sound / 2, 16000),
        inputs=("audio",),
        facts={"method": "halved"},
    )
    return film.artifacts["denoised"]


@dataclass
class _Maker:
    store: Store
    key: str
    sha256: str
    made: dict[str, StoredArtifact]

    def publish(
        self, asset: str, write: Any, *, inputs: tuple[str, ...] = (), **facts: Any
    ) -> None:
        manifest = Manifest(
            asset=asset,
            media_key=self.key,
            fingerprint=hashlib.sha256(f"{asset} {self.key}".encode()).hexdigest()[:16],
            version="1",
            sha256=self.sha256,
            inputs={name: self.made[name].fingerprint for name in inputs},
            seconds=1.5,
            realtime=16.0,
            **facts,
        )
        with self.store.scratch() as scratch:
            out = scratch / "out"
            out.mkdir()
            write(out)
            artifact = self.store.publish(out, manifest)
        self.store.set_current(artifact)
        self.made[asset] = artifact


def _media() -> dict[str, Any]:
    video = {"index": 0, "codec": "h264", "width": 640, "height": 360, "fps": 25.0}
    audio = {"index": 1, "codec": "aac", "sample_rate": 48000, "channels": 2, "language": "eng"}
    return {"duration": DURATION, "video": video, "audio": [audio], "audio_index": 1}


def picture(seed: int, width: int = 320, height: int = 180) -> Image.Image:
    """A smooth coloured picture."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 255, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


def _frames(out: Path) -> None:
    edges = np.linspace(0, DURATION, 9)
    names = [f"thumb_{i + 1:04d}.jpg" for i in range(8)]
    for number, name in enumerate(names):
        picture(number).save(out / name)
    columns = {
        "start": edges[:-1],
        "end": edges[1:],
        "kind": ["start", *["cut"] * 7],
        "thumbnail": names,
    }
    pq.write_table(pa.table(columns, schema=tables.SHOTS.schema), out / "shots.parquet")


def _ocr_cues(out: Path) -> None:
    names = [f"crop_{i + 1:04d}.jpg" for i in range(len(CUES))]
    for number, name in enumerate(names):
        picture(40 + number, 400, 60).save(out / name)
    pq.write_table(read_table(CUES, names), out / "cues.parquet")


def _captions(out: Path) -> None:
    table = cues_to_table(CUES, tables.CAPTIONS.schema, source=["ocr"] * len(CUES))
    pq.write_table(table, out / "captions.parquet")


def _audio(out: Path) -> None:
    t = np.arange(int(DURATION * 16000)) / 16000
    sound = (8000 * np.sin(2 * np.pi * 220 * t) * (np.sin(t) > 0)).astype("<i2")
    with wave.open(str(out / "speech.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(sound.tobytes())


def _transcript(out: Path) -> None:
    cues = [Cue(8.1, 10.2, "We have no time left.", 0.7)]
    table = cues_to_table(cues, tables.TRANSCRIPT.schema, language=["en"])
    pq.write_table(table, out / "transcript.parquet")


def _words(out: Path) -> None:
    table = words_to_table(WORDS, tables.WORDS.schema, cue=[0] * len(WORDS))
    pq.write_table(table, out / "words.parquet")


def _disagreements(out: Path) -> None:
    row = {"start": 4.0, "end": 6.0, "kind": "early", "cue": 1, "shown": CUES[1].text,
           "said": "script", "off": -0.5, "source": "pocketsphinx"}  # fmt: skip
    table = pa.Table.from_pylist([row], schema=tables.DISAGREEMENTS.schema)
    pq.write_table(table, out / "disagreements.parquet")


def _subtitles(out: Path) -> None:
    cues = [Cue(8.1, 10.4, "We have no time left.")]
    pq.write_table(cues_to_table(cues, tables.SPEECH_CUES.schema), out / "cues.parquet")


def _highlights(out: Path) -> None:
    columns = {
        "start": [h[0] for h in HIGHLIGHTS],
        "end": [h[1] for h in HIGHLIGHTS],
        "score": [h[2] for h in HIGHLIGHTS],
        "tags": [h[3] for h in HIGHLIGHTS],
        "signals": [{"loudness": 1.5, "motion": 0.25}.items()] * len(HIGHLIGHTS),
    }
    columns["signals"] = [list(s) for s in columns["signals"]]
    pq.write_table(pa.table(columns, schema=tables.HIGHLIGHTS.schema), out / "highlights.parquet")
    times = np.arange(0, DURATION, 0.1)
    values = {name: np.zeros(len(times), np.float32) for name in tables.SCORES.schema.names}
    values |= {"time": times, "score": (0.5 * np.sin(times / 3)).astype(np.float32)}
    values |= {"motion": (2 * np.sin(times / 3)).astype(np.float32)}
    pq.write_table(pa.table(values, schema=tables.SCORES.schema), out / "scores.parquet")


def _no_clips(out: Path) -> None:
    pq.write_table(tables.CLIPS.empty(), out / "clips.parquet")


def _clips(out: Path) -> None:
    names = [f"clip_{i + 1:02d}.mp4" for i in range(len(HIGHLIGHTS))]
    for number, name in enumerate(names):
        write_video(out / name, number)
    columns = {
        "start": [h[0] for h in HIGHLIGHTS],
        "end": [h[1] for h in HIGHLIGHTS],
        "file": names,
        "duration": [1.0] * len(names),
        "score": [h[2] for h in HIGHLIGHTS],
    }
    pq.write_table(pa.table(columns, schema=tables.CLIPS.schema), out / "clips.parquet")


def write_video(path: Path, seed: int = 0, seconds: float = 1.0) -> None:
    """A small film of one coloured picture that is panned over."""
    wide = np.asarray(picture(seed, 400, 180))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(round(seconds * 10)):
            part = np.ascontiguousarray(wide[:, number * 4 % 80 : number * 4 % 80 + 320])
            frame = av.VideoFrame.from_ndarray(part, "rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
