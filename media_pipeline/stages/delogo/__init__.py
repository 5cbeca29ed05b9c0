"""Taking marks of stations and platforms out of a film: the production function ``VideoDelogo``.

``samples`` looks at pictures spread over the film, ``shape`` finds the pixels of a mark in its box,
``blend`` how much of the picture it lets through and its colour, ``refine`` makes that finer from
pictures that show the ground, ``removal`` takes it out of every picture: what shines through is
brought back, the rest filled by :mod:`media_pipeline.stages.inpaint`, and both made ``steady``
along the ground's motion. ``stage`` is the asset.
"""

from media_pipeline.stages.delogo.removal import remove_marks
from media_pipeline.stages.delogo.stage import DELOGOED, Params

__all__ = ["DELOGOED", "Params", "remove_marks"]
