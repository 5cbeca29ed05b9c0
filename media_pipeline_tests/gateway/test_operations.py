"""Every operation, driven by the official SDKs against a gateway that listens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_ice20201109 import models as m
from aliyunsdkcore.acs_exception.exceptions import ServerException

from media_pipeline.store.places import open_filesystem
from media_pipeline.transfer.notify import SIGNATURE, signature
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage

pytestmark = pytest.mark.filterwarnings("ignore")  # of the SDKs


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, storage: ObjectStorage) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("live"), storage, webhook_secret="hook") as found:
        yield found


@pytest.fixture(scope="module")
def bucket(live: Gateway, clip: Path) -> str:
    uri = live.storage.bucket()
    files, root = open_filesystem(uri, live.settings.storage_options(uri))
    files.put_file(str(clip), f"{root}/in/film.mp4")
    return uri.removeprefix("s3://")


@pytest.fixture
def held(live: Gateway) -> Iterator[None]:
    """Runs are launched and wait, as in a queue."""
    live.dagster.held = True
    yield
    live.dagster.held = False


def until(look: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look().body
        if done(found):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def submit_request(bucket: str, **values: Any) -> m.SubmitIProductionJobRequest:
    fields: dict[str, Any] = {
        "function_name": "VideoClip",
        "input": m.SubmitIProductionJobRequestInput(
            type="OSS", media=f"oss://{bucket}/in/film.mp4"
        ),
        "output": m.SubmitIProductionJobRequestOutput(
            type="OSS", media=f"http://{bucket}.oss-cn-shanghai.aliyuncs.com/out/short.mp4"
        ),
        "job_params": "{duration:1,}",
        "template_id": "",
        **values,
    }
    return m.SubmitIProductionJobRequest(**fields)


def refused(call: Callable[[], Any]) -> tuple[int, str, str]:
    """Status, code and message that the SDK raises."""
    with pytest.raises(Exception) as caught:
        call()
    error: Any = caught.value
    return error.data["statusCode"], error.code, error.message


def test_a_production_job_from_submit_to_download(live: Gateway, bucket: str) -> None:
    client = live.sdk()
    request = submit_request(
        bucket,
        name="a name",
        user_data='{"test":1}',
        schedule_config=m.SubmitIProductionJobRequestScheduleConfig(pipeline_id="p", priority=3),
    )
    job = client.submit_iproduction_job(request).body.job_id
    body = until(
        lambda: client.query_iproduction_job(m.QueryIProductionJobRequest(job_id=job)),
        lambda b: b.status not in {"Queuing", "Analysing"},
    )
    assert body.status == "Success", body.result
    assert (body.name, body.user_data, body.function_name) == ("a name", '{"test":1}', "VideoClip")
    assert body.input.media == f"oss://{bucket}/in/film.mp4"
    assert body.output.media.endswith("/out/short.mp4")
    assert json.loads(body.job_params) == {"duration": 1}
    assert (body.schedule_config.priority, body.schedule_config.pipeline_id) == (3, "p")
    assert json.loads(body.result)["VideoSummaryList"]
    assert body.output_files == ["out/short.mp4"]
    assert body.create_time.endswith("Z") and body.finish_time >= body.create_time
    (address,) = body.output_urls
    assert httpx.get(address, trust_env=False).content[4:8] == b"ftyp"
    answer = json.loads(live.rpc("QueryIProductionJob", "GET", JobId=job))
    assert answer["Status"] == "Success" and answer["Output"]["Type"] == "OSS"


def test_media_go_in_and_out_by_their_ids(live: Gateway, bucket: str) -> None:
    client = live.sdk(endpoint=f"http://127.0.0.1:{live.port}/")  # as some users write it
    url = f"oss://{bucket}.oss-cn-shanghai.aliyuncs.com/in/film.mp4"
    first = client.register_media_info(
        m.RegisterMediaInfoRequest(input_url=url, media_type="video", title="A film")
    ).body.media_id
    again = client.register_media_info(m.RegisterMediaInfoRequest(input_url=url)).body.media_id
    assert again == first
    get = m.GetMediaInfoRequest(media_id=first)
    info = until(
        lambda: client.get_media_info(get), lambda b: b.media_info.file_info_list
    ).media_info
    basic = info.file_info_list[0].file_basic_info
    assert (basic.file_name, basic.width, basic.height) == ("film.mp4", "320", "180")
    assert float(basic.duration) == pytest.approx(2.0, abs=0.1)
    assert info.media_basic_info.title == "A film"
    assert info.file_info_list[0].video_stream_info_list[0].codec_name == "h264"
    assert info.file_info_list[0].audio_stream_info_list[0].sample_rate
    by_url = client.get_media_info(m.GetMediaInfoRequest(input_url=url)).body.media_info
    assert by_url.media_id == first

    request = submit_request(
        bucket,
        input=m.SubmitIProductionJobRequestInput(type="Media", media=first),
        output=m.SubmitIProductionJobRequestOutput(type="Media", media=""),
    )
    job = client.submit_iproduction_job(request).body.job_id
    body = until(
        lambda: client.query_iproduction_job(m.QueryIProductionJobRequest(job_id=job)),
        lambda b: b.status not in {"Queuing", "Analysing"},
    )
    assert body.status == "Success", body.result
    (made,) = body.output_media_ids
    assert made != first
    found = client.get_media_info(m.GetMediaInfoRequest(media_id=made)).body.media_info
    assert found.media_basic_info.status == "Preparing"
    assert body.output_urls[0].startswith("file:///")


def test_speech_that_cannot_be_had_is_told(live: Gateway, bucket: str) -> None:
    client = live.sdk()
    answer = client.submit_asrjob(
        m.SubmitASRJobRequest(
            input_file=f"oss://{bucket}/in/film.mp4",
            start_time="00:00:00",
            duration="00:00:10",
            title="t",
            user_data="u",
            editing_config='{"SentenceMaxLength": 20}',
        )
    ).body
    assert answer.state == "Created"
    body = until(
        lambda: client.get_smart_handle_job(m.GetSmartHandleJobRequest(job_id=answer.job_id)),
        lambda b: b.state in {"Finished", "Failed"},
    )
    assert (body.state, body.error_code) in {
        ("Failed", "NoSpeech"), ("Failed", "NoEngineForLanguage")
    }  # fmt: skip
    assert body.error_message
    info = body.smart_job_info
    assert (info.job_type, info.title, body.user_data) == ("ASR", "t", "u")
    assert info.input_config.input_file == f"oss://{bucket}/in/film.mp4"
    raw = json.loads(live.rpc("GetSmartHandleJob", JobId=answer.job_id))
    assert json.loads(raw["SmartJobInfo"]["InputConfig"]["JobParameters"]) == {
        "duration": "00:00:10", "start_time": "00:00:00"
    }  # fmt: skip


def highlight_request(bucket: str, **values: Any) -> m.SubmitHighlightExtractionJobRequest:
    config = {
        "MediaArray": [{"MediaURL": f"oss://{bucket}/in/film.mp4"}],
        "Strategy": {
            "Count": 1,
            "ClipDuration": 3,
            "AllowNonSpeech": True,
            "EnableActionRecog": True,
            "CustomActions": ["Fight", "打架"],
        },
    }
    out = {
        "NeedExport": True, "Bucket": bucket, "ObjectKey": "hl/clip_{index}.mp4", "Height": 90,
        "ExportAsNewMedia": True,
    }  # fmt: skip
    fields = {"input_config": json.dumps(config), "output_config": json.dumps(out), **values}
    return m.SubmitHighlightExtractionJobRequest(**fields)


def test_highlights_with_clips(live: Gateway, bucket: str) -> None:
    client = live.sdk()
    job = client.submit_highlight_extraction_job(highlight_request(bucket)).body.job_id
    body = until(
        lambda: client.get_smart_handle_job(m.GetSmartHandleJobRequest(job_id=job)),
        lambda b: b.state in {"Finished", "Failed"},
    )
    assert body.state == "Finished", body.error_message
    (result,) = json.loads(body.job_result.ai_result)["HighlightResults"]
    assert body.output == body.job_result.ai_result
    assert result["Media"] == f"oss://{bucket}/in/film.mp4"
    (one,) = result["TimeRanges"]
    assert 0 <= one["In"] < one["Out"] <= 2.1
    assert any("2.00 s, less than the 3 s" in note for note in result["Notes"])
    assert result["UnsupportedActions"] == ["Fight", "打架"]
    assert httpx.get(one["OutputURL"], trust_env=False).content[4:8] == b"ftyp"
    assert client.get_media_info(m.GetMediaInfoRequest(media_id=one["MediaId"])).body


def test_one_client_token_is_one_job(live: Gateway, bucket: str, held: None) -> None:
    client = live.sdk()
    request = highlight_request(bucket, client_token="token-1")

    def submit(_: int) -> str:
        return str(client.submit_highlight_extraction_job(request).body.job_id)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(submit, range(24)))) == 1
    other = highlight_request(bucket, client_token="token-1", user_data="other")
    status, code, _ = refused(lambda: client.submit_highlight_extraction_job(other))
    assert (status, code) == (400, "IdempotentParameterMismatch")


def test_smart_jobs_are_listed_and_deleted(live: Gateway, bucket: str, held: None) -> None:
    client = live.sdk()
    ids = [
        client.submit_asrjob(m.SubmitASRJobRequest(input_file=f"oss://{bucket}/in/film.mp4"))
        .body.job_id
        for _ in range(3)
    ]  # fmt: skip
    page = client.list_smart_jobs(m.ListSmartJobsRequest(job_type="ASR", max_results=2)).body
    assert [job.job_id for job in page.smart_job_list] == [ids[2], ids[1]]
    assert int(page.total_count) >= 3 and page.max_results == "2"
    following = client.list_smart_jobs(
        m.ListSmartJobsRequest(job_type="ASR", max_results=2, next_token=page.next_token)
    ).body
    assert following.smart_job_list[0].job_id == ids[0]
    first = client.list_smart_jobs(m.ListSmartJobsRequest(sort_by="CreationTime:Asc")).body
    times = [job.create_time for job in first.smart_job_list]
    assert times == sorted(times)
    created = client.list_smart_jobs(m.ListSmartJobsRequest(job_state="Created")).body
    assert {job.job_state for job in created.smart_job_list} == {"Created"}

    client.delete_smart_job(m.DeleteSmartJobRequest(job_id=",".join(ids[:2])))
    status, code, _ = refused(
        lambda: client.get_smart_handle_job(m.GetSmartHandleJobRequest(job_id=ids[0]))
    )
    assert (status, code) == (404, "InvalidParameter.JobNotFound")
    assert json.loads(live.rpc("DeleteSmartJob", JobId=ids[2]))["RequestId"]


def test_a_waiting_job_is_cancelled(live: Gateway, bucket: str, held: None) -> None:
    client = live.sdk()
    job = client.submit_iproduction_job(submit_request(bucket)).body.job_id
    query = m.QueryIProductionJobRequest(job_id=job)
    assert client.query_iproduction_job(query).body.status == "Queuing"
    cancel = m.CancelIProductionJobRequest(job_id=job)
    assert client.cancel_iproduction_job(cancel).body.message == "the job is cancelled"
    body = client.query_iproduction_job(query).body
    assert (body.status, json.loads(body.result)) == ("Failed", {"Code": "Cancelled"})
    assert "before" in client.cancel_iproduction_job(cancel).body.message
    end = time.monotonic() + 20
    while any(r.status == "QUEUED" and r.tags["media/job_id"] == job for r in live.dagster.kept):
        assert time.monotonic() < end
        time.sleep(0.1)


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


def test_callers_are_told_in_the_keys_of_callbacks(
    tmp_path: Path, storage: ObjectStorage, bucket: str
) -> None:
    got: list[tuple[bytes, str]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((body, self.headers[SIGNATURE]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    place = f"127.0.0.1:{server.server_address[1]}"
    with gateway(tmp_path, storage, webhook_secret="hook", allowed_hosts=place) as live:
        data = json.dumps({"NotifyAddress": f"http://{place}/done"})
        client = live.sdk()
        job = client.submit_iproduction_job(submit_request(bucket, user_data=data)).body.job_id
        end = time.monotonic() + 60
        while not got and time.monotonic() < end:
            time.sleep(0.1)
    server.shutdown()
    thread.join()
    server.server_close()
    ((body, signed),) = got
    message = json.loads(body)
    assert signed == signature(body, "hook")
    assert (message["jobId"], message["status"]) == (job, "Success")
    assert message["outputFiles"] == ["out/short.mp4"]
    assert message["input"] == {"type": "OSS", "media": f"oss://{bucket}/in/film.mp4"}
    assert message["userData"] == data


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
