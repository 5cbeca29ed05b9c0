"""The input of SubmitHighlightExtractionJob, and its AiResult."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field

from media_pipeline.errors import InvalidParameter, shown
from media_pipeline.gateway.ice.parameters import WireModel
from media_pipeline.gateway.ice.registry import Call
from media_pipeline.gateway.ice.site import Site
from media_pipeline.production.functions import REQUESTS
from media_pipeline.production.highlights import INDEX
from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import JobRow, Submission
from media_pipeline.stages.highlights import HIGHLIGHT_CANDIDATES, RENDERED_CLIPS
from media_pipeline.transfer.addresses import is_allowed, object_uri

SUBMIT = "SubmitHighlightExtractionJob"
FUNCTION = "HighlightExtraction"

_CANDIDATES = HIGHLIGHT_CANDIDATES.params.model_fields
_CLIPS = RENDERED_CLIPS.params.model_fields
Tag = Annotated[str, Field(min_length=1, max_length=5)]


class Media(WireModel):
    """A film, by id or by address; the id wins."""

    MediaId: str = ""
    MediaURL: str = ""


class Search(WireModel):
    """What is looked for. Count and duration have the ranges of the stage."""

    Count: Annotated[int, _CANDIDATES["count"]] = _CANDIDATES["count"].default
    ClipDuration: Annotated[float, _CANDIDATES["clip_duration"]] = _CANDIDATES[
        "clip_duration"
    ].default
    EnableActionRecog: bool = False
    CustomActions: list[Tag] = Field([], max_length=50)
    AllowNonSpeech: bool = False


class Films(WireModel):
    """The films and the strategy."""

    MediaArray: list[Media] = Field(min_length=1, max_length=5)
    Strategy: Search = Search()


class Coding(WireModel):
    """How clips are coded."""

    Crf: Annotated[int | None, _CLIPS["crf"]] = None
    Codec: Literal["H.264", "h264", "H264", "H.265", "h265", "H265", "HEVC"] = "H.264"
    Bitrate: Annotated[int | None, _CLIPS["bitrate"]] = None


class Export(WireModel):
    """Whether clips are written, and where."""

    NeedExport: bool = False
    OutputMediaTarget: Literal["oss-object"] = "oss-object"
    Endpoint: str = ""
    Bucket: str = ""
    ObjectKey: str = ""
    ExportAsNewMedia: bool = False
    Width: int | None = Field(None, ge=16, le=8192)
    Height: int | None = Field(None, ge=16, le=8192)
    Video: Coding = Coding()


class HighlightSubmit(WireModel):
    """Parameters of SubmitHighlightExtractionJob."""

    InputConfig: Films
    OutputConfig: Export = Export()
    UserData: str = ""
    ClientToken: str = Field("", max_length=128)


def highlight_submission(site: Site, call: Call, asked: HighlightSubmit) -> Submission:
    """What is accepted.

    Raises
    ------
    Fault, InvalidParameter
    """
    strategy, out = asked.InputConfig.Strategy, asked.OutputConfig
    params: dict[str, Any] = {
        "count": strategy.Count,
        "clip_duration": strategy.ClipDuration,
        "allow_non_speech": strategy.AllowNonSpeech,
        "enable_action_recog": strategy.EnableActionRecog,
        "custom_actions": strategy.CustomActions,
    }
    if out.NeedExport:
        params |= {"export": True, "width": out.Width, "height": out.Height}
        params |= {name.lower(): value for name, value in out.Video.model_dump().items()}
    REQUESTS[FUNCTION].prepare(params)
    media = [_medium(site, n, one) for n, one in enumerate(asked.InputConfig.MediaArray)]
    return Submission(
        action=SUBMIT,
        access_key=call.access_key,
        request={
            "UserData": asked.UserData,
            "Title": "",
            "Description": "",
            "InputFile": media[0].name,
            "InputConfig": asked.InputConfig.model_dump_json(),
            "OutputConfig": asked.OutputConfig.model_dump_json(),
        },
        order=Order(
            function=FUNCTION,
            media=media,
            params=params,
            output=_output(site, out) if out.NeedExport else None,
            as_media=out.NeedExport and out.ExportAsNewMedia,
        ),
        client_token=asked.ClientToken or None,
        notify=site.notify_address(asked.UserData),
    )


def ai_result(site: Site, row: JobRow) -> dict[str, Any]:
    """The moments of each film, with the addresses of their clips."""
    files = row.result["files"]
    links = {one["name"]: site.link(one["uri"]) for one in files}
    ids = dict(zip((one["name"] for one in files), row.result["media_ids"], strict=False))
    found = []
    for medium, made in zip(row.order.media, row.result["results"], strict=True):
        shown_ranges = []
        for one in made["TimeRanges"]:
            entry = dict(one)
            name = entry.pop("OutputURL", None)
            if name is not None:
                entry["OutputURL"] = links[name]
            if name in ids:
                entry["MediaId"] = ids[name]
            shown_ranges.append(entry)
        found.append({"Media": medium.name, **made, "TimeRanges": shown_ranges})
    return {"HighlightResults": found}


def _medium(site: Site, number: int, one: Media) -> Medium:
    place = f"InputConfig.MediaArray.{number}"
    if one.MediaId:
        return site.registered(one.MediaId, f"{place}.MediaId")
    if not one.MediaURL:
        raise InvalidParameter(f"'{place}.MediaId' or '{place}.MediaURL' is missing")
    return site.medium(one.MediaURL, f"{place}.MediaURL")


def _output(site: Site, out: Export) -> str:
    """Where the clips go, with the placeholder of their number."""
    for name in ("Bucket", "ObjectKey"):
        if not getattr(out, name):
            raise InvalidParameter(f"'OutputConfig.{name}' is missing")
    if out.Endpoint:
        _check_endpoint(site, out.Endpoint)
    name = out.ObjectKey.rsplit("/", 1)[-1]
    if INDEX not in name or not name.lower().endswith(".mp4"):
        raise InvalidParameter(
            f"'OutputConfig.ObjectKey' is invalid, input: {shown(out.ObjectKey)}: "
            f"its last part must hold {INDEX} and end in .mp4"
        )
    return object_uri(f"oss://{out.Bucket}/{out.ObjectKey}", "OutputConfig.ObjectKey")


def _check_endpoint(site: Site, endpoint: str) -> None:
    """The caller's endpoint must be ours, or one that is named: results go nowhere else."""
    text = endpoint if "://" in endpoint else f"https://{endpoint}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        host, port = "", 0
    ours = (site.settings.s3_endpoint or "").rstrip("/") == text.rstrip("/")
    if not (ours or is_allowed(host, port, site.settings.allowed_hosts)):
        raise InvalidParameter(
            f"'OutputConfig.Endpoint' is invalid, input: {shown(endpoint)}: "
            "it is neither MEDIA_PIPELINE_S3_ENDPOINT nor in MEDIA_PIPELINE_ALLOWED_HOSTS"
        )
