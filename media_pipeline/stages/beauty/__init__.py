"""FaceBeauty: the skin of faces smoother and lighter, and nothing else changed.

``skin`` says which pixels are skin, ``retouch`` changes one face in one picture, ``stage`` a film.
"""

from media_pipeline.stages.beauty.stage import BEAUTIFIED, Params, beautify

__all__ = ["BEAUTIFIED", "Params", "beautify"]
