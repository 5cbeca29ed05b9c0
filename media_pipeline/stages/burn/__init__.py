"""Captioned video: text in seven styles drawn on a film, or the spoken word marked in captions that
are in the picture already.

``settings`` is what can be asked; ``faces``, ``layout``, ``states`` and ``styles`` make a
``drawing`` of captions; ``boxes`` finds where a spoken word stands in captions of the picture;
``render`` draws either on the film, where it can by coding only the ``partial`` film anew, and
``libass`` on a single frame.
"""

from media_pipeline.stages.burn.boxes import WordBox, word_boxes
from media_pipeline.stages.burn.drawing import Drawing, check_times, draw_captions, draw_given
from media_pipeline.stages.burn.libass import still
from media_pipeline.stages.burn.render import burn
from media_pipeline.stages.burn.settings import CaptionSettings, caption_settings
from media_pipeline.stages.burn.stage import CAPTIONED_VIDEO, said

__all__ = [
    "CAPTIONED_VIDEO",
    "CaptionSettings",
    "Drawing",
    "WordBox",
    "burn",
    "caption_settings",
    "check_times",
    "draw_captions",
    "draw_given",
    "said",
    "still",
    "word_boxes",
]
