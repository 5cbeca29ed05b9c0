"""FaceBeauty: the skin of faces smoother and lighter, and nothing else changed.

``faces`` finds a film's faces, ``skin`` says which pixels are skin, ``retouch`` changes one face in
one picture, ``stage`` a film.
"""

from media_pipeline.stages.beauty.faces import FilmFaces, find_faces
from media_pipeline.stages.beauty.stage import BEAUTIFIED, Params, beautify

__all__ = ["BEAUTIFIED", "FilmFaces", "Params", "beautify", "find_faces"]
