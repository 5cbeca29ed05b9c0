"""Definitions of the toy stages, for processes that load a module."""

from media_pipeline.dagster.assembly import build_definitions
from media_pipeline_tests.generators.stages import STAGES

defs = build_definitions(STAGES)
