"""What the operations refuse, as the official SDKs raise it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_ice20201109 import models as m
from aliyunsdkcore.acs_exception.exceptions import ServerException

from media_pipeline_tests.gateway.ice.conftest import (
    highlight_request,
    refused,
    submit_request,
)
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import ObjectStorage

pytestmark = pytest.mark.filterwarnings("ignore")  # of the SDKs


WRONG: list[tuple[dict[str, str], int, str, str]] = [
    ({"FunctionName": ""}, 400, "InvalidParameter", "'FunctionName'"),
    ({"FunctionName": "MusicDemix"}, 400, "InvalidParameter.FunctionNotSupported", "VideoClip"),
    ({"FunctionName": "Nonsense"}, 400, "InvalidParameter.FunctionNotSupported", "VideoClip"),
    ({"Input": '{"Type":"OSS"}'}, 400, "MissingParameter", "'Input.Media'"),
    ({"Input": '{"Type":"FTP","Media":"x"}'}, 400, "InvalidParameter", "value range: OSS | Media"),
    ({"Input": '{"Type":"OSS","Media":"/etc/passwd"}'}, 400, "InvalidParameter", "'Input.Media'"),
    ({"Input": '{"Type":"OSS","Media":"http://169.254.169.254/x"}'}, 400, "InvalidParameter",
     "MEDIA_PIPELINE_ALLOWED_HOSTS"),
    ({"Input": '{"Type":"Media","Media":"nothing"}'}, 404, "ResourceNotFound", "nothing"),
    ({"Output": '{"Type":"OSS"}'}, 400, "MissingParameter", "'Output.Media'"),
    ({"Output": '{"Type":"OSS","Media":"oss://bkt/../x.mp4"}'}, 400, "InvalidParameter",
     "'Output.Media'"),
    ({"Output": '{"Type":"OSS","Media":"oss://bkt/x.srt"}'}, 400, "InvalidParameter", ".mp4"),
    ({"Name": "x" * 101}, 400, "InvalidParameter", "value range: <= 100 chars"),
    ({"UserData": "é" * 513}, 400, "InvalidParameter", "value range: <= 1024 bytes"),
    ({"UserData": '{"NotifyAddress":"file:///x"}'}, 400, "InvalidParameter",
     "UserData.NotifyAddress"),
    ({"ScheduleConfig": '{"Priority":11}'}, 400, "InvalidParameter",
     "'ScheduleConfig.Priority' is invalid, input: 11, value range: 1-10"),
    ({"JobParams": "{"}, 400, "InvalidParameter", "'JobParams'"),
    ({"JobParams": '{"duration":0}'}, 400, "InvalidParameter",
     "'JobParams.duration' is invalid, input: 0, value range: >= 1"),
    ({"FunctionName": "CaptionExtraction", "JobParams": '{"fps":30}'}, 400, "InvalidParameter",
     "'JobParams.fps' is invalid, input: 30, value range: 2-10"),
    ({"ModelId": "m"}, 400, "InvalidParameter", "'ModelId'"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "status", "code", "message"), WRONG, ids=range(len(WRONG)))
def test_wrong_production_jobs_are_refused_by_name_and_range(
    live: Gateway, bucket: str, change: dict[str, str], status: int, code: str, message: str
) -> None:
    given = {
        "FunctionName": "VideoClip",
        "Input": json.dumps({"Type": "OSS", "Media": f"oss://{bucket}/in/film.mp4"}),
        "Output.Type": "OSS",
        "Output.Media": f"oss://{bucket}/out/x.mp4",
        **change,
    }
    if "Output" in change:
        given = {name: one for name, one in given.items() if not name.startswith("Output.")}
    with pytest.raises(ServerException) as caught:
        live.rpc("SubmitIProductionJob", **given)
    assert (caught.value.http_status, caught.value.error_code) == (status, code)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("config", "out", "message"),
    [
        ({"MediaArray": []}, {}, "1-5 items"),
        ({"MediaArray": [{"MediaURL": "oss://bkt/a"}] * 6}, {}, "1-5 items"),
        ({"MediaArray": [{}]}, {}, "'InputConfig.MediaArray.0.MediaId'"),
        ({"Strategy": {"Count": 0}}, {}, "value range: 1-10"),
        ({"Strategy": {"Count": 11}}, {}, "value range: 1-10"),
        ({"Strategy": {"ClipDuration": 2}}, {}, "value range: 3-60"),
        ({"Strategy": {"ClipDuration": 61}}, {}, "value range: 3-60"),
        ({}, {"NeedExport": True, "Video": {"Codec": "vp7"}}, "'OutputConfig.Video.Codec'"),
        ({"Strategy": {"CustomActions": ["toolong"]}}, {}, "1-5 chars"),
        ({"Strategy": {"CustomActions": ["a"] * 51}}, {}, "<= 50 items"),
        ({}, {"NeedExport": True}, "'OutputConfig.Bucket' is missing"),
        ({}, {"NeedExport": True, "Bucket": "bkt"}, "'OutputConfig.ObjectKey' is missing"),
        ({}, {"NeedExport": True, "Bucket": "bkt", "ObjectKey": "a.mp4"}, "{index}"),
        ({}, {"NeedExport": True, "Bucket": "bkt", "ObjectKey": "a{index}.mp4",
              "Endpoint": "https://evil.example.com"}, "OutputConfig.Endpoint"),
        ({}, {"OutputMediaTarget": "vod-media"}, "oss-object"),
    ],
)  # fmt: skip
def test_wrong_highlight_jobs_are_refused_by_name_and_range(
    live: Gateway, bucket: str, config: dict[str, Any], out: dict[str, Any], message: str
) -> None:
    config = {"MediaArray": [{"MediaURL": f"oss://{bucket}/in/film.mp4"}], **config}
    request = highlight_request(
        bucket, input_config=json.dumps(config), output_config=json.dumps(out)
    )
    status, _, told = refused(lambda: live.sdk().submit_highlight_extraction_job(request))
    assert status == 400
    assert message in told


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"input_file": None}, "MissingParameter", "'InputFile' is missing"),
        ({"input_file": "nothing"}, "ResourceNotFound", "nothing"),
        ({"start_time": "5 s"}, "InvalidParameter", "value range: HH:MM:SS"),
        ({"duration": "00:00:00"}, "InvalidParameter", "'Duration'"),
        ({"title": "x" * 129}, "InvalidParameter", "<= 128 bytes"),
        ({"editing_config": '{"SentenceMaxLength":3}'}, "InvalidParameter", "value range: 4-50"),
    ],
)
def test_wrong_speech_jobs_are_refused(
    live: Gateway, bucket: str, change: dict[str, Any], code: str, message: str
) -> None:
    request = m.SubmitASRJobRequest(**{"input_file": f"oss://{bucket}/in/film.mp4", **change})
    _, told, text = refused(lambda: live.sdk().submit_asrjob(request))
    assert told == code
    assert message in text


def test_wrong_queries_are_refused(live: Gateway) -> None:
    client = live.sdk()
    for call, code in (
        (lambda: client.query_iproduction_job(m.QueryIProductionJobRequest(job_id="x")),
         "InvalidParameter.JobNotFound"),
        (lambda: client.query_iproduction_job(m.QueryIProductionJobRequest()), "MissingParameter"),
        (lambda: client.get_media_info(m.GetMediaInfoRequest()), "MissingParameter"),
        (lambda: client.get_media_info(m.GetMediaInfoRequest(media_id="x")), "ResourceNotFound"),
        (lambda: client.list_smart_jobs(m.ListSmartJobsRequest(max_results=101)),
         "InvalidParameter"),
        (lambda: client.list_smart_jobs(m.ListSmartJobsRequest(next_token="x")),
         "InvalidParameter"),
        (lambda: client.list_smart_jobs(m.ListSmartJobsRequest(job_state="x")),
         "InvalidParameter"),
    ):  # fmt: skip
        assert refused(call)[1] == code


def test_wrong_keys_are_refused_in_both_styles(live: Gateway) -> None:
    query = m.QueryIProductionJobRequest(job_id="x")
    wrong = live.sdk(secret="wrong")
    assert refused(lambda: wrong.query_iproduction_job(query))[:2] == (400, "SignatureDoesNotMatch")
    nobody = live.sdk(key="nobody")
    assert refused(lambda: nobody.query_iproduction_job(query))[:2] == (
        404, "InvalidAccessKeyId.NotFound"
    )  # fmt: skip
    with pytest.raises(ServerException) as caught:
        live.rpc("QueryIProductionJob", secret="wrong", JobId="x")
    assert caught.value.error_code == "SignatureDoesNotMatch"


def test_a_full_queue_throttles(tmp_path: Path, storage: ObjectStorage, bucket: str) -> None:
    with gateway(tmp_path, storage, max_queue_length=1) as full:
        full.dagster.held = True
        client = full.sdk()
        client.submit_iproduction_job(submit_request(bucket))
        status, code, _ = refused(lambda: client.submit_iproduction_job(submit_request(bucket)))
        assert (status, code) == (429, "Throttling")


def test_a_disk_that_is_nearly_full_takes_no_jobs(
    tmp_path: Path, storage: ObjectStorage, bucket: str
) -> None:
    with gateway(tmp_path, storage, min_free_bytes=2**60) as low:
        status, code, _ = refused(lambda: low.sdk().submit_iproduction_job(submit_request(bucket)))
        assert (status, code) == (503, "ServiceUnavailable")
        assert httpx.get(f"{low.url}/readyz", trust_env=False).json()["disk"] is False
