"""RegisterMediaInfo and GetMediaInfo: media by opaque ids."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from media_pipeline.errors import InvalidParameter
from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.parameters import WireModel
from media_pipeline.gateway.ice.registry import Answer, Call, Operation
from media_pipeline.gateway.ice.site import Site, present, stamp
from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import Submission
from media_pipeline.requests.records import MediaRow
from media_pipeline.transfer.addresses import file_name, media_uri

REGISTER = "RegisterMediaInfo"


class Register(WireModel):
    """Parameters of RegisterMediaInfo."""

    InputURL: str = Field(min_length=1)
    MediaType: Literal["", "video", "audio"] = ""
    Title: str = Field("", max_length=256)
    UserData: str = Field("", max_length=1024)
    ClientToken: str = Field("", max_length=128)


class Get(WireModel):
    """Parameters of GetMediaInfo."""

    MediaId: str = ""
    InputURL: str = ""


def operations(site: Site) -> list[Operation[Any]]:
    """The two operations."""

    def register(call: Call, asked: Register) -> Answer:
        uri = media_uri(asked.InputURL, "InputURL", site.settings.allowed_hosts)
        row = site.media.register(
            uri,
            asked.InputURL,
            title=asked.Title,
            type=asked.MediaType,
            user_data=asked.UserData,
        )
        if row.info is None:  # it is looked at in a run, not here
            order = Order(function="RegisterMedia", media=[Medium(name=asked.InputURL, uri=uri)])
            site.submit(
                Submission(
                    action=REGISTER,
                    access_key=call.access_key,
                    request={},
                    order=order,
                    client_token=asked.ClientToken or None,
                )
            )
        return {"MediaId": row.id}

    def get(_call: Call, asked: Get) -> Answer:
        return {"MediaInfo": _media_info(site, _found(site, asked))}

    return [Operation(REGISTER, Register, register), Operation("GetMediaInfo", Get, get)]


def _found(site: Site, asked: Get) -> MediaRow:
    if asked.MediaId:
        row = site.media.get(asked.MediaId)
    elif asked.InputURL:
        row = site.media.at(media_uri(asked.InputURL, "InputURL", site.settings.allowed_hosts))
    else:
        raise InvalidParameter("'MediaId' or 'InputURL' is missing")
    if row is None:
        raise Fault("ResourceNotFound", f"there is no media {asked.MediaId or asked.InputURL}")
    return row


def _media_info(site: Site, row: MediaRow) -> dict[str, Any]:
    info = row.info
    return {
        "MediaId": row.id,
        "MediaBasicInfo": present(
            {
                "MediaId": row.id,
                "InputURL": row.given,
                "MediaType": row.type or _kind(info),
                "Title": row.title or file_name(row.uri),
                "UserData": row.user_data,
                "Source": "general",
                "Status": "Preparing" if info is None else "Normal",
                "CreateTime": stamp(row.created),
            }
        ),
        "FileInfoList": [] if info is None else [_file(site, row, info)],
    }


def _kind(info: Any) -> str:
    return "audio" if info is not None and not info.get("video") else "video"


def _file(site: Site, row: MediaRow, info: Any) -> dict[str, Any]:
    """One file; every number is a string, as the SDK expects."""
    duration, video = float(info["duration"]), info.get("video")
    size = row.size or 0
    basic = {
        "FileName": file_name(row.uri),
        "FileUrl": site.link(row.uri) if "://" in row.uri and row.uri[:4] != "http" else row.uri,
        "FileSize": str(size),
        "FileStatus": "Normal",
        "FileType": "source_file",
        "FormatName": info["container"],
        "Duration": f"{duration:.3f}",
        "Bitrate": f"{size * 8 / 1000 / duration:.3f}" if duration else None,
        "Width": str(video["width"]) if video else None,
        "Height": str(video["height"]) if video else None,
    }
    return {
        "FileBasicInfo": present(basic),
        "VideoStreamInfoList": [_strings(video)] if video else [],
        "AudioStreamInfoList": [_strings(one) for one in info.get("audio") or []],
    }


_NAMES = {
    "index": "Index",
    "codec": "CodecName",
    "width": "Width",
    "height": "Height",
    "fps": "Fps",
    "pixel_format": "PixFmt",
    "rotation": "Rotate",
    "start": "StartTime",
    "duration": "Duration",
    "frames": "NumFrames",
    "sample_rate": "SampleRate",
    "channels": "Channels",
    "language": "Lang",
}


def _strings(stream: Any) -> dict[str, str]:
    return {
        name: str(stream[field]) for field, name in _NAMES.items() if stream.get(field) is not None
    }
