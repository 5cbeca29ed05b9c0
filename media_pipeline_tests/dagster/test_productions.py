from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from media_pipeline.dagster.productions import FETCHED_TAG, Desk, request_jobs
from media_pipeline.dagster.resources import RESOURCE, Pipeline
from media_pipeline.production.functions import REQUESTS
from media_pipeline.profiles import default_stages
from media_pipeline.requests.order import Medium, Order, job_name
from media_pipeline.requests.outbox import JobRow, Outbox
from media_pipeline.requests.records import MediaRegistry
from media_pipeline.requests.tables import Database
from media_pipeline.settings import Settings
from media_pipeline.store.places import open_filesystem
from media_pipeline_tests.generators.storage import ObjectStorage, object_storage
from media_pipeline_tests.generators.submissions import submission
from media_pipeline_tests.generators.video import write_silence
from media_pipeline_tests.generators.webs import web

JOBS = {job.name: job for job in request_jobs()}


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as storage:
        yield storage


class Site:
    """A lake, a bucket with a film, the gateway's table, and request runs in this process."""

    def __init__(self, folder: Path, storage: ObjectStorage, film: Path) -> None:
        self.settings: Settings = storage.settings(
            folder / "cache",
            lake=str(folder / "lake"),
            inbox=str(folder / "inbox"),
            database=f"sqlite:///{folder / 'gateway.db'}",
        )
        self.pipeline = Pipeline(default_stages(), settings=self.settings)
        self.database = Database(self.settings.database)
        self.outbox = Outbox(self.database, max_waiting=10)
        self.bucket = storage.bucket().replace("s3://", "oss://")
        self.files, root = open_filesystem(self.bucket, self.settings.storage_options("s3://"))
        self.root = root
        self.files.put_file(str(film), f"{root}/in/A film.mp4")

    def accept(self, **values: Any) -> JobRow:
        order = Order(
            media=[Medium(name="x", uri=f"{self.bucket}/in/A film.mp4")],
            **{"function": "CaptionExtraction", "output": f"{self.bucket}/out/a.srt", **values},
        )
        return self.outbox.submit(submission(order=order))

    def run(self, row: JobRow, **tags: str) -> dg.ExecuteInProcessResult:
        """Carry out a run of a job; afterwards its tags are in ``self.tags``."""
        config = {"job": row.id, "order": row.order.model_dump_json()}
        with dg.DagsterInstance.ephemeral() as instance:
            result = JOBS[job_name(row.function)].execute_in_process(
                run_config={"ops": {f"fetch_{row.function}": {"config": config}}},
                resources={RESOURCE: self.pipeline},
                instance=instance,
                raise_on_error=False,
                tags=tags,
            )
            run = instance.get_run_by_id(result.run_id)
            assert run is not None
            self.tags = dict(run.tags)
        return result

    def row(self, row: JobRow) -> JobRow:
        found = self.outbox.get(row.id)
        assert found is not None
        return found

    def delivered(self) -> list[str]:
        self.files.invalidate_cache()
        return sorted(self.files.find(f"{self.root}/out"))

    def leftovers(self) -> list[Path]:
        return list((self.settings.cache_dir / "jobs").glob("*"))


@pytest.fixture
def site(tmp_path: Path, storage: ObjectStorage, clip: Path) -> Iterator[Site]:
    site = Site(tmp_path, storage, clip)
    yield site
    site.database.close()


def test_a_request_is_made_delivered_and_noted_and_nothing_current_moves(site: Site) -> None:
    name = f"{site.bucket}/out/{{source}}-{{timestamp}}.mp4"
    row = site.accept(function="VideoClip", output=name, params={"duration": 1}, as_media=True)
    media = MediaRegistry(site.database)
    registered = media.register(row.order.media[0].uri, "as given")
    assert site.run(row).success
    done = site.row(row)
    assert done.outcome == "success", done.error_message
    (file,) = done.result["files"]
    assert file["name"] == f"A film-{int(done.accepted)}.mp4"
    assert site.delivered() == [f"{site.root}/out/{file['name']}"]
    assert site.files.info(site.delivered()[0])["size"] == file["size"]
    (result,) = done.result["results"]
    assert result["VideoSummaryList"]
    made = media.get(done.result["media_ids"][0])
    assert made is not None and made.uri == file["uri"]
    found = media.get(registered.id)
    assert found is not None and found.info is not None
    assert found.info["duration"] == pytest.approx(2.0, abs=0.1)
    assert site.leftovers() == []
    store = site.pipeline.runner.store
    assert found.key is not None
    assert all(store.current(stage, found.key) is None for stage in site.pipeline.stages)


def test_what_came_from_the_web_is_fetched_once(site: Site, clip: Path) -> None:
    with web() as server:
        server.files["/film.mp4"] = clip.read_bytes()
        settings = site.settings.model_copy(update={"allowed_hosts": (server.place,)})
        site.pipeline = Pipeline(default_stages(), settings=settings)
        order = site.accept(function="VideoClip", params={"duration": 1}).order
        media = [Medium(name="film.mp4", uri=server.url("/film.mp4"))]
        order = order.model_copy(update={"media": media, "output": f"{site.bucket}/out/a.mp4"})

        def asked(**tags: str) -> int:
            row = site.outbox.submit(submission(order=order))
            assert site.run(row, **tags).success, site.row(row).error_message
            return len(server.fetched)

        assert asked() == 1
        noted = site.tags[FETCHED_TAG]
        assert asked(**{FETCHED_TAG: noted}) == 1, "as a run that goes on"
        assert site.tags[FETCHED_TAG] == noted
        (copy,) = (site.settings.cache_dir / "files").glob("*/*.mp4")
        copy.write_bytes(b"damaged")
        assert asked(**{FETCHED_TAG: noted}) == 2
        assert asked() == 3, "another job: the film may be another by now"


