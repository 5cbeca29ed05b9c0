"""The Dagster definitions of the product: the stages of the registry, assembled."""

from media_pipeline.dagster.assembly import build_definitions
from media_pipeline.stages.registry import STAGES

defs = build_definitions(STAGES)
