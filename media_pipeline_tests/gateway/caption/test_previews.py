"""One frame here and now, and the fonts that may be asked for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest

from media_pipeline.media.decode import decode
from media_pipeline_tests.gateway.caption.conftest import SRT, Client, get
from media_pipeline_tests.generators.gateways import Gateway
from media_pipeline_tests.generators.webs import Web


def test_fonts_are_listed_and_each_may_be_asked_for(live: Gateway) -> None:
    from media_pipeline.media.fonts import check_family

    body = get(live, "/v1/fonts").json()
    assert body["code"] == 200
    assert body["fonts"] == sorted(body["fonts"])
    assert "Arial" in body["fonts"]
    assert body["aliases"]["Arial"] in body["fonts"]
    for name in body["fonts"]:
        check_family(name)


def preview(post: Client, **asked: Any) -> httpx.Response:
    return post(asked, "/v1/video/caption/preview")


def picture(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    return cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR).astype(int)


def test_a_preview_is_the_frame_of_the_film(
    post: Client, served: Web, clip: Path, tmp_path: Path
) -> None:
    asked = {"video_url": served.url("/clip.mp4"), "captions": SRT}
    film = post(asked).json()["response"]
    (tmp_path / "film.mp4").write_bytes(httpx.get(film, trust_env=False).content)
    fetched = len(served.fetched)
    for at in (0.0, 0.6, 1.6):
        frame = [f for f in decode(tmp_path / "film.mp4") if f.time <= at + 1e-6][-1].bgr()
        got = picture(preview(post, **asked, time=at))
        assert got.shape == frame.shape
        assert np.abs(got - frame).mean() < 4
    middle = picture(preview(post, **asked))
    assert np.abs(middle - picture(preview(post, **asked, time=0.8))).max() == 0
    red = picture(preview(post, **asked, settings={"line_color": "red", "position": "top_left"}))
    assert ((red[:60, :107, 2] - red[:60, :107, 1]) > 100).sum() > 50
    assert len(served.fetched) == fetched, "nothing is fetched for a preview"


def test_a_preview_is_no_larger_than_it_says(
    post: Client, served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    from media_pipeline.gateway.caption import preview as module

    asked = {"video_url": served.url("/clip.mp4"), "captions": "x"}
    assert post(asked).status_code == 200
    monkeypatch.setattr(module, "LONGEST_SIDE", 160)
    assert picture(preview(post, **asked)).shape == (90, 160, 3)


def test_a_preview_takes_under_a_second(post: Client, served: Web) -> None:
    asked = {"video_url": served.url("/clip.mp4"), "captions": SRT}
    assert post(asked).status_code == 200
    preview(post, **asked)  # fonts are looked up once
    cpu, started = time.process_time(), time.monotonic()
    for _ in range(3):
        picture(preview(post, **asked))
    # on a busy machine the wall's clock tells nothing; then the processor's must
    assert min(time.monotonic() - started, 3 * (time.process_time() - cpu)) / 3 < 1.0


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"video_url": "https://example.com/never.mp4"}, 409, "not been fetched"),
        ({"video_url": "http://10.0.0.1/a.mp4"}, 400, "not a public address"),
        ({"captions": "https://example.com/a.srt"}, 400, "the captions themselves"),
        ({"captions": ""}, 400, "'captions'"),
        ({"time": -1}, 400, "'time'"),
        ({"time": "1"}, 400, "'time'"),
        ({"time": 100.0}, 400, "is not in"),
        ({"time": True}, 400, "'time'"),
        ({"settings": {"font_family": "Nope"}}, 400, "'Nope'"),
        ({"settings": {"font_size": -5}}, 400, "'settings.font_size'"),
        ({"webhook_url": "https://example.com"}, 400, "'webhook_url'"),
    ],
    ids=range(11),
)
def test_wrong_previews_are_refused(
    post: Client, served: Web, change: dict[str, Any], status: int, words: str
) -> None:
    film = {"video_url": served.url("/clip.mp4"), "captions": "x"}
    assert post(film).status_code == 200
    told = preview(post, **{**film, **change})
    assert told.status_code == status, told.text
    assert words in told.json()["message"]


def test_previews_are_bounded_in_number_and_time(
    live: Gateway, post: Client, served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading
    from concurrent.futures import ThreadPoolExecutor

    from media_pipeline.gateway.caption import preview as module

    film = {"video_url": served.url("/clip.mp4"), "captions": "x"}
    assert post(film).status_code == 200
    go = threading.Event()
    monkeypatch.setattr(module, "write_frame", lambda *_: go.wait(30))
    monkeypatch.setattr(module, "_LONGEST_S", 1.0)
    with ThreadPoolExecutor(2) as pool:
        hung = [pool.submit(preview, post, **film) for _ in range(2)]
        told = [one.result() for one in hung]
        assert [one.status_code for one in told] == [503, 503]
        third = preview(post, **film)
        assert (third.status_code, third.headers["retry-after"]) == (429, "1")
        go.set()
    monkeypatch.undo()
    end = time.monotonic() + 20
    while preview(post, **film).status_code != 200:
        assert time.monotonic() < end, "a place comes free again"
        time.sleep(0.1)
