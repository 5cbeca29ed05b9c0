"""Dagster as the gateway sees it: launch a run, look for runs, end a run, over GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from media_pipeline.errors import MediaPipelineError
from media_pipeline.requests.order import JOB_TAG, PARENT_JOB_TAG

_LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}
"""
_RUNS = """
query Runs($filter: RunsFilter!, $limit: Int!) {
  runsOrError(filter: $filter, limit: $limit) {
    __typename
    ... on Runs { results { runId status creationTime startTime endTime tags { key value } } }
    ... on PythonError { message }
  }
}
"""
_END = """
mutation End($runId: String!, $policy: TerminateRunPolicy!) {
  terminateRun(runId: $runId, terminatePolicy: $policy) {
    __typename
    ... on TerminateRunFailure { message }
    ... on PythonError { message }
  }
}
"""
_PLACES = """
query Places {
  repositoriesOrError {
    __typename
    ... on RepositoryConnection {
      nodes { name location { name } pipelines { name } }
    }
    ... on PythonError { message }
  }
}
"""
FINISHED = frozenset({"SUCCESS", "FAILURE", "CANCELED"})


class DagsterUnavailable(MediaPipelineError):
    """Dagster's web interface does not answer, or not as expected."""


class DagsterRefuses(DagsterUnavailable):
    """Dagster answers, and does not do what it is asked for."""


@dataclass(frozen=True)
class Run:
    """A run of a job."""

    id: str
    status: str
    tags: Mapping[str, str]
    begun: bool = True
    """Whether a process has taken it up."""
    seconds: float = 0.0
    """From when it was asked for to its end; 0 before that."""

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self.status in FINISHED

    @property
    def will_be_repeated(self) -> bool:
        """Whether Dagster will start, or has started, another run in its place."""
        return self.tags.get("dagster/will_retry") == "true"


class DagsterClient:
    """The GraphQL endpoint of one web interface."""

    def __init__(self, url: str, *, timeout: float = 20.0) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)
        self._places: dict[str, dict[str, str]] = {}

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def launch(self, job: str, *, config: Mapping[str, Any], tags: Mapping[str, str]) -> str:
        """Ask for a run; its id. It is queued by Dagster.

        Raises
        ------
        DagsterUnavailable
        """
        params = {
            "selector": {**self._place(job), "jobName": job},
            "runConfigData": config,
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        found = self._ask(_LAUNCH, {"params": params}, "launchRun", "LaunchRunSuccess")
        return str(found["run"]["runId"])

    def parts(self, job_id: str) -> list[Run]:
        """The runs that make parts of a film for a job of ours; the newest first.

        Raises
        ------
        DagsterUnavailable
        """
        return self._runs({"tags": [{"key": PARENT_JOB_TAG, "value": job_id}]})

    def runs(self, *, job_id: str | None = None, ids: Sequence[str] = ()) -> list[Run]:
        """The runs of a job of ours, or those with these ids; the newest first.

        Raises
        ------
        DagsterUnavailable
        """
        return self._runs(
            {"runIds": list(ids)}
            if job_id is None
            else {"tags": [{"key": JOB_TAG, "value": job_id}]}
        )

    def _runs(self, which: Mapping[str, Any]) -> list[Run]:
        found = self._ask(_RUNS, {"filter": which, "limit": 200}, "runsOrError", "Runs")
        return [
            Run(
                r["runId"],
                r["status"],
                {tag["key"]: tag["value"] for tag in r["tags"]},
                r["startTime"] is not None,
                (r["endTime"] or r["creationTime"]) - r["creationTime"],
            )
            for r in found["results"]
        ]

    def end(self, run_id: str, *, gone: bool = False) -> None:
        """Ask a run to end: a waiting one is taken from the queue, a working one is interrupted.
        One whose process is ``gone`` is only noted as ended.

        Raises
        ------
        DagsterUnavailable
        """
        policy = "MARK_AS_CANCELED_IMMEDIATELY" if gone else "SAFE_TERMINATE"
        self._ask(_END, {"runId": run_id, "policy": policy}, "terminateRun", "")

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self._http.get("/server_info", timeout=2.0).is_success
        except httpx.HTTPError:
            return False

    def _place(self, job: str) -> dict[str, str]:
        """Which repository has the job; asked once, and again while it is not there."""
        if job not in self._places:
            found = self._ask(_PLACES, {}, "repositoriesOrError", "RepositoryConnection")
            for node in found["nodes"]:
                place = {
                    "repositoryName": node["name"],
                    "repositoryLocationName": node["location"]["name"],
                }
                self._places.update({one["name"]: place for one in node["pipelines"]})
        if job not in self._places:
            raise DagsterRefuses(f"Dagster has no job {job}", "see its Deployment page")
        return self._places[job]

    def _ask(
        self, query: str, variables: Mapping[str, Any], field: str, wanted: str
    ) -> dict[str, Any]:
        try:
            response = self._http.post("/graphql", json={"query": query, "variables": variables})
            answer: dict[str, Any] = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise DagsterUnavailable(
                f"Dagster at {self._http.base_url} does not answer ({error})",
                "check MEDIA_PIPELINE_DAGSTER_URL and that its web interface runs",
            ) from None
        found = (answer.get("data") or {}).get(field)
        if found is None or (wanted and found["__typename"] != wanted):
            told = found or answer.get("errors")
            raise DagsterRefuses(f"Dagster refuses {field}: {str(told)[:500]}")
        return dict(found)
