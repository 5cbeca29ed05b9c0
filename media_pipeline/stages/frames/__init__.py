"""The shared look at the picture: every frame measured once, the shots, and a thumbnail of each.

``measure`` decodes and measures, ``shots`` finds where shots begin, ``look`` joins the two;
``parts`` does so for long films in parts, and ``stage`` binds it all for the runner.
"""

from media_pipeline.stages.frames.look import FilmLook, Params, analyse
from media_pipeline.stages.frames.shots import Boundary, ShotRules, find_boundaries
from media_pipeline.stages.frames.stage import FRAMES

__all__ = [
    "FRAMES",
    "Boundary",
    "FilmLook",
    "Params",
    "ShotRules",
    "analyse",
    "find_boundaries",
]
