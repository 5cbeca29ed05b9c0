"""From a request to a film, as a client written for the public service sees it."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from media_pipeline import __version__
from media_pipeline.media.decode import decode
from media_pipeline_tests.gateway.caption.conftest import (
    KEY,
    NO_STORAGE,
    SRT,
    SUCCESS,
    Client,
    get,
    poster,
)
from media_pipeline_tests.generators.gateways import Gateway, gateway
from media_pipeline_tests.generators.storage import object_storage
from media_pipeline_tests.generators.webs import Web

ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Own,Liberation Sans,40,&H000000FF,&H000000FF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,\
0,8,9,9,9,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.40,0:00:01.20,Own,,0,0,0,,OWN
"""


def ink(film: bytes, clip: Path, folder: Path) -> list[tuple[float, int, int]]:
    """Time and changed pixels of the upper and lower half of each frame."""
    (folder / "out.mp4").write_bytes(film)
    found = []
    for old, new in zip(decode(clip), decode(folder / "out.mp4"), strict=True):
        changed = np.abs(old.bgr().astype(int) - new.bgr()).max(axis=2) > 90
        half = changed.shape[0] // 2
        found.append((new.time, int(changed[:half].sum()), int(changed[half:].sum())))
    return found


def drawn(response: httpx.Response, clip: Path, folder: Path) -> list[tuple[float, int, int]]:
    """What a successful answer leads to."""
    assert response.status_code == 200, response.text
    film = httpx.get(response.json()["response"], trust_env=False)  # without a key
    assert film.headers["content-type"] == "video/mp4"
    return ink(film.content, clip, folder)


def shown(found: list[tuple[float, int, int]]) -> list[bool]:
    return [upper + lower > 10 for _, upper, lower in found]


# --- the call waits -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_answer_is_the_result(
    post: Client, live: Gateway, served: Web, clip: Path, tmp_path: Path
) -> None:
    live.rest()
    served.files["/once.mp4"] = served.files["/clip.mp4"]
    response = post({"video_url": served.url("/once.mp4"), "captions": "Hello", "id": "request-1"})
    body = response.json()
    assert set(body) == SUCCESS
    assert (body["code"], body["message"], body["id"]) == (200, "success", "request-1")
    assert body["endpoint"] == "/v1/video/caption"
    assert (body["pid"], body["build_number"]) == (os.getpid(), __version__)
    assert body["queue_length"] == 0
    assert body["total_time"] == pytest.approx(body["run_time"] + body["queue_time"], abs=0.002)
    assert body["run_time"] > 0
    assert all(shown(drawn(response, clip, tmp_path))), "plain text stays over the whole film"
    (run,) = live.dagster.runs(job_id=body["job_id"])
    assert run.status == "SUCCESS"
    assert served.fetched.count("/once.mp4") == 1
    live.cleared()
    assert get(live, f"/v1/jobs/{body['job_id']}").json() == body


def test_a_request_without_a_name_has_none(post: Client, served: Web) -> None:
    body = post({"video_url": served.url("/clip.mp4"), "captions": "Hello"}).json()
    assert (body["code"], body["id"]) == (200, None)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["text", "vtt", "address", "redirect"])
def test_a_file_of_captions(post: Client, served: Web, clip: Path, tmp_path: Path, by: str) -> None:
    served.moved["/moved"] = "/text.srt"
    given = {
        "text": SRT,
        "vtt": "WEBVTT\n\n" + SRT.replace(",", "."),
        "address": served.url("/text.srt"),
        "redirect": served.url("/moved"),
    }
    body = {
        "video_url": served.url("/clip.mp4"),
        "captions": given[by],
        "settings": {"position": "top_center", "font_size": 30},
        "replace": [{"find": "UM", "replace": ""}, {"find": "there", "replace": "everybody"}],
        "exclude_time_ranges": [{"start": "00:00:00.800", "end": "00:00:01.000"}],
    }
    found = drawn(post(body), clip, tmp_path)
    for at, upper, lower in found:
        moment = at + 1e-6
        assert (upper > 30) == (0.4 <= moment < 0.8 or 1.0 <= moment < 1.2), at
        assert lower < 30
    plain = {**body, "replace": []}
    assert drawn(post(plain), clip, tmp_path) != found, "replacements change what is drawn"


@pytest.mark.slow
def test_captions_in_ass_keep_their_styling(
    post: Client, served: Web, clip: Path, tmp_path: Path
) -> None:
    served.files["/own.ass"] = ASS.encode()
    settings = {"style": "karaoke", "position": "bottom_left", "line_color": "#00FF00"}
    for captions in (ASS, served.url("/own.ass")):
        asked = {
            "video_url": served.url("/clip.mp4"), "captions": captions, "settings": settings
        }  # fmt: skip
        found = drawn(post(asked), clip, tmp_path)
        assert [upper > 30 for _, upper, _ in found] == [0.4 <= t + 1e-6 < 1.2 for t, *_ in found]
        assert max(lower for *_, lower in found) < 30
        frame = next(f for f in decode(tmp_path / "out.mp4") if f.time > 0.7).bgr().astype(int)
        assert ((frame[..., 2] - frame[..., 1]) > 100).sum() > 50, "red, as the file says"


