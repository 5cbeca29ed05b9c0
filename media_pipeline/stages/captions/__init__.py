"""Captions: read off the picture, chosen among all that a film has, and written to files.

``extract`` (the stage) feeds the frames of one decode to ``scan``, which lets ``follow`` find rows
(``signature``, ``rows``) and follow them as tracks (``tracks``, ``template``, ``edits``,
``boundaries``); ``reading`` reads each once or twice; ``stretches`` puts the parts of a film
together, ``layout`` and ``cues`` its rows. ``parts`` and ``stage`` bind it for the runner.
``canonical`` and ``files`` are the two stages behind it.
"""

from media_pipeline.stages.captions.canonical import CAPTIONS, choose_captions, human_captions
from media_pipeline.stages.captions.extract import Extraction, Params, extract_captions
from media_pipeline.stages.captions.files import CAPTION_FILES, write_caption_files
from media_pipeline.stages.captions.stage import OCR_CUES

__all__ = [
    "CAPTIONS",
    "CAPTION_FILES",
    "OCR_CUES",
    "Extraction",
    "Params",
    "choose_captions",
    "extract_captions",
    "human_captions",
    "write_caption_files",
]
