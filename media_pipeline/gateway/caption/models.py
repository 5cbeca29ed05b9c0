"""What goes in and comes out, for validation and for the API's page.

Fields are required or may be absent; null is never a value of theirs.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from media_pipeline.stages.burn import CaptionSettings
from media_pipeline.text.exclusion import TIME_PATTERN
from media_pipeline.text.languages import language_code

AUTO = "auto"
_MAX_ID = _MAX_TEXT = 1000
_MAX_ITEMS = 1000
_CAPTIONS = (
    "SRT, WebVTT or ASS captions, JSON of words with times, or a text that is shown all the time"
)


def _without_default(schema: dict[str, Any]) -> None:
    """What may be absent need not have a value that could be given instead."""
    schema.pop("default", None)


class _In(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Replacement(_In):
    """A word or phrase that is replaced."""

    find: str = Field(
        min_length=1,
        max_length=_MAX_TEXT,
        description="whole words in any case, as literal text; a phrase may run over line breaks",
    )
    replace: str = Field(
        max_length=_MAX_TEXT,
        description="literal text that takes its place; empty removes the words",
    )


class TimeRange(_In):
    """A range of time without captions."""

    start: str = Field(
        description="hh:mm:ss.ms, such as 00:01:23.456",
        json_schema_extra={"pattern": f"^{TIME_PATTERN}$"},
    )
    end: str = Field(
        description="hh:mm:ss.ms, after start",
        json_schema_extra={"pattern": f"^{TIME_PATTERN}$"},
    )


class _Look(_In):
    """How captions look, and what is changed in them."""

    settings: CaptionSettings = Field(
        CaptionSettings(), description="how captions look; ASS captions keep their own styling"
    )
    replace: list[Replacement] = Field(
        [], max_length=_MAX_ITEMS, description="what is replaced in the captions, in this order"
    )
    exclude_time_ranges: list[TimeRange] = Field(
        [],
        max_length=_MAX_ITEMS,
        description="times without captions; captions are cut at their edges",
    )
    language: str = Field(
        AUTO,
        description="language of speech and captions; auto finds it out",
        examples=["en"],
        json_schema_extra={"allowed": "auto, or an ISO 639 code such as en"},
    )

    @field_validator("language")
    @classmethod
    def _is_language(cls, value: str) -> str:
        if value.strip() and value != AUTO and language_code(value) is None:
            raise ValueError("it is no known language")
        return value

    def parameters(self) -> dict[str, Any]:
        """What was asked for, as the production function takes it."""
        fields = {"captions", "settings", "replace", "exclude_time_ranges"}
        found = self.model_dump(include=fields, exclude_unset=True)
        known = self.language != AUTO and self.language.strip()
        return {**found, **({"language": self.language} if known else {})}


class CaptionRequest(_Look):
    """A film to be captioned."""

    video_url: str = Field(
        min_length=1,
        description="http(s):// address of a public host, or s3:// or oss:// of the object storage "
        "of the settings",
        examples=["https://example.com/video.mp4"],
    )
    captions: str = Field(
        "",
        min_length=1,
        description=f"{_CAPTIONS}; or the address of a file of these. Without it, what is said is "
        "drawn, or captions that the file holds",
        examples=["https://example.com/subtitles.srt"],
        json_schema_extra=_without_default,
    )
    webhook_url: str = Field(
        "",
        min_length=1,
        description="http(s):// address that is told of the result; with it, the answer is 202 at "
        "once",
        examples=["https://example.com/webhook"],
        json_schema_extra=_without_default,
    )
    id: str = Field(
        "",
        max_length=_MAX_ID,
        description="a name of your own for the request; every answer repeats it",
        examples=["request-123"],
        json_schema_extra=_without_default,
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"video_url": "https://example.com/video.mp4"},
                {
                    "video_url": "https://example.com/video.mp4",
                    "captions": "https://example.com/subtitles.srt",
                    "settings": {"style": "classic", "font_family": "Arial", "font_size": 24},
                    "replace": [{"find": "um", "replace": ""}],
                    "exclude_time_ranges": [{"start": "00:00:10.000", "end": "00:00:20.000"}],
                    "webhook_url": "https://example.com/webhook",
                    "id": "request-123",
                    "language": "en",
                },
            ]
        }
    )


class PreviewRequest(_Look):
    """One frame to be captioned."""

    video_url: str = Field(
        min_length=1,
        description="as it was given to /v1/video/caption before: nothing is fetched for a preview",
        examples=["https://example.com/video.mp4"],
    )
    captions: str = Field(
        min_length=1,
        description=_CAPTIONS,
        examples=["This is a sample caption text."],
    )
    time: float = Field(
        0.0,
        ge=0.0,
        description="second of the film; the middle of the first caption when not given",
        json_schema_extra=_without_default,
    )


# --- out ------------------------------------------------------------------------------------------


class _Out(BaseModel):
    code: int = Field(description="the HTTP status of this outcome")
    id: str | None = Field(description="the request's own name; null where it gave none")
    job_id: str = Field(description="the job, also of its run in Dagster")
    message: str = Field(description="what happened, in words")
    pid: int = Field(description="process that answered")
    queue_id: int = Field(description="the queue; all processes that serve it say the same")
    queue_length: int = Field(description="jobs that wait now")
    build_number: str = Field(description="version of this software")


class _Timed(_Out):
    endpoint: str = Field(description="path of the request")
    run_time: float = Field(description="seconds of work")
    queue_time: float = Field(description="seconds in the queue")
    total_time: float = Field(description="seconds from the request to the end")


class Success(_Timed):
    """A job that is done."""

    code: Literal[200]
    message: Literal["success"]
    response: str = Field(description="address of the captioned film (MP4)")


class Processing(_Out):
    """A job that waits or runs."""

    code: Literal[202]
    message: Literal["processing"]
    max_queue_length: int = Field(description="jobs that may wait")


class Refusal(_Out):
    """A request that cannot be carried out, or a job that failed.

    A job that failed has the fields of time as well.
    """

    error: str | None = Field(
        None, description="the same in the words of clients that look here (fonts, status 500)"
    )
    available_fonts: list[str] | None = Field(
        None, description="what may be asked for, where a font is not available"
    )


class Fonts(BaseModel):
    """What font_family may be."""

    code: Literal[200]
    message: Literal["success"]
    fonts: list[str] = Field(description="in alphabetical order")
    aliases: dict[str, str] = Field(
        description="which of them another font stands for, and which one"
    )
    build_number: str