@pytest.mark.slow
def test_word_styles_take_estimated_times_when_told_so(
    post: Client, served: Web, clip: Path, tmp_path: Path
) -> None:
    body = {"video_url": served.url("/clip.mp4"), "captions": SRT}
    settings = {"style": "word_by_word", "estimate_word_times": True}
    words = drawn(post({**body, "settings": settings}), clip, tmp_path)
    whole = drawn(post(body), clip, tmp_path)
    assert shown(words) == shown(whole)
    assert sum(n for *_, n in words) < 0.7 * sum(n for *_, n in whole)


@pytest.mark.slow
def test_hostile_captions_are_only_text(
    post: Client, served: Web, clip: Path, tmp_path: Path
) -> None:
    body = {"video_url": served.url("/clip.mp4")}
    hostile = SRT.replace("um", r"{\fs400}{\p1}m 0 0 l 320 0 320 180 0 180{\p0}\N<script>")
    found = drawn(post({**body, "captions": hostile}), clip, tmp_path)
    assert max(upper for _, upper, _ in found) < 0.2 * 320 * 90
    for text in ("/etc/passwd", "file:///etc/passwd", "a\x00b", "../../text.srt", "movie=x.mp4"):
        assert all(shown(drawn(post({**body, "captions": text}), clip, tmp_path)))


@pytest.mark.slow
def test_without_captions_what_is_said_is_drawn_and_nothing_is_read(
    post: Client, live: Gateway, served: Web, tmp_path: Path
) -> None:
    from media_pipeline_tests.generators.films import make_small_film

    film = make_small_film(tmp_path / "film.mp4", tmp_path / "work")
    if not film.spoken:
        pytest.skip("no speech synthesiser is installed")
    served.files["/spoken.mp4"] = film.path.read_bytes()
    settings = {"style": "karaoke", "position": "top_center", "word_color": "#FF0000"}
    body = {"video_url": served.url("/spoken.mp4"), "language": "en", "settings": settings}
    found = drawn(post(body), film.path, tmp_path)
    for cue in film.captions:
        middle = (cue.start + cue.end) / 2
        assert any(upper > 30 for at, upper, _ in found if abs(at - middle) < 0.3)
    assert min(upper for _, upper, _ in found) < 30
    assert not (Path(live.settings.lake) / "ocr_cues").exists()