def test_a_run_of_a_finished_job_does_nothing(site: Site) -> None:
    row = site.accept()
    site.outbox.finish(row.id, "cancelled")
    assert not site.run(row).success
    assert site.row(row).outcome == "cancelled"
    assert site.delivered() == site.leftovers() == []


def test_a_job_cancelled_while_it_works_delivers_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = site.accept()
    beat = Desk.beat

    def cancel(self: Desk, first: float, last: float) -> Any:
        if first > 0.1:  # what was asked for is being made
            site.outbox.finish(row.id, "cancelled")
        return beat(self, first, last)

    monkeypatch.setattr(Desk, "beat", cancel)
    result = site.run(row)
    assert [e.event_type_value for e in result.all_events][-1] == "PIPELINE_CANCELED"
    assert site.row(row).outcome == "cancelled"
    assert site.delivered() == site.leftovers() == []


def test_films_that_last_too_long_together_are_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(REQUESTS["HighlightExtraction"], max_seconds=3.0)
    monkeypatch.setitem(REQUESTS, "HighlightExtraction", short)
    row = site.accept(function="HighlightExtraction", output=None)
    film = row.order.media[0]
    for films, code in ((1, "NoSpeech"), (2, "InvalidParameter")):
        order = row.order.model_copy(update={"media": [film] * films})
        asked = site.outbox.submit(submission(order=order))
        assert not site.run(asked).success
        assert site.row(asked).error_code == code
    assert "4 s together, value range: <= 3" in (site.row(asked).error_message or "")


def test_a_run_whose_job_was_given_to_another_run_takes_nothing_away(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = site.accept()
    place = f"{site.root}/out/a.srt"
    advance = Desk.advance

    def replaced(self: Desk, progress: float) -> bool:
        if progress == 0.95 and not site.files.exists(place):  # it was thought dead, and delivers
            site.files.pipe_file(place, b"the other's")
            site.outbox.start(row.id, "another")
            site.outbox.finish(row.id, "success", run_id="another")
        return advance(self, progress)

    monkeypatch.setattr(Desk, "advance", replaced)
    assert not site.run(row).success
    assert site.row(row).outcome == "success"
    assert site.files.cat_file(place) == b"the other's"
    assert site.leftovers() == []


@pytest.mark.parametrize(
    ("values", "code", "says"),
    [
        ({"media": [Medium(name="x", uri="oss://no-such-bucket/a.mp4")]}, "MediaNotFound", "a.mp4"),
        (
            {
                "function": "VideoClip",
                "params": {"duration": 1},
                "output": "oss://no-such-bucket/a.mp4",
            },
            "StoreError",
            "no-such-bucket",
        ),
        ({"function": "VideoClip", "params": {"duration": 60}}, "InvalidParameter", "2.00 s"),
        ({"function": "HighlightExtraction", "output": None}, "NoSpeech", "AllowNonSpeech"),
        (
            {"media": [Medium(name="x", uri="http://127.0.0.1:9/a.mp4")]},
            "HostRefused",
            "not a public address",
        ),
    ],
)
def test_what_fails_is_told_and_leaves_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], code: str, says: str
) -> None:
    monkeypatch.setattr("media_pipeline.dagster.assets._WAIT_S", 0)
    media = values.pop("media", None)
    row = site.accept(**values)
    if media:
        order = row.order.model_copy(update={"media": media})
        row = site.outbox.submit(submission(order=order))
    assert not site.run(row).success
    failed = site.row(row)
    assert (failed.outcome, failed.error_code) == ("failed", code), failed.error_message
    assert says in (failed.error_message or "")
    assert site.delivered() == site.leftovers() == []


@pytest.mark.slow
def test_films_of_more_than_two_hours_together_are_refused(site: Site, tmp_path: Path) -> None:
    site.files.put_file(str(write_silence(tmp_path / "hour.flac", 3601)), f"{site.root}/in/h.flac")
    medium = Medium(name="x", uri=f"{site.bucket}/in/h.flac")
    order = site.accept(function="HighlightExtraction", output=None).order
    row = site.outbox.submit(submission(order=order.model_copy(update={"media": [medium, medium]})))
    assert not site.run(row).success
    failed = site.row(row)
    assert (failed.outcome, failed.error_code) == ("failed", "InvalidParameter")
    assert "7202 s together, value range: <= 7200" in (failed.error_message or "")


@pytest.mark.slow
def test_highlights_of_two_films_are_numbered_on(site: Site) -> None:
    medium = Medium(name="x", uri=f"{site.bucket}/in/A film.mp4")
    row = site.accept()
    order = row.order.model_copy(
        update={
            "function": "HighlightExtraction",
            "media": [medium, medium],
            "output": f"{site.bucket}/out/clip_{{index}}.mp4",
            "params": {"count": 1, "clip_duration": 3, "export": True, "allow_non_speech": True},
        }
    )
    row = site.outbox.submit(submission(order=order))
    assert site.run(row).success, site.row(row).error_message
    result = site.row(row).result
    files = [one["name"] for one in result["files"]]
    assert files == [f"clip_{n}.mp4" for n in range(len(files))]
    named = [r["OutputURL"] for one in result["results"] for r in one["TimeRanges"]]
    assert named == files
    assert files, "what the second film repeats of the first is left out"
