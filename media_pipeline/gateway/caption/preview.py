"""One captioned frame of a film that has been fetched: here and now, and never for long."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from anyio import move_on_after, to_thread

from media_pipeline.errors import EncodeFailed, UnknownFont
from media_pipeline.gateway.caption.desk import font_refused
from media_pipeline.gateway.caption.envelope import Refused
from media_pipeline.gateway.caption.models import PreviewRequest
from media_pipeline.gateway.ice.site import Site
from media_pipeline.media.probe import MediaInfo
from media_pipeline.production.captioning import wishes, write_frame
from media_pipeline.runner import Runner
from media_pipeline.text.given import Given
from media_pipeline.transfer.addresses import open_address

_AT_ONCE = 2
_LONGEST_S = 10.0
LONGEST_SIDE = 1920
"""Pixels of a preview, at most; also the largest films have one in little time."""


class Previews:
    """Draws frames, two at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._places = threading.Semaphore(_AT_ONCE)

    @cached_property
    def _runner(self) -> Runner:
        return Runner.from_settings(self._site.settings)

    async def picture(self, asked: PreviewRequest) -> bytes:
        """The frame as PNG.

        Raises
        ------
        Refused
            409 for a film that was not fetched; 429 when others are being drawn; 503 when it takes
            too long.
        MediaPipelineError
        """
        with move_on_after(_LONGEST_S):
            # Left behind, the thread keeps its place until it is done.
            return await to_thread.run_sync(self._in_turn, asked, abandon_on_cancel=True)
        raise Refused(503, f"the preview took more than {_LONGEST_S:.0f} s")

    def _in_turn(self, asked: PreviewRequest) -> bytes:
        if not self._places.acquire(blocking=False):
            raise Refused(
                429, "other previews are being drawn: try again", headers={"retry-after": "1"}
            )
        try:
            return self._drawn(asked)
        finally:
            self._places.release()

    def _drawn(self, asked: PreviewRequest) -> bytes:
        try:
            wished = wishes(asked.parameters())
        except UnknownFont as error:
            raise font_refused(error, None) from None
        if wished.address is not None:
            raise Refused(400, "'captions' is an address: a preview wants the captions themselves")
        path, info = self._film(asked.video_url)
        given = wished.given(info.duration) or Given()
        time = asked.time
        if "time" not in asked.model_fields_set:
            spans = wished.drawing(given, info, path.name).spans
            time = min(sum(spans[0]) / 2, info.duration) if spans else 0.0
        with TemporaryDirectory(prefix="media_pipeline_") as folder:
            target = Path(folder) / "preview.bmp"
            write_frame(path, info, given, wished, time, target, lambda _note: None)
            return _png(target)

    def _film(self, address: str) -> tuple[Path, MediaInfo]:
        uri = open_address(address, "video_url", self._site.settings.allowed_hosts)
        known = self._site.media.at(uri)
        path = None
        if known is not None and known.key is not None:
            path = self._runner.originals.at_hand(self._runner.store.media.get(known.key))
        if known is None or path is None or not known.info:
            raise Refused(
                409, "the film has not been fetched yet: give it to /v1/video/caption first"
            )
        return path, MediaInfo.model_validate(known.info)


def _png(path: Path) -> bytes:
    """A picture as PNG, smaller where it is very large.

    ffmpeg takes five times as long to write one, longer than for all else of a preview.
    """
    import cv2

    picture = cv2.imread(str(path))
    if picture is None:
        raise EncodeFailed(f"{path.name} cannot be read back")
    scale = LONGEST_SIDE / max(picture.shape)
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
