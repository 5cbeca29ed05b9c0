"""SubmitASRJob, SubmitHighlightExtractionJob, and the jobs they start: get, list, delete."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from media_pipeline.errors import InvalidParameter, shown
from media_pipeline.gateway.ice import highlights
from media_pipeline.gateway.ice.faults import Fault
from media_pipeline.gateway.ice.parameters import WireModel
from media_pipeline.gateway.ice.registry import Answer, Call, Operation
from media_pipeline.gateway.ice.relaxed import strict
from media_pipeline.gateway.ice.site import Site, bytes_at_most, present, stamp
from media_pipeline.media.timecode import parse_timecode
from media_pipeline.production.functions import REQUESTS
from media_pipeline.production.speech import SpeechParams
from media_pipeline.requests.order import Order
from media_pipeline.requests.outbox import JobRow, State, Submission

ASR = "SubmitASRJob"
ACTIONS = (ASR, highlights.SUBMIT)

Short = Annotated[
    str,
    AfterValidator(bytes_at_most(128)),
    Field(json_schema_extra={"allowed": "<= 128 bytes"}),
]

_STATES: dict[State, str] = {
    "waiting": "Created",
    "running": "Executing",
    "success": "Finished",
    "failed": "Failed",
}
_TYPES = {"ASR": ASR, highlights.FUNCTION: highlights.SUBMIT}


class Editing(WireModel):
    """How sentences are cut."""

    SentenceMaxLength: Annotated[int | None, SpeechParams.model_fields["sentence_max_length"]] = (
        None
    )


class AsrSubmit(WireModel):
    """Parameters of SubmitASRJob."""

    InputFile: str = Field(min_length=1)
    StartTime: str = ""
    Duration: str = ""
    Title: Short = ""
    Description: Short = ""
    UserData: str = ""
    EditingConfig: Editing = Editing()


class One(WireModel):
    """Parameters that name jobs."""

    JobId: str = Field(min_length=1)


class Listing(WireModel):
    """Parameters of ListSmartJobs."""

    JobType: str = ""
    JobState: str = ""
    SortBy: Literal["", "CreationTime:Asc", "CreationTime:Desc"] = ""
    PageNo: int = Field(1, ge=1)
    PageSize: int | None = Field(None, ge=1, le=100)
    MaxResults: int | None = Field(None, ge=1, le=100)
    NextToken: str = ""


def operations(site: Site) -> list[Operation[Any]]:
    """The five operations."""

    def submit_asr(call: Call, asked: AsrSubmit) -> Answer:
        row = site.submit(_asr_submission(site, call, asked))
        return {"JobId": row.id, "State": "Created"}

    def submit_highlights(call: Call, asked: highlights.HighlightSubmit) -> Answer:
        return {"JobId": site.submit(highlights.highlight_submission(site, call, asked)).id}

    def get(_call: Call, asked: One) -> Answer:
        return answer(site, site.job(asked.JobId, *ACTIONS))

    def delete(_call: Call, asked: One) -> Answer:
        rows = [site.job(one.strip(), *ACTIONS) for one in asked.JobId.split(",")]
        for row in rows:
            site.outbox.finish(row.id, "cancelled", error=("Cancelled", "the job was deleted"))
        site.outbox.hide([row.id for row in rows])
        site.wake()
        return {}

    def listing(_call: Call, asked: Listing) -> Answer:
        return _list(site, asked)

    return [
        Operation(ASR, AsrSubmit, submit_asr),
        Operation(highlights.SUBMIT, highlights.HighlightSubmit, submit_highlights),
        Operation("GetSmartHandleJob", One, get),
        Operation("DeleteSmartJob", One, delete),
        Operation("ListSmartJobs", Listing, listing),
    ]


def answer(site: Site, row: JobRow) -> dict[str, Any]:
    """A job as GetSmartHandleJob shows it."""
    done = row.outcome == "success"
    result = _ai_result(site, row) if done else None
    medium = row.order.media[0]
    registered = site.media.at(medium.uri)
    return present(
        {
            "JobId": row.id,
            "State": _STATES[row.state],
            "Output": result,
            "UserData": row.request["UserData"],
            "ErrorCode": row.error_code,
            "ErrorMessage": row.error_message or (row.error_code and "the job was cancelled"),
            "JobResult": present(
                {
                    "AiResult": result,
                    "MediaId": registered.id if registered else None,
                    "MediaUrl": medium.uri,
                }
            )
            if done
            else {},
            "SmartJobInfo": {
                **_described(row),
                "InputConfig": _input(row),
                "OutputConfig": _output(row),
            },
        }
    )


def _ai_result(site: Site, row: JobRow) -> str:
    found = row.result["results"][0] if row.action == ASR else highlights.ai_result(site, row)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _described(row: JobRow) -> dict[str, Any]:
    return {
        "JobType": row.function,
        "Title": row.request["Title"],
        "Description": row.request["Description"],
        "CreateTime": stamp(row.accepted),
        "ModifiedTime": stamp(row.changed),
        "UserId": row.access_key,
    }


def _input(row: JobRow) -> dict[str, Any]:
    found = {"InputFile": row.request["InputFile"]}
    for name in ("JobParameters", "InputConfig"):
        if name in row.request:
            found["JobParameters"] = row.request[name]
    return found


def _output(row: JobRow) -> dict[str, Any]:
    if not row.order.output:
        return {}
    bucket, _, key = row.order.output.partition("://")[2].partition("/")
    return {"Bucket": bucket, "Object": key}


# --- in -------------------------------------------------------------------------------------------


def _asr_submission(site: Site, call: Call, asked: AsrSubmit) -> Submission:
    params: dict[str, Any] = {"sentence_max_length": asked.EditingConfig.SentenceMaxLength}
    if asked.StartTime:
        params["start"] = _seconds("StartTime", asked.StartTime)
    if asked.Duration:
        params["duration"] = _seconds("Duration", asked.Duration)
        if params["duration"] <= 0:
            raise InvalidParameter(
                f"'Duration' is invalid, input: {shown(asked.Duration)}, value range: > 00:00:00"
            )
    REQUESTS["ASR"].prepare(params)
    medium = site.either(asked.InputFile, "InputFile")
    echoed = {"start_time": asked.StartTime or "00:00:00", "duration": asked.Duration}
    return Submission(
        action=ASR,
        access_key=call.access_key,
        request={
            "InputFile": asked.InputFile,
            "Title": asked.Title,
            "Description": asked.Description,
            "UserData": asked.UserData,
            "JobParameters": strict({k: v for k, v in echoed.items() if v}),
        },
        order=Order(function="ASR", media=[medium], params=params),
        notify=site.notify_address(asked.UserData),
    )


def _seconds(name: str, text: str) -> float:
    try:
        return parse_timecode(text, name=name)
    except InvalidParameter:
        raise InvalidParameter(
            f"'{name}' is invalid, input: {shown(text)}, value range: HH:MM:SS"
        ) from None


# --- list -----------------------------------------------------------------------------------------


def _list(site: Site, asked: Listing) -> dict[str, Any]:
    actions = list(ACTIONS)
    if asked.JobType:
        actions = [_TYPES[asked.JobType]] if asked.JobType in _TYPES else []
    states = {shown_as: state for state, shown_as in _STATES.items()}
    if asked.JobState and asked.JobState not in states:
        raise InvalidParameter(
            f"'JobState' is invalid, input: {shown(asked.JobState)}, "
            f"value range: {' | '.join(states)}"
        )
    size = asked.MaxResults or asked.PageSize or 10
    offset = _offset(asked.NextToken) if asked.NextToken else (asked.PageNo - 1) * size
    rows, total = site.outbox.find(
        actions,
        state=states.get(asked.JobState),
        ascending=asked.SortBy == "CreationTime:Asc",
        offset=offset,
        limit=size,
    )
    following = offset + len(rows)
    return present(
        {
            "SmartJobList": [
                {
                    "JobId": row.id,
                    "JobState": _STATES[row.state],
                    "UserData": row.request["UserData"],
                    **_described(row),
                    "InputConfig": _input(row),
                    "OutputConfig": _output(row),
                }
                for row in rows
            ],
            "TotalCount": str(total),
            "MaxResults": str(size),
            "NextToken": _token(following) if following < total else None,
        }
    )


def _token(offset: int) -> str:
    return base64.urlsafe_b64encode(f"after {offset}".encode()).decode()


def _offset(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
    except ValueError:
        word, number = "", ""
    if word != "after" or not number.isdecimal() or len(number) > 12:
        raise Fault("InvalidParameter", f"'NextToken' is invalid, input: {shown(token)}")
    return int(number)
