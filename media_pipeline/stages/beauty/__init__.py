"""FaceBeauty: the skin of faces smoother and lighter, and nothing else changed.

``faces`` finds a film's faces, ``skin`` says which pixels are skin, ``retouch`` changes one face in
one picture, ``shape`` is where an engine for the shape of faces comes in, ``stage`` changes a film.
"""

from media_pipeline.stages.beauty.faces import FilmFaces, find_faces
from media_pipeline.stages.beauty.shape import SHAPES, Reshaping, ShapeEngine, reshaping
from media_pipeline.stages.beauty.stage import BEAUTIFIED, Params, beautify

__all__ = [
    "BEAUTIFIED",
    "SHAPES",
    "FilmFaces",
    "Params",
    "Reshaping",
    "ShapeEngine",
    "beautify",
    "find_faces",
    "reshaping",
]
