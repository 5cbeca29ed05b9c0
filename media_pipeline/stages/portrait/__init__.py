"""A wide film as an upright one that follows its subject: the production function ``VideoH2V``.

``cues`` says where in a picture one looks, ``path`` leads a window along, ``captions`` keeps text
in the picture readable, ``crop`` cuts the window out, ``stage`` is the asset.
"""

from media_pipeline.stages.portrait.crop import Course, crop_film, follow_subject, plan_course
from media_pipeline.stages.portrait.stage import PORTRAIT, Params, window_share

__all__ = [
    "PORTRAIT",
    "Course",
    "Params",
    "crop_film",
    "follow_subject",
    "plan_course",
    "window_share",
]
