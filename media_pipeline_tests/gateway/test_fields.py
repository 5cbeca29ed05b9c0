"""Every field of every operation just inside and just outside of what it may hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from media_pipeline.gateway.ice.door import Reply
from media_pipeline.gateway.ice.wire import WireRequest
from media_pipeline.gateway.service import Service
from media_pipeline.requests.outbox import JobRow
from media_pipeline.settings import Settings

FILM = "oss://bucket/film.mp4"
GOOD: dict[str, dict[str, Any]] = {
    "SubmitIProductionJob": {
        "FunctionName": "VideoClip",
        "Input": {"Type": "OSS", "Media": FILM},
        "Output": {"Type": "OSS", "Media": "oss://bucket/out.mp4"},
        "ScheduleConfig": {},
    },
    "SubmitHighlightExtractionJob": {
        "InputConfig": {"MediaArray": [{"MediaURL": FILM}], "Strategy": {}},
        "OutputConfig": {
            "NeedExport": True, "Bucket": "bucket", "ObjectKey": "{index}.mp4", "Video": {},
        },
    },
    "SubmitASRJob": {"InputFile": FILM, "EditingConfig": {}},
    "ListSmartJobs": {},
    "RegisterMediaInfo": {"InputURL": FILM},
    "GetMediaInfo": {"InputURL": FILM},
    "QueryIProductionJob": {"JobId": "x"},
    "CancelIProductionJob": {"JobId": "x"},
    "GetSmartHandleJob": {"JobId": "x"},
    "DeleteSmartJob": {"JobId": "x"},
}  # fmt: skip
JOB, MOMENTS, SPEECH = list(GOOD)[:3]
LIST, REGISTER = "ListSmartJobs", "RegisterMediaInfo"
FILMS = "InputConfig.MediaArray"

RANGES: list[tuple[str, str, list[Any], list[Any], str]] = [
    (JOB, "Name", ["", "x" * 100], ["x" * 101], "<= 100 chars"),
    (JOB, "UserData", ["x" * 1024, "é" * 512], ["x" * 1025, "é" * 513], "<= 1024 bytes"),
    (JOB, "ScheduleConfig.Priority", [1, 10, "6"], [0, 11, -1, "high", 1.5], "1-10"),
    (JOB, "Input.Type", ["OSS"], ["FTP", "", 1], "OSS | Media"),
    (JOB, "Output.Type", ["OSS", "Media"], ["FTP"], "OSS | Media"),
    (JOB, "Input.Media", [FILM, "s3://bucket/a.mp4"], ["a.mp4", "file:///a.mp4"], "oss://"),
    (JOB, "Output.Media", ["oss://bucket/{timestamp}/{source}.mp4"],
     ["oss://bucket/a.srt", "/a.mp4", "oss://bucket/{resultType}/a.mp4"], ""),
    (JOB, "JobParams", ["", "{}", "{duration:2}"], ["[]", "{", "{duration:NaN}"], ""),
    (JOB, "ModelId", [""], ["a-model"], "no such model"),
    (MOMENTS, "InputConfig.Strategy.Count", [1, 10], [0, 11, "many"], "1-10"),
    (MOMENTS, "InputConfig.Strategy.ClipDuration", [3, 60, 7.5], [2.9, 61], "3-60"),
    (MOMENTS, "InputConfig.Strategy.CustomActions",
     [[], ["dunks"] * 50], [["x"] * 51, ["sixsix"], "goal", [1]], ""),
    (MOMENTS, "InputConfig.Strategy.EnableActionRecog", [True, "False"], ["maybe"], ""),
    (MOMENTS, FILMS, [[{"MediaURL": FILM}] * 5], [[], [{"MediaURL": FILM}] * 6], "1-5 items"),
    (MOMENTS, "OutputConfig.Width", [16, 8192], [15, 8193], "16-8192"),
    (MOMENTS, "OutputConfig.Height", [16, 8192], [15, 8193], "16-8192"),
    (MOMENTS, "OutputConfig.Video.Crf", [18], [52, -1], ""),
    (MOMENTS, "OutputConfig.Video.Codec", ["H.264"], ["VP7"], "H.264"),
    (MOMENTS, "OutputConfig.OutputMediaTarget", ["oss-object"], ["vod-media"], "oss-object"),
    (MOMENTS, "OutputConfig.ObjectKey", ["a/{index}.mp4"], ["a.mp4", "{index}/a.mp4"], "{index}"),
    (MOMENTS, "OutputConfig.Endpoint", [""], ["evil.example.com", "http://[::1"], ""),
    (MOMENTS, "ClientToken", ["x" * 128], ["x" * 129], "<= 128 chars"),
    (SPEECH, "EditingConfig.SentenceMaxLength", [4, 50], [3, 51, "long"], "4-50"),
    (SPEECH, "StartTime", ["00:00:00", "01:59:59"], ["5 s", "1:75", "-00:00:01"], "HH:MM:SS"),
    (SPEECH, "Duration", ["00:00:01"], ["00:00:00", "x"], ""),
    (SPEECH, "Title", ["x" * 128], ["x" * 129, "é" * 65], "<= 128 bytes"),
    (SPEECH, "Description", ["é" * 64], ["x" * 129], "<= 128 bytes"),
    (LIST, "MaxResults", [1, 100], [0, 101], "1-100"),
    (LIST, "PageSize", [1, 100], [0, 101], "1-100"),
    (LIST, "PageNo", [1, 9], [0, -1], ">= 1"),
    (LIST, "SortBy", ["CreationTime:Asc", "CreationTime:Desc"], ["Size"], "CreationTime:Asc"),
    (LIST, "JobState", ["Created", "Failed"], ["Done"], "Created | Executing"),
    (LIST, "NextToken", [""], ["x", "YWZ0ZXIgeA=="], ""),
    (REGISTER, "MediaType", ["", "video", "audio"], ["poem"], "video"),
    (REGISTER, "Title", ["x" * 256], ["x" * 257], "<= 256 chars"),
    (REGISTER, "InputURL", [FILM], ["film.mp4", "http://10.0.0.1/a.mp4"], ""),
]  # fmt: skip

NEEDED = [
    (JOB, ["FunctionName", "Input", "Output", "Input.Type", "Input.Media", "Output.Media"]),
    (MOMENTS, ["InputConfig", FILMS, "OutputConfig.Bucket", "OutputConfig.ObjectKey"]),
    (SPEECH, ["InputFile"]),
    (REGISTER, ["InputURL"]),
    *[(action, ["JobId"]) for action in GOOD if "JobId" in GOOD[action]],
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("fields")
    made = Service(
        Settings(
            database=f"sqlite:///{folder / 'gateway.db'}",
            cache_dir=folder,
            allow_unsigned=True,
            min_free_bytes=0,
        )
    )
    yield made
    made.dagster.close()
    made.database.close()


def ask(service: Service, action: str, given: dict[str, Any]) -> Reply:
    flat = {n: v if isinstance(v, str) else json.dumps(v) for n, v in given.items()}
    query = urlencode({"Action": action, "Version": "2020-11-09", **flat})
    return service.door.answer(WireRequest("POST", "/", query, {}), "X")


def changed(action: str, field: str, *value: Any) -> dict[str, Any]:
    """Good parameters with another value in one place, or none."""
    given: dict[str, Any] = json.loads(json.dumps(GOOD[action]))
    *parents, last = field.split(".")
    place = given
    for parent in parents:
        place = place[parent]
    place.pop(last, None)
    if value:
        place[last] = value[0]
    return given


@pytest.mark.parametrize(
    ("action", "field", "right", "wrong", "said"), RANGES, ids=[f"{r[0]} {r[1]}" for r in RANGES]
)
def test_a_field_holds_what_it_may_and_is_named_otherwise(
    service: Service, action: str, field: str, right: list[Any], wrong: list[Any], said: str
) -> None:
    for value in right:
        reply = ask(service, action, changed(action, field, value))
        assert reply.status == 200, (value, reply.body)
    for value in wrong:
        reply = ask(service, action, changed(action, field, value))
        assert (reply.status, reply.code) in {
            (400, "InvalidParameter"), (404, "ResourceNotFound")
        }, (value, reply.body)  # fmt: skip
        message = reply.body["Message"]
        last = field.rsplit(".", 1)[-1]  # JSON in a string that is none is named without its place
        assert f"'{field}" in message or f"'{last}'" in message, (value, message)
        assert said in message, (value, message)


@pytest.mark.parametrize(
    ("action", "field"), [(action, field) for action, fields in NEEDED for field in fields]
)
def test_what_is_needed_is_missed(service: Service, action: str, field: str) -> None:
    reply = ask(service, action, changed(action, field))
    assert (reply.status, reply.code) == (400, "MissingParameter"), reply.body
    assert f"'{field}' is missing" in reply.body["Message"]


@pytest.mark.parametrize("action", [action for action in GOOD if "JobId" in GOOD[action]])
def test_jobs_that_are_not_there(service: Service, action: str) -> None:
    reply = ask(service, action, {"JobId": "nothing"})
    assert (reply.status, reply.code) == (404, "InvalidParameter.JobNotFound")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Version": "2019-01-01"}, 400, "NoSuchVersion"),
        ({"Action": "Nothing"}, 404, "InvalidApi.NotFound"),
        ({"FunctionName": "MusicDemix"}, 400, "InvalidParameter.FunctionNotSupported"),
        ({"FunctionName": "Caption"}, 400, "InvalidParameter.FunctionNotSupported"),
    ],
)
def test_what_there_is_not(
    service: Service, change: dict[str, str], status: int, code: str
) -> None:
    reply = ask(service, JOB, GOOD[JOB] | change)
    assert (reply.status, reply.code) == (status, code)


def test_200_submits_at_once_with_one_client_token_are_one_job(service: Service) -> None:
    asked = GOOD[MOMENTS] | {"ClientToken": "one of 200"}
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda _: ask(service, MOMENTS, asked), range(200)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body["JobId"] for reply in replies}) == 1
    other = ask(service, MOMENTS, asked | {"UserData": "another"})
    assert (other.status, other.code) == (400, "IdempotentParameterMismatch")


def test_what_a_highlight_job_asks_for_reaches_its_run(service: Service) -> None:
    asked = changed(MOMENTS, "InputConfig.Strategy", {"Count": 2, "CustomActions": ["dunk"],
                    "EnableActionRecog": "True"})  # fmt: skip
    job = ask(service, MOMENTS, asked).body["JobId"]
    row: JobRow | None = service.outbox.get(job)
    assert row is not None
    params = row.order.params
    assert params["custom_actions"] == ["dunk"] and params["enable_action_recog"] is True
    assert (params["count"], params["export"]) == (2, True)
