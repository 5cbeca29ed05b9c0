"""Which language is spoken: what is given, else the track's tag, the captions, Whisper's vote.

Captions alone do not prove what is spoken. English ones are held against the sound, and so are the
rows of bilingual ones; where neither tells, the language that is shown for the longest time is
taken, and that is said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import Field, field_validator

from media_pipeline.asr.base import WHOLE, Span
from media_pipeline.asr.faster_whisper import FasterWhisper
from media_pipeline.asr.fit import Fit, fit
from media_pipeline.asr.models import find_weights
from media_pipeline.asr.sound import Samples
from media_pipeline.asr.sphinx import in_dictionary
from media_pipeline.asr.vad import chunks, overlap, speech_spans
from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.probe import MediaInfo
from media_pipeline.stages.base import (
    FileOutput,
    Outcome,
    Resolution,
    Stage,
    StageParams,
    Work,
)
from media_pipeline.stages.speech.audio import listen
from media_pipeline.text.cues import Cue, cues_from_table
from media_pipeline.text.languages import language_code
from media_pipeline.text.latin import latin_language
from media_pipeline.text.scripts import guess_language, main_script, rows_in_script, tokens

_MINOR = 0.15  # a script shown for less than this share of the main one's time is decoration
_FIT_SECONDS = 60.0  # of English captions that are held against the sound
_FIT_WORDS = 8  # fewer do not tell
_SURE = 0.8  # share of Whisper's vote that outweighs captions, which may be a translation
_IN_DICTIONARY = 0.85


class Params(StageParams):
    """What can be asked of the language stage."""

    language: str | None = Field(
        default=None,
        description="the language that is spoken, such as en or zh; empty to find out",
    )

    @field_validator("language")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        code = language_code(value)
        if code is None:
            raise ValueError(f"{value!r} is no known language: give an ISO 639 code such as en, zh")
        return code


@dataclass(frozen=True)
class Verdict:
    """The language that is spoken, ISO 639-1 or None, and how that was found out."""

    language: str | None
    why: str
    votes: dict[str, Any] = field(default_factory=dict)
    """``tag``: a code; ``captions``: seconds shown per language; ``fit``: how English captions fit
    the sound; ``whisper``: code and share."""
    warnings: tuple[str, ...] = ()


def detect_language(
    samples: Samples,
    captions: Sequence[Cue] = (),
    *,
    window: Span = WHOLE,
    tag: str | None = None,
    whisper: FasterWhisper | None = None,
) -> Verdict:
    """Which language is spoken in a sound track.

    Parameters
    ----------
    samples : 16 kHz mono sound.
    captions : the film's captions, if any.
    window : the seconds that are listened to.
    tag : the sound track's language tag.
    whisper : votes when given.
    """
    speech = speech_spans(samples, window)
    code = language_code(tag)
    votes: dict[str, Any] = {"tag": code} if code else {}
    shown = shown_languages(captions)
    if shown:
        votes["captions"] = {language: round(s, 3) for language, s in shown.items()}
    warnings: list[str] = []
    heard: tuple[str, float] | None = None
    if whisper is not None and speech:
        try:
            heard = whisper.detect_language(samples, chunks(samples, speech))
            votes["whisper"] = {heard[0]: round(heard[1], 3)}
        except EngineUnavailable as error:
            warnings.append(f"without Whisper's vote: {error}")
    fits = _english_fit(samples, captions, shown, speech) if code is None else None
    if fits is not None:
        votes["fit"] = {"score": round(fits.score, 3), "shuffled": round(fits.shuffled, 3)}
    language, why = _decide(code, shown, fits, heard)
    if language is None:
        warnings.append(f"the spoken language is unknown: {why}")
    if heard and language and heard[0] != language and heard[1] >= _SURE:
        warnings.append(f"taken for {language}, but it sounds like {heard[0]} ({heard[1]:.0%})")
    return Verdict(language, why, votes, tuple(warnings))


def shown_languages(captions: Sequence[Cue]) -> dict[str, float]:
    """How many seconds captions in each language are shown, the longest first.

    A bilingual cue counts for both of its languages. A script that is hardly ever shown is left
    out, and so is Latin text of no recognisable language.
    """
    seconds: dict[str, float] = {}
    texts: dict[str, list[str]] = {}
    for cue in captions:
        for script, text in _by_script(cue.text).items():
            seconds[script] = seconds.get(script, 0.0) + cue.duration
            texts.setdefault(script, []).append(text)
    most = max(seconds.values(), default=0.0)
    found: dict[str, float] = {}
    for script in sorted(seconds, key=lambda s: -seconds[s]):
        text = "\n".join(texts[script])
        language = _latin(text) if script == "latin" else guess_language(text)
        if language and seconds[script] >= _MINOR * most:
            found[language] = seconds[script]
    return found


def _by_script(text: str) -> dict[str, str]:
    """The rows of a cue by script; Chinese and Japanese share one until the whole is known."""
    rows: dict[str, str] = {}
    for row in text.split("\n"):
        script = main_script(row)
        if script is not None:
            script = "han" if script == "kana" else script
            rows[script] = f"{rows[script]}\n{row}" if script in rows else row
    return rows


def _latin(text: str) -> str | None:
    """The language of Latin text; English when its words are, though no function word shows it."""
    found = latin_language(text)
    if found is not None:
        return found
    words = [w.strip("\"'.,;:!?…()[]-♪").lower() for w in tokens(text)]
    words = [w for w in words if len(w) > 1 and w.isalpha()]
    known = sum(in_dictionary(w) for w in words)
    return "en" if len(words) > 1 and known >= _IN_DICTIONARY * len(words) else None


def _english_fit(
    samples: Samples, captions: Sequence[Cue], shown: dict[str, float], speech: Sequence[Span]
) -> Fit | None:
    """How well the English rows of captions fit the sound; None where that cannot be told."""
    if "en" not in shown:
        return None
    chosen: list[Cue] = []
    seconds = 0.0
    for cue in captions:
        rows = rows_in_script(cue.text, "en")
        if rows and overlap(speech, cue.start, cue.end) > 0.3 * cue.duration:
            chosen.append(replace(cue, text=rows))
            seconds += cue.duration
        if seconds > _FIT_SECONDS:
            break
    if sum(len(tokens(c.text)) for c in chosen) < _FIT_WORDS:
        return None
    return fit(samples, chosen)


def _decide(
    tag: str | None, shown: dict[str, float], fits: Fit | None, heard: tuple[str, float] | None
) -> tuple[str | None, str]:
    if tag:
        return tag, "the sound track is tagged with it"
    language, why = _from_captions(shown, fits)
    if heard and heard[0] != language and (language is None or heard[1] >= _SURE):
        return heard[0], f"Whisper hears it ({heard[1]:.0%})" + (f"; {why}" if shown else "")
    return language, why


def _from_captions(shown: dict[str, float], fits: Fit | None) -> tuple[str | None, str]:
    if not shown:
        return None, "there is no tag, no caption and no Whisper model to tell it from"
    main, others = next(iter(shown)), [language for language in shown if language != "en"]
    told = ""
    if "en" in shown and fits is not None:
        told = f"English captions fit the sound by {fits.score:.2f}, shuffled {fits.shuffled:.2f}"
        if fits.good:
            return "en", told
        if not others:
            return None, f"the captions are English, but they are not what is said ({told})"
        main = others[0]
    if len(shown) == 1:
        return main, f"the captions are in {main}"
    listed = ", ".join(f"{language} {s:.0f} s" for language, s in shown.items())
    return main, f"most shown of the captions' languages ({listed})" + (f"; {told}" if told else "")


def _tag(info: MediaInfo) -> str | None:
    return next((s.language for s in info.audio if s.index == info.audio_index), None)


def _resolve(work: Work) -> Resolution:
    """Whisper's vote is part of the result's identity where there is a model to vote."""
    if work.params.language is not None or work.inputs["audio"].reason is not None:
        return Resolution(work.params)
    weights = find_weights("auto", None, work.environment)
    if weights is None:
        return Resolution(work.params, why="without Whisper's vote: no multilingual model is here")
    return Resolution(
        work.params, FasterWhisper(weights).identity, f"{weights.name} votes on the language"
    )


def _run(work: Work) -> Outcome:
    samples, window = listen(work.inputs["audio"])
    captions = work.inputs.get("captions")
    if work.params.language is not None:
        verdict = Verdict(work.params.language, "given")
    else:
        weights = find_weights("auto", None, work.environment) if work.engine else None
        verdict = detect_language(
            samples,
            cues_from_table(captions.table("captions.parquet")) if captions else (),
            window=window,
            tag=_tag(work.info),
            whisper=FasterWhisper(weights, cores=work.environment.cores) if weights else None,
        )
    facts = {"language": verdict.language, "votes": verdict.votes, "why": verdict.why}
    (work.out / "language.json").write_text(
        json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    work.progress(1.0)
    return Outcome(facts, verdict.warnings)


LANGUAGE = Stage(
    name="language",
    group="speech",
    description="The language that is spoken, by what is given, the sound track's tag, the "
    "captions' script and fit to the sound, or Whisper's vote.",
    version="1",
    params=Params,
    outputs=(FileOutput("language.json"),),
    run=_run,
    inputs=("audio", "captions"),
    dispensable=("captions",),
    resolve=_resolve,
    kinds=("json",),
    pool="asr",
)
