"""Every operation of the contract, driven by a client that Alibaba Cloud has made.

``python ice_clients.py CLIENT ENDPOINT KEY SECRET BUCKET`` with ``sdk`` for the SDK that the Python
has, or ``core`` for sdk-core. What was found goes to stdout as JSON. Nothing of the product
is imported: the Python may be one that has only the SDK.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from typing import Any

METHODS = {
    "SubmitIProductionJob": "submit_iproduction_job",
    "QueryIProductionJob": "query_iproduction_job",
    "CancelIProductionJob": "cancel_iproduction_job",
    "SubmitHighlightExtractionJob": "submit_highlight_extraction_job",
    "SubmitASRJob": "submit_asrjob",
    "GetSmartHandleJob": "get_smart_handle_job",
    "ListSmartJobs": "list_smart_jobs",
    "DeleteSmartJob": "delete_smart_job",
    "RegisterMediaInfo": "register_media_info",
    "GetMediaInfo": "get_media_info",
}


class Sdk:
    """The SDK, with its own method and models for each operation that it knows."""

    def __init__(self, endpoint: str, key: str, secret: str) -> None:
        from alibabacloud_ice20201109.client import Client
        from alibabacloud_tea_openapi.models import Config

        self._client: Any = Client(
            Config(
                access_key_id=key,
                access_key_secret=secret,
                endpoint=endpoint,
                protocol="http",
                region_id="cn-shanghai",
            )
        )
        self.unknown: list[str] = []

    def ask(self, action: str, **given: Any) -> dict[str, Any]:
        from alibabacloud_ice20201109 import models

        method = getattr(self._client, METHODS[action], None)
        if method is None:
            return self._general(action, given)
        answer: dict[str, Any] = method(
            getattr(models, f"{action}Request")().from_map(given)
        ).body.to_map()
        return answer

    def _general(self, action: str, given: dict[str, Any]) -> dict[str, Any]:
        """An operation that is younger than the SDK."""
        from alibabacloud_tea_openapi import models
        from alibabacloud_tea_util.models import RuntimeOptions

        self.unknown.append(action)
        answer: dict[str, Any] = self._client.call_api(
            models.Params(
                action=action, version="2020-11-09", protocol="HTTPS", pathname="/", method="POST",
                auth_type="AK", style="RPC", req_body_type="formData", body_type="json",
            ),
            models.OpenApiRequest(query=given),
            RuntimeOptions(),
        )  # fmt: skip
        return dict(answer["body"])

    def code(self, action: str, **given: Any) -> str:
        try:
            return str(self.ask(action, **given))
        except Exception as error:
            return str(getattr(error, "code", error))


class Core:
    """sdk-core, which knows no operation and signs the older way."""

    def __init__(self, endpoint: str, key: str, secret: str) -> None:
        from aliyunsdkcore.client import AcsClient

        self._endpoint = endpoint
        self._client: Any = AcsClient(key, secret, "cn-shanghai")
        self.unknown: list[str] = []

    def ask(self, action: str, **given: Any) -> dict[str, Any]:
        from aliyunsdkcore.request import CommonRequest

        request = CommonRequest()
        request.set_domain(self._endpoint)
        request.set_protocol_type("http")
        request.set_version("2020-11-09")
        request.set_action_name(action)
        request.set_method("GET" if action.startswith(("Get", "List", "Query")) else "POST")
        for name, value in given.items():
            request.add_query_param(name, value if isinstance(value, str) else json.dumps(value))
        answer: dict[str, Any] = json.loads(self._client.do_action_with_exception(request))
        return answer

    def code(self, action: str, **given: Any) -> str:
        try:
            return str(self.ask(action, **given))
        except Exception as error:
            return str(getattr(error, "error_code", error))


def drive(client: Sdk | Core, bucket: str) -> dict[str, Any]:
    """Use every operation once at least; what came of it."""
    film = f"oss://{bucket}/in/film.mp4"
    media = client.ask("RegisterMediaInfo", InputURL=film)["MediaId"]
    info = _until(
        lambda: client.ask("GetMediaInfo", MediaId=media)["MediaInfo"],
        lambda one: one["FileInfoList"],
    )
    job = client.ask(
        "SubmitIProductionJob",
        FunctionName="VideoClip",
        Input={"Type": "Media", "Media": media},
        Output={"Type": "OSS", "Media": f"oss://{bucket}/out/short.mp4"},
        JobParams="{duration:1}",
        ScheduleConfig={"Priority": 3},
        UserData="mine",
    )["JobId"]
    clip = _until(
        lambda: client.ask("QueryIProductionJob", JobId=job),
        lambda one: one["Status"] not in {"Queuing", "Analysing"},
    )
    speech = client.ask("SubmitASRJob", InputFile=media, StartTime="00:00:00")["JobId"]
    heard = _until(
        lambda: client.ask("GetSmartHandleJob", JobId=speech),
        lambda one: one["State"] in {"Finished", "Failed"},
    )
    moments = client.ask(
        "SubmitHighlightExtractionJob",
        InputConfig=json.dumps(
            {
                "MediaArray": [{"MediaId": media}],
                "Strategy": {"Count": 1, "ClipDuration": 3, "AllowNonSpeech": True},
            }
        ),
        OutputConfig=json.dumps(
            {"NeedExport": True, "Bucket": bucket, "ObjectKey": "out/moment_{index}.mp4"}
        ),
    )["JobId"]
    found = _until(
        lambda: client.ask("GetSmartHandleJob", JobId=moments),
        lambda one: one["State"] in {"Finished", "Failed"},
    )
    listed = client.ask("ListSmartJobs", MaxResults="2", SortBy="CreationTime:Desc")
    client.ask("DeleteSmartJob", JobId=f"{speech},{moments}")
    result = json.loads(found["JobResult"]["AiResult"])["HighlightResults"][0]["TimeRanges"]
    return {
        "unknown": client.unknown,
        "width": info["FileInfoList"][0]["FileBasicInfo"]["Width"],
        "clip": [clip["Status"], clip["UserData"], clip["OutputFiles"]],
        "clip_type": _start(clip["OutputUrls"][0]),
        "cancelled": client.ask("CancelIProductionJob", JobId=job)["Message"],
        "speech": heard["State"],
        "moment_type": _start(result[0]["OutputURL"]),
        "listed": [one["JobId"] for one in listed["SmartJobList"]] == [moments, speech],
        "deleted": client.code("GetSmartHandleJob", JobId=moments),
        "refused": client.code("QueryIProductionJob"),
    }


def _until(look: Any, done: Any) -> Any:
    end = time.monotonic() + 120
    while not done(found := look()):
        if time.monotonic() > end:
            raise SystemExit(f"not finished: {found}")
        time.sleep(0.2)
    return found


def _start(url: str) -> str:
    """Which kind of file an address gives."""
    with urllib.request.urlopen(url) as stream:
        return str(stream.read(8)[4:].decode("latin-1"))


if __name__ == "__main__":
    kind, endpoint, key, secret, bucket = sys.argv[1:]
    made = Core(endpoint, key, secret) if kind == "core" else Sdk(endpoint, key, secret)
    wrong = (Core if kind == "core" else Sdk)(endpoint, key, f"{secret}-not")
    told = drive(made, bucket) | {"wrong": wrong.code("GetMediaInfo", MediaId="x")}
    sys.stdout.write(json.dumps(told))
