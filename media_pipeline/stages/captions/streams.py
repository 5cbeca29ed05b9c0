"""The subtitle streams of a film: which can be used, and which is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from media_pipeline.media.probe import SubtitleStream
from media_pipeline.text.cues import Cue
from media_pipeline.text.scripts import guess_language

_INSIDE = 0.5  # share of a stream's cues that must lie inside the film: else it is another film's
_WHOLE = 1 / 3  # of the most cues: a stream with fewer is for what is not in the film's language

# ISO 639-2 codes of subtitle streams whose ISO 639-1 code is not their first two letters.
_SHORT = {
    "chi": "zh", "zho": "zh", "cmn": "zh", "yue": "zh", "jpn": "ja", "ger": "de", "deu": "de",
    "spa": "es", "por": "pt", "pol": "pl", "dut": "nl", "nld": "nl", "gre": "el", "ell": "el",
    "cze": "cs", "ces": "cs", "swe": "sv", "tur": "tr", "per": "fa", "fas": "fa", "may": "ms",
    "msa": "ms", "ice": "is", "isl": "is", "ind": "id", "ukr": "uk", "est": "et", "slv": "sl",
    "ara": "ar", "ben": "bn", "bul": "bg", "geo": "ka", "kat": "ka", "arm": "hy", "hye": "hy",
    "bur": "my", "mya": "my", "mac": "mk", "mkd": "mk",
}  # fmt: skip
_UNREADABLE = frozenset(
    """ru uk be bg mk sr kk mn el ka hy he ar fa ur ko th lo km my hi mr ne bn ta te kn ml si
    """.split()  # noqa: SIM905
)
"""Languages whose letters the text engines do not know."""


@dataclass(frozen=True)
class Candidate:
    """A subtitle stream that may be taken."""

    index: int
    language: str | None
    """ISO 639-1."""
    cues: Sequence[Cue] | None
    """None for a stream of pictures, which has to be read."""
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False

    @property
    def named(self) -> str:
        """What to call it towards people."""
        facts = [self.language or ""]
        facts += ["pictures"] if self.cues is None else []
        facts += ["forced"] if self.forced else []
        facts += ["for the hard of hearing"] if self.hearing_impaired else []
        told = ", ".join(filter(None, facts))
        return f"subtitle stream {self.index}{f' ({told})' if told else ''} of the file"


def candidates(
    embedded: pa.Table, streams: Sequence[SubtitleStream], duration: float
) -> tuple[list[Candidate], list[str]]:
    """The usable streams in file order, and warnings about others.

    Streams without a cue inside the film, or with most of them outside, are left out, and so are
    pictures in letters that no engine knows.

    Parameters
    ----------
    embedded : cues of the text streams: columns ``start, end, text, stream, language``.
    streams : what probing found.
    duration : seconds of the film.
    """
    known = {stream.index: stream for stream in streams}
    found: list[Candidate] = []
    warnings: list[str] = []
    for index, (tag, cues) in _texts(embedded, duration).items():
        found.append(_candidate(index, known.get(index), _language(tag, cues), cues))
    for stream in streams:
        language = short_code(stream.language) if stream.language else None
        if stream.pictures and language in _UNREADABLE:
            warnings.append(
                f"subtitle stream {stream.index} ({stream.codec}, {language}) holds pictures of "
                "letters that no text engine here reads"
            )
        elif stream.pictures:
            found.append(_candidate(stream.index, stream, language, None))
    return sorted(found, key=lambda one: one.index), warnings


def ranked(found: Sequence[Candidate], audio_language: str | None) -> list[Candidate]:
    """The best first: text before pictures, all that is said before what is forced, dialogue before
    descriptions of sound; then the default, the language of the sound, the number of cues.
    """
    most = max((len(one.cues) for one in found if one.cues is not None), default=0)
    spoken = short_code(audio_language) if audio_language else None

    def key(one: Candidate) -> tuple[bool | int, ...]:
        count = len(one.cues) if one.cues is not None else 0
        partial = one.forced or (one.cues is not None and count < _WHOLE * most)
        return (
            partial,
            one.cues is None,
            one.hearing_impaired,
            not one.default,
            spoken is None or one.language != spoken,
            -count,
            one.index,
        )

    return sorted(found, key=key)


def short_code(tag: str) -> str:
    """ISO 639-1 of a tag such as ``chi``, ``zh-Hans`` or ``eng``."""
    code = tag.lower().replace("_", "-").split("-")[0]
    return _SHORT.get(code, code[:2])


def _candidate(
    index: int, stream: SubtitleStream | None, language: str | None, cues: Sequence[Cue] | None
) -> Candidate:
    if stream is None:
        return Candidate(index, language, cues)
    return Candidate(index, language, cues, stream.default, stream.forced, stream.hearing_impaired)


def _texts(embedded: pa.Table, duration: float) -> Mapping[int, tuple[str | None, Sequence[Cue]]]:
    rows = embedded.to_pylist()
    streams = {}
    for index in sorted({row["stream"] for row in rows}):
        own = [row for row in rows if row["stream"] == index]
        inside = (
            Cue(max(0.0, row["start"]), min(row["end"], duration), row["text"].strip())
            for row in own
        )
        cues = sorted(
            (c for c in inside if c.text and c.end > c.start), key=lambda c: (c.start, c.end)
        )
        if cues and len(cues) >= _INSIDE * len(own):
            streams[index] = (own[0]["language"], cues)
    return streams


def _language(tag: str | None, cues: Sequence[Cue]) -> str | None:
    """ISO 639-1 of a stream's tag, or of the script that its text is written in."""
    code = short_code(tag or "und")
    return guess_language("\n".join(c.text for c in cues[:50])) if code == "un" else code