# --- what fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"video_url": "/gone.mp4"}, ["/gone.mp4"]),
        ({"video_url": "/text.srt"}, ["/text.srt", "not a video"]),
        ({"captions": "/gone.srt"}, ["/gone.srt"]),
        ({"captions": "/empty.srt"}, ["/empty.srt", "0 bytes"]),
        ({"captions": "/clip.mp4"}, ["/clip.mp4", "not a subtitle file"]),
        ({"captions": "/large.srt"}, ["/large.srt", "limit of 20,971,520"]),
        ({"captions": "/text.srt", "settings": {"style": "highlight"}}, ["estimate_word_times"]),
        ({"captions": None}, ["no speech engine", "MEDIA_PIPELINE_MODEL_DIR"]),
        ({"captions": None, "language": "fr"}, ["'fr'", "MEDIA_PIPELINE_MODEL_DIR"]),
    ],
    ids=range(9),
)
def test_jobs_that_cannot_be_done_are_a_400_that_says_why(
    post: Client, live: Gateway, served: Web, change: dict[str, Any], words: list[str]
) -> None:
    served.files |= {"/empty.srt": b"", "/large.srt": SRT.encode() * (21 * 2**20 // len(SRT))}
    body = {"video_url": "/clip.mp4", "captions": "Hello", **change}
    asked = {
        name: served.url(value) if name != "language" and str(value).startswith("/") else value
        for name, value in body.items()
        if value is not None
    }
    response = post({**asked, "id": "request-2"})
    told = response.json()
    assert (response.status_code, told["code"], told["id"]) == (400, 400, "request-2")
    for word in words:
        assert word in told["message"]
    assert get(live, f"/v1/jobs/{told['job_id']}").json() == told
    assert "response" not in told
    live.cleared()


def test_a_redirect_leads_to_no_inner_machine(post: Client, served: Web) -> None:
    served.moved["/inner"] = "http://127.0.0.1:9/latest/meta-data"
    served.moved["/metadata"] = "http://169.254.169.254/latest"
    for path in ("/inner", "/metadata"):
        for body in (
            {"video_url": served.url(path), "captions": "x"},
            {"video_url": served.url("/clip.mp4"), "captions": served.url(path)},
        ):
            told = post(body)
            assert told.status_code == 400
            assert "not a public address" in told.json()["message"]


def test_large_and_long_films_are_refused(tmp_path: Path, served: Web) -> None:
    body = {"video_url": served.url("/clip.mp4"), "captions": "x"}
    for limit in ({"max_media_bytes": 1000}, {"max_media_seconds": 1.0}):
        with gateway(
            tmp_path / next(iter(limit)),
            NO_STORAGE,
            api_keys=KEY,
            allowed_hosts=served.place,
            **limit,
        ) as strict:
            told = poster(strict.url)(body)
            assert told.status_code == 400
            assert "limit" in told.json()["message"]


def test_a_fault_of_ours_is_a_500(
    post: Client, live: Gateway, served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    from media_pipeline.production import captioning

    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(captioning, "write_film", broken)
    response = post({"video_url": served.url("/clip.mp4"), "captions": "Hello", "id": "r"})
    told = response.json()
    assert (response.status_code, told["code"], told["id"]) == (500, 500, "r")
    assert told["error"] == "An unexpected error occurred during the captioning process."
    assert "secret" not in response.text


# --- where results go -----------------------------------------------------------------------------


def test_results_have_the_public_address_of_the_settings(tmp_path: Path, served: Web) -> None:
    with gateway(
        tmp_path,
        NO_STORAGE,
        api_keys=KEY,
        allowed_hosts=served.place,
        public_url="https://films.example.com",
    ) as public:
        body = poster(public.url)({"video_url": served.url("/clip.mp4"), "captions": "x"}).json()
        name = f"{body['job_id']}/captioned.mp4"
        assert body["response"] == f"https://films.example.com/{name}"
        assert (Path(public.settings.results) / name).is_file()


def test_films_and_results_may_lie_in_object_storage(tmp_path: Path, clip: Path) -> None:
    from media_pipeline.store.places import open_filesystem

    with object_storage() as storage:
        bucket = storage.bucket()
        options = storage.settings(tmp_path).storage_options(bucket)
        files, root = open_filesystem(bucket, options)
        files.put_file(str(clip), f"{root}/in/film.mp4")
        files.pipe_file(f"{root}/in/text.srt", SRT.encode())
        with gateway(tmp_path, storage, api_keys=KEY, results=f"{bucket}/results") as live:
            asked = {"video_url": f"{bucket}/in/film.mp4", "captions": f"{bucket}/in/text.srt"}
            response = poster(live.url)(asked)
            found = drawn_from_storage(response, clip, tmp_path)
            assert [lower > 30 for *_, lower in found] == [
                0.4 <= at + 1e-6 < 1.2 for at, *_ in found
            ]


def drawn_from_storage(
    response: httpx.Response, clip: Path, folder: Path
) -> list[tuple[float, int, int]]:
    assert response.status_code == 200, response.text
    address = response.json()["response"]
    assert "/results/" in address and "Signature" in address
    return ink(httpx.get(address, trust_env=False).content, clip, folder)


def test_files_are_handed_out_in_parts_and_by_name_only(
    post: Client, live: Gateway, served: Web
) -> None:
    address = post({"video_url": served.url("/clip.mp4"), "captions": "x"}).json()["response"]
    part = httpx.get(address, headers={"range": "bytes=4-7"}, trust_env=False)
    assert (part.status_code, part.content) == (206, b"ftyp")
    base = address.rsplit("/", 1)[0]
    for name in ("other.mp4", "..%2Fcaptioned.mp4", "%2Fetc%2Fpasswd", "captioned.mp4%00"):
        told = httpx.get(f"{base}/{name}", trust_env=False)
        assert (told.status_code, told.json()["code"]) == (404, 404), name


# --- who sees what --------------------------------------------------------------------------------


def test_people_and_monitors_see_jobs_and_nobody_sees_keys(
    live: Gateway, post: Client, served: Web, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "media_pipeline.gateway.service"):
        job = post({"video_url": served.url("/clip.mp4"), "captions": "x"}).json()["job_id"]
    (line,) = [one for one in caplog.records if getattr(one, "job_id", "") == job]
    assert (line.action, line.status) == ("/v1/video/caption", 200)  # type: ignore[attr-defined]
    page = httpx.get(f"{live.url}/", trust_env=False).text
    assert f'id="job-{job}"' in page
    metrics = httpx.get(f"{live.url}/metrics", trust_env=False).text
    assert 'media_pipeline_requests_total{action="/v1/video/caption",code="OK"}' in metrics
    row = live.service.outbox.get(job)
    assert row is not None
    assert row.access_key.startswith("api-")
    database = Path(live.settings.database.removeprefix("sqlite:///"))
    stored = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    assert KEY.encode() not in stored
    assert KEY not in page + metrics + caplog.text
