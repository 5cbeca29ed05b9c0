"""What the operations share: settings, the jobs, the media, and how each is named and linked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.requests.order import Medium
from media_pipeline.requests.outbox import JobRow, Outbox, QueueFull, Submission, TokenReused
from media_pipeline.requests.records import MediaRegistry
from media_pipeline.settings import OBJECT_STORAGE, Settings, uri_scheme
from media_pipeline.store.places import local_path
from media_pipeline.transfer.addresses import media_uri, web_address
from media_pipeline.transfer.upload import link

LINK_S = 3600
RETRY_AFTER_MS = 5000


@dataclass(frozen=True)
class Site:
    """The gateway as operations see it."""

    settings: Settings
    outbox: Outbox
    media: MediaRegistry
    wake: Callable[[], None] = lambda: None
    """Told that there is something to dispatch."""

    # --- in ---

    def submit(self, submission: Submission) -> JobRow:
        """Accept a job.

        Raises
        ------
        Fault
            Throttling, IdempotentParameterMismatch, ServiceUnavailable.
        """
        if disk_is_low(self.settings):
            raise Fault("ServiceUnavailable", "the disk is nearly full, no jobs are taken")
        try:
            row = self.outbox.submit(submission)
        except QueueFull as error:
            raise Fault("Throttling", str(error), retry_after_ms=RETRY_AFTER_MS) from None
        except TokenReused as error:
            raise Fault("IdempotentParameterMismatch", str(error)) from None
        self.wake()
        return row

    def medium(self, text: str, name: str) -> Medium:
        """An input by its address.

        Raises
        ------
        InvalidParameter
        """
        return Medium(name=text, uri=media_uri(text, name, self.settings.allowed_hosts))

    def registered(self, identity: str, name: str) -> Medium:
        """An input by its media id.

        Raises
        ------
        Fault
            ResourceNotFound.
        """
        row = self.media.get(identity)
        if row is None:
            raise Fault("ResourceNotFound", f"'{name}': there is no media {identity}")
        return Medium(name=identity, uri=row.uri)

    def either(self, text: str, name: str) -> Medium:
        """An input by its address or its media id."""
        if uri_scheme(text) is None:
            return self.registered(text, name)
        return self.medium(text, name)

    def notify_address(self, user_data: str) -> str | None:
        """Who is to be told: ``NotifyAddress`` of the user data, else the setting's.

        Raises
        ------
        InvalidParameter
        """
        try:
            found = json.loads(user_data) if user_data else None
        except (ValueError, RecursionError):
            found = None
        address = found.get("NotifyAddress") if isinstance(found, dict) else None
        if not address:
            return self.settings.webhook_url
        return web_address(str(address), "UserData.NotifyAddress", None)

    # --- out ---

    def job(self, identity: str, *actions: str) -> JobRow:
        """A job of one of these actions.

        Raises
        ------
        Fault
            InvalidParameter.JobNotFound.
        """
        row = self.outbox.get(identity)
        if row is None or row.action not in actions:
            raise Fault("InvalidParameter.JobNotFound", f"there is no job {identity}")
        return row

    def link(self, uri: str) -> str:
        """The address by which a result can be read."""
        path = local_path(uri)
        if path is None:
            return link(uri, LINK_S, self.settings.storage_options(uri))
        base = local_path(self.settings.results)
        if self.settings.public_url and base is not None and path.is_relative_to(base):
            return f"{self.settings.public_url}/{path.relative_to(base)}"
        return uri

    def results_uri(self, name: str) -> str:
        """Where a result goes for which the caller names no place."""
        folder = local_path(self.settings.results)
        root = folder.as_uri() if folder is not None else self.settings.results
        return f"{root}/{{job}}/{name}"


def existing_folder(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there already."""
    while not folder.exists():
        folder = folder.parent
    return folder


def disk_is_low(settings: Settings) -> bool:
    """Whether there is too little space where jobs work."""
    free = shutil.disk_usage(existing_folder(settings.cache_dir)).free
    return free < settings.min_free_bytes


def key_of(uri: str) -> str:
    """The object's key, or the name of a local file."""
    if uri_scheme(uri) in OBJECT_STORAGE:
        return uri.split("/", 3)[3]
    return Path(uri).name


def stamp(seconds: float | None) -> str | None:
    """A time as the API writes it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def present(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without what is not there."""
    return {name: value for name, value in answer.items() if value is not None}


def lower_camel(value: Any) -> Any:
    """The same with keys as callbacks have them: ``JobId`` becomes ``jobId``, at every depth."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: lower_camel(one) for key, one in value.items()}
    return [lower_camel(one) for one in value] if isinstance(value, list) else value


def bytes_at_most(limit: int) -> Callable[[str], str]:
    """A check of a text's length in bytes."""

    def check(text: str) -> str:
        if len(text.encode(errors="replace")) > limit:
            raise ValueError(f"it has more than {limit} bytes")
        return text

    return check
