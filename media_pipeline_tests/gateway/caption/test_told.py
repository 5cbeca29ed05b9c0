"""Webhooks: what is posted, to whom, and how often."""

from __future__ import annotations

import time

import httpx

from media_pipeline.transfer.notify import SIGNATURE, signature
from media_pipeline_tests.gateway.caption.conftest import SUCCESS, Client
from media_pipeline_tests.generators.gateways import Gateway
from media_pipeline_tests.generators.webs import Web


def test_with_a_webhook_the_answer_is_at_once_and_the_result_is_posted(
    post: Client, live: Gateway, served: Web
) -> None:
    asked = {
        "video_url": served.url("/clip.mp4"),
        "captions": "Hello",
        "webhook_url": served.url("/hook"),
        "id": "request-123",
    }
    response = post(asked)
    body = response.json()
    assert response.status_code == 202
    assert set(body) == {
        "code", "id", "job_id", "message", "pid", "queue_id", "max_queue_length", "queue_length",
        "build_number",
    }  # fmt: skip
    assert (body["code"], body["message"], body["id"]) == (202, "processing", "request-123")
    assert body["max_queue_length"] == live.settings.max_queue_length
    (told,) = served.wait("/hook")
    assert set(told.message) == SUCCESS
    assert (told.message["job_id"], told.message["id"]) == (body["job_id"], "request-123")
    assert (told.message["code"], told.message["queue_id"]) == (200, body["queue_id"])
    assert told.headers[SIGNATURE] == signature(told.body, "hook")
    assert httpx.get(told.message["response"], trust_env=False).content[4:8] == b"ftyp"


def test_failures_are_posted_too_and_again_until_they_are_taken(post: Client, served: Web) -> None:
    served.failing["/busy"] = 1
    asked = {
        "video_url": served.url("/gone.mp4"), "captions": "x", "webhook_url": served.url("/busy")
    }  # fmt: skip
    job = post(asked).json()["job_id"]
    first, second = served.wait("/busy", 2)
    assert first.body == second.body or first.message["job_id"] == second.message["job_id"] == job
    assert second.at - first.at >= 1.5
    assert (second.message["code"], second.message["job_id"]) == (400, job)
    assert "/gone.mp4" in second.message["message"]


def test_a_hook_that_leads_inside_is_not_told(post: Client, live: Gateway, served: Web) -> None:
    """A name that turns out to be an inner machine is only found out when connecting."""
    host, port = served.place.split(":")
    assert host == "127.0.0.1"
    hook = f"http://localtest.invalid:{port}/secret"
    response = post({"video_url": served.url("/clip.mp4"), "captions": "x", "webhook_url": hook})
    assert response.status_code == 202
    job = response.json()["job_id"]
    end = time.monotonic() + 60
    while (row := live.service.outbox.get(job)) is None or not row.notify_tries:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert row.outcome == "success", "the job itself is none the worse"
    assert not [one for one in served.posted if one.path == "/secret"]
