"""Which engine transcribes a film, decided before anything is computed.

An engine is only chosen when it is installed, its model is here (or may be fetched and is within
the limit), and it can do the language. What was passed over, and why, is part of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from media_pipeline.asr import pocketsphinx, sphinx, whisperx
from media_pipeline.asr.base import ModelPolicy, Recogniser
from media_pipeline.asr.faster_whisper import NAME as FASTER_WHISPER
from media_pipeline.asr.faster_whisper import FasterWhisper
from media_pipeline.asr.models import Offer, Weights, download, find_offer, find_weights, is_path
from media_pipeline.errors import EngineUnavailable, NoCaptionsFound, NoEngineForLanguage

CAPTIONS = "captions"
WHISPERX = whisperx.NAME
POCKETSPHINX = pocketsphinx.NAME

EngineName = Literal["auto", "whisperx", "faster-whisper", "captions", "pocketsphinx"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine that was chosen."""

    name: str
    identity: Mapping[str, str]
    """``name``, ``version`` and ``model``."""
    why: str
    """In words: what was chosen, and what was passed over for which reason."""
    model: str = "auto"
    """The model's name or path, for engines that have one."""


def choose(
    engine: EngineName,
    language: str | None,
    has_captions: bool,
    environment: ModelPolicy,
    *,
    model: str = "auto",
) -> Choice:
    """Choose the engine for a film.

    Parameters
    ----------
    engine : ``auto`` or an engine by name. ``auto`` takes the first that can serve of whisperX,
        faster-whisper, the captions that are known, and pocketsphinx (English only).
    language : ISO 639-1, or None when unknown.
    has_captions : whether captions are known in the language that is spoken.
    environment : where models may come from.
    model : ``auto``, or a Whisper model by name or path.

    Raises
    ------
    EngineUnavailable
        when an engine or model asked for by name is not to be had.
    NoEngineForLanguage
        when no engine, or not the one asked for, can do the language.
    NoCaptionsFound
        when captions are asked for and there are none.
    """
    if engine != "auto":
        return _named(engine, language, has_captions, environment, model)
    passed: list[str] = []
    for name in (WHISPERX, FASTER_WHISPER):
        try:
            found = _whisper(name, model, language, environment)
        except (EngineUnavailable, NoEngineForLanguage) as error:
            if model != "auto" and name == FASTER_WHISPER:
                raise
            passed.append(f"{name}: {error.message}")
        else:
            return _with(found, f"{found.why}{_after(passed)}")
    if has_captions:
        return _with(_captions(), f"the captions are aligned to the sound{_after(passed)}")
    passed.append("captions: there are none in the language that is spoken")
    if language == "en":
        why = f"the language is English and nothing better is here; it is rough{_after(passed)}"
        return _with(_pocketsphinx(), why)
    passed.append(f"{POCKETSPHINX}: knows only English")
    raise NoEngineForLanguage(language, "; ".join(passed))


def recogniser(choice: Choice, language: str | None, environment: ModelPolicy) -> Recogniser:
    """The engine of a choice, its model fetched first where it is not here yet.

    Raises
    ------
    EngineUnavailable
        when the model has gone, or cannot be fetched.
    """
    if choice.name == POCKETSPHINX:
        return pocketsphinx.PocketSphinx()
    weights = _find(choice.model, language, environment)
    if isinstance(weights, Offer):
        weights = download(weights, environment)
    if choice.name == WHISPERX:
        return whisperx.WhisperX(weights, cores=environment.cores, model_dir=environment.model_dir)
    return FasterWhisper(weights, cores=environment.cores)


def whisper_languages() -> frozenset[str]:
    """The languages that Whisper knows, ISO 639-1 where there is such a code."""
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return frozenset(_LANGUAGE_CODES)


def _named(
    engine: EngineName,
    language: str | None,
    has_captions: bool,
    environment: ModelPolicy,
    model: str,
) -> Choice:
    if engine == CAPTIONS:
        if not has_captions:
            raise NoCaptionsFound(
                "there are no captions to take the speech from",
                "choose another engine, or give captions with `media-pipeline correct`",
            )
        return _with(_captions(), "asked for by name")
    if engine == POCKETSPHINX:
        if language != "en":
            raise NoEngineForLanguage(language, "pocketsphinx knows only English")
        return _with(_pocketsphinx(), "asked for by name; it is rough")
    found = _whisper(engine, model, language, environment)
    return _with(found, f"asked for by name; {found.why}")


def _whisper(engine: str, model: str, language: str | None, environment: ModelPolicy) -> Choice:
    if engine == WHISPERX:
        whisperx.require()
    if language is not None and language not in whisper_languages():
        raise NoEngineForLanguage(language, "Whisper does not know it")
    weights = _find(model, language, environment)
    if not weights.speaks(language):
        raise NoEngineForLanguage(language, f"the model {weights.name} knows only English")
    if isinstance(weights, Offer):
        why = f"the model {weights.name} ({weights.size / 1e6:.0f} MB) may be downloaded"
    else:
        why = f"the model {weights.name} is on this machine"
    name = str(weights.path) if isinstance(weights, Weights) and is_path(model) else weights.name
    if engine == WHISPERX:
        identity = whisperx.identity(weights.identity)
    else:
        identity = {
            "name": FASTER_WHISPER,
            "version": version(FASTER_WHISPER),
            "model": weights.identity,
        }
    return Choice(engine, identity, why, name)


def _find(model: str, language: str | None, environment: ModelPolicy) -> Weights | Offer:
    found = find_weights(model, language, environment)
    return found if found is not None else find_offer(model, language, environment)


def _captions() -> Choice:
    # Forced alignment of the captions is pocketsphinx's work.
    sphinx = pocketsphinx.identity()
    return Choice(CAPTIONS, {**sphinx, "name": CAPTIONS, "aligner": POCKETSPHINX}, "")


def _pocketsphinx() -> Choice:
    sphinx.model_folder()  # raises where it is not whole
    return Choice(POCKETSPHINX, pocketsphinx.identity(), "")


def _with(choice: Choice, why: str) -> Choice:
    return Choice(choice.name, choice.identity, f"{choice.name}: {why}", choice.model)


def _after(passed: list[str]) -> str:
    return f" ({'; '.join(passed)})" if passed else ""
