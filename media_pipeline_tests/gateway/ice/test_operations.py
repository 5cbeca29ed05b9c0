"""Every operation, driven by the official SDKs against a gateway that listens."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from alibabacloud_ice20201109 import models as m

from media_pipeline.transfer.notify import SIGNATURE, signature
from media_pipeline_tests.gateway.ice.conftest import (
    highlight_request,
    refused,
    submit_request,
    until,
)
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import ObjectStorage

pytestmark = pytest.mark.filterwarnings("ignore")  # of the SDKs


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
