"""SubmitIProductionJob, QueryIProductionJob, CancelIProductionJob."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from media_pipeline.errors import InvalidParameter, shown
from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.parameters import WireModel
from media_pipeline.gateway.ice.registry import Answer, Call, Operation
from media_pipeline.gateway.ice.relaxed import read_object, strict
from media_pipeline.gateway.ice.site import Site, bytes_at_most, key_of, present, stamp
from media_pipeline.production.base import Task
from media_pipeline.production.functions import FUNCTIONS
from media_pipeline.requests.order import Medium, Order
from media_pipeline.requests.outbox import JobRow, Submission
from media_pipeline.transfer.addresses import file_stem, object_uri

SUBMIT = "SubmitIProductionJob"

_OF_FILES = ("{sequenceId}", "{resultType}", "{index}")
"""What stands for one of several files; what stands for the job may be anywhere."""

UserText = Annotated[
    str,
    AfterValidator(bytes_at_most(1024)),
    Field(json_schema_extra={"allowed": "<= 1024 bytes"}),
]
Place = Literal["OSS", "Media"]


class Source(WireModel):
    """What is worked on."""

    Type: Place
    Media: str = Field(min_length=1)


class Target(WireModel):
    """Where the result goes."""

    Type: Place
    Media: str = ""
    Biz: str | None = None
    OutputUrl: str | None = None


class Schedule(WireModel):
    """When: a smaller priority goes first."""

    PipelineId: str = ""
    Priority: int = Field(6, ge=1, le=10)


class Submit(WireModel):
    """Parameters of SubmitIProductionJob."""

    FunctionName: str = Field(min_length=1)
    Input: Source
    Output: Target
    Name: str = Field("", max_length=100)
    JobParams: str = ""
    ModelId: str = ""
    TemplateId: str = ""
    ScheduleConfig: Schedule = Schedule()
    UserData: UserText = ""


class Query(WireModel):
    """Parameters of QueryIProductionJob and CancelIProductionJob."""

    JobId: str = Field(min_length=1)
    ClientToken: str = ""


def operations(site: Site) -> list[Operation[Any]]:
    """The three operations."""

    def submit(call: Call, asked: Submit) -> Answer:
        row = site.submit(_submission(site, call, asked))
        return {"JobId": row.id}

    def query(_call: Call, asked: Query) -> Answer:
        return answer(site, site.job(asked.JobId, SUBMIT))

    def cancel(_call: Call, asked: Query) -> Answer:
        row = site.job(asked.JobId, SUBMIT)
        if site.outbox.finish(row.id, "cancelled", error=("Cancelled", "")):
            site.wake()
            return {"Message": "the job is cancelled"}
        return {"Message": "the job has ended before"}

    return [
        Operation(SUBMIT, Submit, submit),
        Operation("QueryIProductionJob", Query, query),
        Operation("CancelIProductionJob", Query, cancel),
    ]


def answer(site: Site, row: JobRow) -> dict[str, Any]:
    """A job as QueryIProductionJob shows it."""
    files = row.result["files"] if row.outcome == "success" else []
    request = row.request
    return present(
        {
            "JobId": row.id,
            "Name": request["Name"],
            "FunctionName": row.function,
            "Input": request["Input"],
            "Output": present(request["Output"]),
            "JobParams": request["JobParams"],
            "ModelId": request["ModelId"],
            "TemplateId": request["TemplateId"],
            "ScheduleConfig": request["ScheduleConfig"],
            "UserData": request["UserData"],
            "Status": status(site, row),
            "Progress": str(round(row.progress * 100)),
            "Result": _result(row),
            "CreateTime": stamp(row.accepted),
            "FinishTime": stamp(row.finished),
            "OutputFiles": [key_of(one["uri"]) for one in files],
            "OutputUrls": [site.link(one["uri"]) for one in files],
            "OutputMediaIds": row.result["media_ids"] if files else [],
        }
    )


def status(site: Site, row: JobRow) -> str:
    """Where a job is on its way."""
    if row.state == "failed":
        return site.settings.failed_status
    return {"waiting": "Queuing", "running": "Analysing", "success": "Success"}[row.state]


def _result(row: JobRow) -> str | None:
    if row.outcome == "success":
        return json.dumps(row.result["results"][0], ensure_ascii=False, separators=(",", ":"))
    if row.outcome is None:
        return None
    told = {"Code": row.error_code, "Message": row.error_message}
    return json.dumps({k: v for k, v in told.items() if v}, ensure_ascii=False)


def _submission(site: Site, call: Call, asked: Submit) -> Submission:
    function = FUNCTIONS.get(asked.FunctionName)
    if function is None:
        raise Fault(
            "InvalidParameter.FunctionNotSupported",
            f"'FunctionName' is invalid, input: {shown(asked.FunctionName)}, "
            f"value range: {' | '.join(FUNCTIONS)}",
        )
    if asked.ModelId:
        raise InvalidParameter(
            f"'ModelId' is invalid, input: {shown(asked.ModelId)}: there is no such model here"
        )
    params = read_object(asked.JobParams, "JobParams")
    task = function.prepare(params)
    if asked.Input.Type == "Media":
        medium = site.registered(asked.Input.Media, "Input.Media")
    else:
        medium = site.medium(asked.Input.Media, "Input.Media")
    echoed = asked.model_dump(exclude={"JobParams"})
    return Submission(
        action=SUBMIT,
        access_key=call.access_key,
        request={**echoed, "JobParams": strict(params)},
        order=Order(
            function=asked.FunctionName,
            media=[medium],
            params=params,
            files={n: site.either(at, f"JobParams.{n}") for n, at in task.files.items()},
            output=_output(site, asked.Output, medium, task),
            as_media=asked.Output.Type == "Media",
        ),
        priority=asked.ScheduleConfig.Priority,
        notify=site.notify_address(asked.UserData),
    )


def _output(site: Site, output: Target, medium: Medium, task: Task) -> str | None:
    """Where the file goes; None where none is written.

    Raises
    ------
    InvalidParameter
    """
    if not task.suffixes:
        return None
    if output.Type == "Media" and not output.OutputUrl:
        return site.results_uri(f"{file_stem(medium.uri)}{task.suffixes[0]}")
    name = "Output.OutputUrl" if output.Type == "Media" else "Output.Media"
    place = (output.OutputUrl if output.Type == "Media" else output.Media) or ""
    if not place and not task.needs_output:
        return None
    if not place:
        raise InvalidParameter(f"'{name}' is missing")
    uri = object_uri(place, name)
    if not uri.lower().endswith(task.suffixes):
        raise InvalidParameter(
            f"'{name}' is invalid, input: {shown(place)}: "
            f"it must end in {' or '.join(task.suffixes)}"
        )
    if any(one in uri.rpartition("/")[0] for one in _OF_FILES):
        raise InvalidParameter(
            f"'{name}' is invalid, input: {shown(place)}: {', '.join(_OF_FILES)} may stand in the "
            "last part only"
        )
    return uri
