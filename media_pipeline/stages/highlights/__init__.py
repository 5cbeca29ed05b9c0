"""Highlights: finding the moments that stand out, cutting them out and putting them in a reel.

``sound``, ``picture`` and ``talk`` measure; ``signals`` normalises; ``choose`` and ``edges``
decide; ``prints`` knows a moment again; ``tags`` names what rules justify and ``actions`` what an
engine sees; ``clips`` and ``reel`` render.

Examples
--------
>>> from media_pipeline.stages.highlights import find_highlights  # doctest: +SKIP
>>> for highlight in find_highlights(signals, landmarks):  # doctest: +SKIP
...     print(highlight.start, highlight.end, highlight.score)
"""

from media_pipeline.stages.highlights.candidates import Highlight, find_highlights
from media_pipeline.stages.highlights.clips import RENDERED_CLIPS, render_clips
from media_pipeline.stages.highlights.reel import REEL, make_reel
from media_pipeline.stages.highlights.stage import HIGHLIGHT_CANDIDATES

__all__ = [
    "HIGHLIGHT_CANDIDATES",
    "REEL",
    "RENDERED_CLIPS",
    "Highlight",
    "find_highlights",
    "make_reel",
    "render_clips",
]
