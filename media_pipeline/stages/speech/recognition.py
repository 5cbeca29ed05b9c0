"""What is said: recognised by the best engine that is here, or taken from captions or a script.

Captions become the transcript where they are shown while somebody speaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from media_pipeline.asr.base import WHOLE, Heard, Progress, Recogniser, Segment, Span, quiet
from media_pipeline.asr.fill import INTERPOLATED
from media_pipeline.asr.script import Script, align_script
from media_pipeline.asr.select import EngineName
from media_pipeline.asr.sound import Samples, seconds
from media_pipeline.asr.vad import chunks, overlap, speech_spans
from media_pipeline.errors import NoSpeech, NothingToDo
from media_pipeline.stages.base import StageParams
from media_pipeline.text.cues import Cue
from media_pipeline.text.scripts import guess_language, rows_in_script

_SPOKEN_S = 0.2  # a caption with less speech in its time is not what is said
_SHOWN = 60  # characters of a line in a warning


class Params(StageParams):
    """What can be asked of the transcript stage."""

    engine: EngineName = Field(
        default="auto",
        description="auto takes the first that can serve: whisperx, faster-whisper, captions "
        "(what is shown, aligned to the sound), pocketsphinx (English only, rough)",
    )
    model: str = Field(
        default="auto",
        min_length=1,
        description="Whisper model: auto for the largest that is here, a name such as small, "
        "or the path of a CTranslate2 model folder",
    )
    script: str | None = Field(
        default=None,
        description="the text that is said, one line per segment: it is aligned to the sound and "
        "nothing is recognised",
    )
    start: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="listen from this second of the film on"
    )
    duration: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="listen for so many seconds; empty for the rest of the film",
    )

    @property
    def window(self) -> Span:
        """What is listened to: seconds of the film."""
        return self.start, math.inf if self.duration is None else self.start + self.duration


@dataclass(frozen=True)
class Transcript:
    """What is said, with the language of each segment and what people should know about it."""

    segments: Sequence[Segment]
    languages: Sequence[str]
    """ISO 639-1 per segment; ``und`` where it is unknown."""
    speech: Sequence[Span]
    warnings: Sequence[str] = ()


def transcribe(
    samples: Samples,
    engine: Recogniser,
    language: str | None = None,
    *,
    window: Span = WHOLE,
    progress: Progress = quiet,
) -> Transcript:
    """Recognise what is said in a sound track.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    engine : such as :class:`~media_pipeline.asr.pocketsphinx.PocketSphinx`.
    language : ISO 639-1, or None to let the engine tell.
    window : the seconds that are listened to; all times are still those of the whole.

    Raises
    ------
    NoSpeech
        when the sound holds none.
    """
    speech = find_speech(samples, window)
    windows = chunks(samples, speech, longest=engine.longest)
    spoken = language or engine.tell_language(samples, windows)
    heard = engine.hear(samples, spoken, windows, progress=progress)
    return recognised(engine, [heard], windows, speech, language)


def recognised(
    engine: Recogniser,
    parts: Sequence[Heard],
    windows: Sequence[Span],
    speech: Sequence[Span],
    language: str | None,
) -> Transcript:
    """The transcript of a sound track from what the engine has heard in its windows, in order.

    Parameters
    ----------
    parts : what was heard in some windows after the other.
    windows : all of them.
    speech : where speech is.
    language : ISO 639-1, or None where nobody knows it.
    """
    warnings: list[str] = []
    segments = engine.conclude(parts, windows, warn=warnings.append)
    if engine.caveat:
        warnings.append(engine.caveat)
    return Transcript(segments, [_tag(language)] * len(segments), speech, warnings)


def transcript_of_captions(
    samples: Samples,
    captions: Sequence[Cue],
    language: str | None = None,
    *,
    window: Span = WHOLE,
) -> Transcript:
    """Take what is said from captions: those in whose time somebody speaks.

    Of bilingual cues the rows in the language count. A cue without such rows stays as it is, with
    its own language, such as an English line in a Chinese film.

    Raises
    ------
    NoSpeech
        when the sound holds none, or none while captions are shown.
    """
    speech = find_speech(samples, window)
    found = []
    for cue in captions:
        text = (rows_in_script(cue.text, language) if language else "") or cue.text
        end = min(cue.end, seconds(samples))
        needed = min(_SPOKEN_S, 0.25 * cue.duration)
        if end > cue.start and overlap(speech, cue.start, end) >= needed:
            found.append((Segment(cue.start, end, text, cue.confidence), _spoken_in(cue, language)))
    if not found:
        raise NoSpeech("nobody speaks while captions are shown", "choose another engine")
    return Transcript([s for s, _ in found], [code for _, code in found], speech)


def transcript_of_script(
    samples: Samples,
    script: str,
    language: str | None = None,
    *,
    window: Span = WHOLE,
    progress: Progress = quiet,
) -> Transcript:
    """Find the lines of a known text in the sound; English ones that nobody says are left out.

    Raises
    ------
    NoSpeech
        when the sound holds none.
    NothingToDo
        when the script holds no words.
    """
    speech = find_speech(samples, window)
    found = align_script(samples, script, language=language, speech=speech, progress=progress)
    if not found.lines and not found.unsaid:
        raise NothingToDo("the script holds no words", "give the text that is said")
    if not found.lines:
        raise NoSpeech("nothing of the script is said", "check that it belongs to this sound")
    segments = [
        Segment(c.start, c.end, c.text, c.confidence, tuple(words)) for c, words in found.lines
    ]
    tag = _tag(language or guess_language(script))
    return Transcript(segments, [tag] * len(segments), speech, _of_script(found))


def _of_script(found: Script) -> list[str]:
    """What people should know about a script that is not quite what is said."""
    warnings = []
    if found.unsaid:
        first = (
            found.unsaid[0] if len(found.unsaid[0]) <= _SHOWN else found.unsaid[0][:_SHOWN] + "…"
        )
        total = len(found.unsaid) + len(found.lines)
        warnings.append(
            f"{len(found.unsaid)} of the script's {total} lines are not said here and left out, "
            f"the first is {first!r}"
        )
    guessed = sum(all(w.source == INTERPOLATED for w in words) for _, words in found.lines)
    if 0 < guessed < len(found.lines):
        warnings.append(
            f"{guessed} of {len(found.lines)} lines were not recognised in the speech where they "
            "must be: they may say something else"
        )
    return warnings


def find_speech(samples: Samples, window: Span) -> list[Span]:
    """Where speech is in the window, on the clock of the whole.

    Raises
    ------
    NoSpeech
        when there is none.
    """
    spans = speech_spans(samples, window)
    if not spans:
        start, end = (min(time, seconds(samples)) for time in window)
        where = "the sound" if window == WHOLE else f"the sound from {start:.1f} to {end:.1f} s"
        raise NoSpeech(
            f"no speech was detected in {where}", "check that the right track and time are used"
        )
    return spans


def _tag(language: str | None) -> str:
    return language or "und"


def _spoken_in(cue: Cue, language: str | None) -> str:
    if language and rows_in_script(cue.text, language):
        return language
    return _tag(guess_language(cue.text))
