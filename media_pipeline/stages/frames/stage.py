"""The stage ``frames`` as the runner knows it."""

from __future__ import annotations

from media_pipeline.errors import NoVideoStream
from media_pipeline.stages import tables
from media_pipeline.stages.base import FileOutput, Outcome, Stage, TableOutput, Work
from media_pipeline.stages.frames.look import Params, analyse, write_look
from media_pipeline.stages.frames.parts import SPLIT


def _run(work: Work) -> Outcome:
    if work.info.video is None:
        raise NoVideoStream(work.name or work.media.name)
    found = analyse(
        work.media, thumbs=work.out, params=work.params, info=work.info, progress=work.progress
    )
    return write_look(work, found)


FRAMES = Stage(
    name="frames",
    group="ingest",
    description="One look at every frame: brightness, sharpness, motion and a signature; the "
    "shots, by cuts and dissolves, with a thumbnail of each.",
    version="2",
    params=Params,
    outputs=(
        TableOutput("frames.parquet", tables.FRAMES),
        TableOutput("shots.parquet", tables.SHOTS),
        FileOutput("thumb_*.jpg"),
    ),
    run=_run,
    inputs=("source",),
    kinds=("parquet", "jpeg"),
    pool="decode",
    split=SPLIT,
)
