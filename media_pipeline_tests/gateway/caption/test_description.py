"""The API's description: true, whole, and readable without a network."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from media_pipeline.stages.burn import CaptionSettings
from media_pipeline_tests.gateway.caption.conftest import KEY, NO_STORAGE
from media_pipeline_tests.generators.gateways import Gateway, gateway

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    ignored_auth,
    unsupported_method,
]
SEED_FIELDS = {
    "video_url", "captions", "settings", "replace", "webhook_url", "id", "language",
    "exclude_time_ranges",
}  # fmt: skip


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that accepts jobs and carries none out, and keeps nobody waiting."""
    folder = tmp_path_factory.mktemp("described")
    with gateway(
        folder, NO_STORAGE, api_keys=KEY, max_wait_seconds=0.01, max_queue_length=100_000
    ) as found:
        found.dagster.held = True
        yield found


PATHS = [
    ("/v1/video/caption", "POST"),
    ("/v1/video/caption/preview", "POST"),
    ("/v1/jobs/{job_id}", "GET"),
    ("/v1/fonts", "GET"),
    ("/v1/files/{job_id}/{name}", "GET"),
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the tool and what it brings
@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        (path, method, mode)
        for path, method in PATHS
        for mode in GenerationMode
        if method == "POST" or mode is GenerationMode.POSITIVE  # paths take any text
    ],
)
def test_whatever_is_sent_the_answer_is_as_described(
    described: Gateway, path: str, method: str, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_url(f"{described.url}/openapi.json")
    operation = schema[path][method]

    @settings(
        max_examples=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"x-api-key": KEY}, checks=CHECKS, timeout=30)

    send()


def test_every_path_is_sent_something(described: Gateway) -> None:
    paths = description(described)["paths"]
    assert sorted(PATHS) == sorted(
        (path, method.upper())
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/v1/")
    )


def description(live: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{live.url}/openapi.json", trust_env=False).json()
    return found


def test_every_field_is_described_and_settings_are_the_one_model(described: Gateway) -> None:
    schemas = description(described)["components"]["schemas"]
    assert set(schemas["CaptionRequest"]["properties"]) == SEED_FIELDS
    assert schemas["CaptionRequest"]["required"] == ["video_url"]
    for name in ("CaptionRequest", "PreviewRequest", "CaptionSettings", "Replacement", "TimeRange"):
        assert schemas[name]["additionalProperties"] is False
        for field, told in schemas[name]["properties"].items():
            assert told.get("description"), f"{name}.{field}"
    own = CaptionSettings.model_json_schema()["properties"]
    assert schemas["CaptionSettings"]["properties"] == own
    for name in ("Success", "Processing", "Refusal", "Fonts"):
        for field, told in schemas[name]["properties"].items():
            assert told.get("description") or "const" in told or field == "build_number", field


def test_the_seed_examples_are_accepted(described: Gateway) -> None:
    from media_pipeline_tests.gateway.caption.conftest import poster

    style = {"line_color": "#FFFFFF", "outline_color": "#000000", "position": "bottom_center"}
    more = {"font_family": "Arial", "font_size": 24, "alignment": "center", "bold": True}
    karaoke = {"word_color": "#FFFF00", "all_caps": False, "max_words_per_line": 10, **style}
    video = {"video_url": "https://example.com/video.mp4"}
    for body in (
        video,
        {**video, "captions": "This is a sample caption text.",
         "settings": {"style": "classic", **style, **more}},
        {**video, "settings": {**karaoke, **more, "italic": False, "style": "karaoke",
                               "outline_width": 2, "shadow_offset": 2},
         "replace": [{"find": "um", "replace": ""}, {"find": "like", "replace": ""}],
         "webhook_url": "https://example.com/webhook", "id": "request-123", "language": "en"},
        {**video, "captions": "https://example.com/subtitles.srt", "settings": style},
        {**video, "settings": {"style": "classic", **style},
         "exclude_time_ranges": [{"start": "00:00:10.000", "end": "00:00:20.000"},
                                 {"start": "00:00:30.000", "end": "00:00:40.000"}]},
    ):  # fmt: skip
        response = poster(described.url)(body)
        assert response.status_code == 202, response.text
        row = described.service.outbox.get(response.json()["job_id"])
        assert row is not None
        assert row.order.media[0].uri == video["video_url"]
        asked = {**row.order.params, "video_url": video["video_url"]}
        asked |= {name: body[name] for name in ("webhook_url", "id") if name in body}
        assert asked == body


def test_the_page_says_what_is_checked_and_needs_nothing_else(described: Gateway) -> None:
    page = httpx.get(f"{described.url}/docs", trust_env=False)
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script|<link|@import|url\(|src=", page.text)
    for name in CaptionSettings.model_fields:
        assert f"<code>settings.{name}</code>" in page.text
    assert "<td>1-2000</td>" in page.text


@pytest.mark.slow
@pytest.mark.browser
def test_the_page_in_a_real_browser(described: Gateway, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium is installed")
    shown = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            # no name resolves but this machine's: the page needs no other
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000",
            f"{described.url}/docs",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert '<section id="post-v1-video-caption">' in shown
    assert '<code>video_url</code> <span class="required"' in shown
    assert shown.index("POST /v1/video/caption") < shown.index("GET /healthz")
    assert "curl -X POST" in shown and "bottom_left | bottom_center" in shown
    for status in ("200", "202", "400", "401", "415", "429", "500"):
        assert f"<b>{status}</b>" in shown
