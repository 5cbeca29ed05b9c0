"""The typed errors users see: what is wrong with which thing, and what to do about it, in one line.

Every error that a user can cause or cure is one of these. The command prints ``str(error)`` and
exits with 1, Dagster shows it as the run's failure, the gateway puts ``code`` and the message on
the wire, and a catalogue run that ends in an :class:`Unavailable` error records it as the reason of
an empty artifact.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath

_SHOWN = 80


def printable(value: object) -> str:
    """A name as one harmless line of text: control characters and line breaks are shown escaped."""
    text = str(value)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def shown(value: object) -> str:
    """A value as JSON on one line, cut when it is long: how messages quote what was given."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class MediaPipelineError(Exception):
    """Base of all errors meant for users.

    Parameters
    ----------
    message : what is wrong, without a final period, naming the thing.
    remedy : what the user can do about it.
    """

    @property
    def code(self) -> str:
        """The stable name of the error: its class name."""
        return type(self).__name__

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = printable(message)
        self.remedy = printable(remedy)
        super().__init__(self.message, self.remedy)

    def __str__(self) -> str:
        return f"{self.message}: {self.remedy}" if self.remedy else self.message


# --- the input
# -------------------------------------------------------------------------------------------------


class InputError(MediaPipelineError):
    """Something is wrong with the media or file given."""


class MediaNotFound(InputError):
    """There is no such file or object."""

    def __init__(self, name: str | PurePath) -> None:
        super().__init__(f"no such file: {name}", "check the path")


class EmptyMedia(InputError):
    """The file has no bytes."""

    def __init__(self, name: str | PurePath) -> None:
        super().__init__(f"{name} is empty (0 bytes)", "copy or download it again")


class NotMedia(InputError):
    """The file is not audio or video that can be opened."""

    def __init__(self, name: str | PurePath, detail: str = "") -> None:
        because = f" ({detail})" if detail else ""
        super().__init__(
            f"{name} is not a video or audio file that can be read{because}",
            "check that it plays, and convert it with ffmpeg if it does",
        )


class TruncatedMedia(InputError):
    """The file ends before the media it announces."""


class ZeroDuration(InputError):
    """The media has no duration: nothing can be cut out of it or read from it."""

    def __init__(self, name: str | PurePath) -> None:
        super().__init__(
            f"{name} has no duration", "export it again with at least one frame of picture or sound"
        )


class MediaTooLarge(InputError):
    """The media is over the limit of bytes, seconds, pixels or streams."""


class InvalidCaptions(InputError):
    """A caption file cannot be used."""


class InvalidParameter(MediaPipelineError):
    """A parameter is out of its range; the message names it, its value and what is allowed."""


class UnknownMedia(MediaPipelineError):
    """The lake knows no such media item."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the lake has no media item {name}",
            'list them with `media-pipeline search ""` or add the file first',
        )


# --- what cannot be produced from this input or on this machine
# ------------------------------------------------


class Unavailable(MediaPipelineError):
    """The result cannot be had, for a reason that is no fault.

    A direct request fails with it; a catalogue run publishes an empty artifact that carries it as
    its reason.
    """


class NoVideoStream(Unavailable):
    """The media has no picture."""

    def __init__(self, name: str | PurePath) -> None:
        super().__init__(
            f"{name} has no video stream",
            "give a file with a picture; sound alone can be transcribed",
        )


class NoAudioStream(Unavailable):
    """The media has no sound."""

    def __init__(self, name: str | PurePath) -> None:
        super().__init__(
            f"{name} has no audio stream", "give a file with sound; captions can be read without"
        )


class PictureTooSmall(Unavailable):
    """The picture is too small for what is asked."""


class NoEngineForLanguage(Unavailable):
    """No engine on this machine can transcribe the language."""

    def __init__(self, language: str | None, tried: str = "") -> None:
        name = f"language {language!r}" if language else "an unknown language"
        detail = f" ({tried})" if tried else ""
        super().__init__(
            f"no speech engine here can transcribe {name}{detail}",
            "put a faster-whisper model in MEDIA_PIPELINE_MODEL_DIR, or set "
            "MEDIA_PIPELINE_ALLOW_MODEL_DOWNLOADS=true, or give the language or a script",
        )


class NoCaptionsFound(Unavailable):
    """The picture shows no caption where they were looked for."""


class NoSpeech(Unavailable):
    """The sound holds no speech."""


class NothingToDo(Unavailable):
    """The inputs hold nothing to work on (no captions to burn, no highlight to cut)."""


# --- the machine
# -----------------------------------------------------------------------------------------------


class EngineUnavailable(MediaPipelineError):
    """An engine that was asked for by name is not installed or has no model."""


class ServiceUnavailable(MediaPipelineError):
    """A service that the settings name cannot be used."""


class FontMissing(MediaPipelineError):
    """No installed font can draw the text."""


class UnknownFont(FontMissing):
    """The font family asked for is not installed; ``available`` are those that are."""

    def __init__(self, family: str, available: Sequence[str] = ()) -> None:
        super().__init__(
            f"The requested font '{family}' is not available",
            "choose one of " + ", ".join(available) if available else "install a font",
        )
        self.available = tuple(available)


class EncodeFailed(MediaPipelineError):
    """ffmpeg failed."""


# --- the lake
# --------------------------------------------------------------------------------------------------


class StoreError(MediaPipelineError):
    """The lake cannot be read or written."""


class DiskFull(StoreError):
    """There is no room on a disk for what is being made or fetched."""


class ArtifactMissing(StoreError):
    """An artifact that is needed has not been made."""


class InvalidArtifact(StoreError):
    """A stage's output did not pass validation and was not published."""


class PartsDiffer(StoreError):
    """Parts of a film that were worked on side by side do not fit each other."""


class SourceGone(StoreError):
    """The original media of a known item is no longer where it was."""


class RunFailed(MediaPipelineError):
    """A Dagster run ended in failure."""


def rebuild(code: str, message: str, remedy: str) -> MediaPipelineError:
    """The typed error that was recorded as a code, a message and a remedy."""
    kind = globals().get(code)
    if not (isinstance(kind, type) and issubclass(kind, MediaPipelineError)):
        kind = MediaPipelineError
    error = kind.__new__(kind)
    MediaPipelineError.__init__(error, message, remedy)
    return error


@contextmanager
def known_as(name: str, copy: PurePath) -> Iterator[None]:
    """Let what is wrong with the copy of a file be said of the name by which people know it."""
    try:
        yield
    except InputError as error:
        whole = str(copy) if str(copy) in error.message else copy.name
        message = error.message.replace(whole, name)
        raise rebuild(error.code, message, error.remedy) from error
