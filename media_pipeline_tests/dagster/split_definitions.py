"""Definitions of the product's stages and of a toy that takes its time, for processes that load a
module.
"""

from media_pipeline.dagster.assembly import build_definitions
from media_pipeline.stages.registry import STAGES
from media_pipeline_tests.generators.split_stages import AFTER, SLOW

defs = build_definitions({**STAGES, SLOW.name: SLOW, AFTER.name: AFTER})
