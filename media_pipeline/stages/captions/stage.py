"""The stage ``ocr_cues`` as the runner knows it."""

from __future__ import annotations

from media_pipeline.errors import NoVideoStream
from media_pipeline.ocr.base import identify_engine, load_engine
from media_pipeline.stages.base import FileOutput, Outcome, Resolution, Stage, TableOutput, Work
from media_pipeline.stages.captions.extract import Params, engine_name, extract
from media_pipeline.stages.captions.parts import SPLIT, write_captions
from media_pipeline.stages.tables import OCR_CUES as SPEC


def _resolve(work: Work) -> Resolution:
    params: Params = work.params
    name = engine_name(params)
    why = (
        "it needs no download and reads Chinese and English with one model"
        if params.engine == "auto"
        else "it was asked for"
    )
    return Resolution(
        params.model_copy(update={"engine": name}), identify_engine(name).as_dict(), why
    )


def _run(work: Work) -> Outcome:
    params: Params = work.params
    if work.info.video is None:
        raise NoVideoStream(work.name)
    engine = load_engine(engine_name(params), work.environment)
    found = extract(work.media, work.info, params, engine, work.progress)
    return write_captions(work, found)


OCR_CUES = Stage(
    name="ocr_cues",
    group="captions",
    description="Captions read off the picture, with boxes and the crops that were read.",
    version="4",
    params=Params,
    inputs=("source",),
    outputs=(TableOutput("cues.parquet", SPEC), FileOutput("crop_*.jpg")),
    run=_run,
    resolve=_resolve,
    kinds=("parquet", "jpeg"),
    pool="ocr",
    split=SPLIT,
)
