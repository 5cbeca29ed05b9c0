"""The shared look at the picture: every frame measured once, the shots, and a thumbnail of each.

``measure`` decodes and measures, ``shots`` finds where shots begin, ``stage`` joins the two.
"""

from media_pipeline.stages.frames.shots import Boundary, ShotRules, find_boundaries
from media_pipeline.stages.frames.stage import FRAMES, FilmLook, Params, analyse

__all__ = [
    "FRAMES",
    "Boundary",
    "FilmLook",
    "Params",
    "ShotRules",
    "analyse",
    "find_boundaries",
]
