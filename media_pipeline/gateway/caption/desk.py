"""What is done for callers: a request becomes a job like any other, and a job an envelope."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from pathlib import Path

from media_pipeline.errors import MediaPipelineError, UnknownFont
from media_pipeline.gateway.caption.envelope import ENDPOINT, Envelopes, Refused, status_of
from media_pipeline.gateway.caption.models import CaptionRequest
from media_pipeline.gateway.ice.site import Site, disk_is_low
from media_pipeline.production.captioning import CAPTION
from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import JobRow, QueueFull, Submission
from media_pipeline.settings import uri_scheme
from media_pipeline.store.places import local_path
from media_pipeline.transfer.addresses import open_address

FUNCTION = "Caption"
RESULT = "captioned.mp4"
FILES = "/v1/files"
_RETRY_AFTER_S = 5
_JOB_ID = re.compile(r"[0-9a-f]{32}")


class Desk:
    """The contract's requests, carried out at a gateway."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._settings = site.settings
        self._keys = [key.get_secret_value().encode() for key in site.settings.api_keys]
        self.envelopes = Envelopes(site.settings, site.outbox.waiting, self._link)

    def caller(self, given: Sequence[str]) -> str:
        """Who asks, by the values of ``x-api-key``: a name from which the key cannot be told.

        Raises
        ------
        Refused
            401 unless there is one, and it is one of the settings'.
        """
        key = given[0].encode("latin-1") if len(given) == 1 else b""
        # All are compared, each in constant time: how long it takes tells nothing.
        matches = [hmac.compare_digest(key, one) for one in self._keys]
        if not any(matches):
            raise Refused(
                401, "x-api-key is missing or wrong", headers={"www-authenticate": "x-api-key"}
            )
        return f"api-{hashlib.sha256(key).hexdigest()[:16]}"

    def submit(self, caller: str, asked: CaptionRequest, base: str) -> JobRow:
        """Accept a job.

        Parameters
        ----------
        base : address of this gateway as the caller wrote it; results may be fetched there.

        Raises
        ------
        Refused
        """
        name = asked.id if "id" in asked.model_fields_set else None
        try:
            return self._submit(caller, asked, {"id": name, "base": base})
        except UnknownFont as error:
            raise font_refused(error, name) from None
        except QueueFull:
            raise Refused(
                429,
                f"MAX_QUEUE_LENGTH ({self._settings.max_queue_length}) reached: come back later",
                id=name,
                more={"max_queue_length": self._settings.max_queue_length},
                headers={"retry-after": str(_RETRY_AFTER_S)},
            ) from None
        except MediaPipelineError as error:
            raise Refused(status_of(error.code), str(error), id=name) from None

    def job(self, job_id: str) -> JobRow:
        """A job of this endpoint.

        Raises
        ------
        Refused
            404.
        """
        row = self._site.outbox.get(job_id) if _JOB_ID.fullmatch(job_id) else None
        if row is None or row.action != ENDPOINT:
            raise Refused(404, "there is no such job")
        return row

    def file(self, job_id: str, name: str) -> Path:
        """A result that lies on this machine.

        Raises
        ------
        Refused
            404.
        """
        row = self.job(job_id)
        files = row.result["files"] if row.outcome == "success" else []
        # The name is only looked up, never part of a path.
        found = next((local_path(one["uri"]) for one in files if one["name"] == name), None)
        if found is None or not found.is_file():
            raise Refused(404, "there is no such file", id=row.request.get("id"))
        return found

    def _submit(self, caller: str, asked: CaptionRequest, request: dict[str, str | None]) -> JobRow:
        allowed = self._settings.allowed_hosts
        video = open_address(asked.video_url, "video_url", allowed)
        params = asked.parameters()
        task = CAPTION.prepare(params)
        files = {
            name: Medium(name=place, uri=open_address(place, name, allowed))
            for name, place in task.files.items()
        }
        told = None
        if asked.webhook_url:
            told = open_address(asked.webhook_url, "webhook_url", allowed, storage=False)
        if disk_is_low(self._settings):
            raise Refused(503, "the disk is nearly full, no jobs are taken", id=request["id"])
        self._site.media.register(video, asked.video_url)
        row = self._site.outbox.submit(
            Submission(
                action=ENDPOINT,
                access_key=caller,
                request=request,
                order=Order(
                    function=FUNCTION,
                    media=[Medium(name=asked.video_url, uri=video)],
                    params=params,
                    files=files,
                    output=self._site.results_uri(RESULT),
                ),
                notify=told or self._settings.webhook_url,
            )
        )
        self._site.wake()
        return row

    def _link(self, row: JobRow, uri: str) -> str:
        found = self._site.link(uri)
        if uri_scheme(found) != "file":
            return found
        name = next(one["name"] for one in row.result["files"] if one["uri"] == uri)
        return f"{row.request['base']}{FILES}/{row.id}/{name}"


def font_refused(error: UnknownFont, name: str | None) -> Refused:
    """The refusal that lists the fonts."""
    told = f"{error.message}. Please choose from the available fonts."
    more = {"error": told, "available_fonts": list(error.available)}
    return Refused(400, told, id=name, more=more)
