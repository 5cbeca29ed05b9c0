"""Captioned video: subtitles drawn where there are none, the spoken word marked where there are.

``boxes`` finds where a spoken word stands in captions that are already in the picture;
``subtitles`` lays out text for a picture without captions; ``render`` draws either with libass.
"""

from media_pipeline.stages.burn.boxes import WordBox, word_boxes
from media_pipeline.stages.burn.render import burn
from media_pipeline.stages.burn.stage import CAPTIONED_VIDEO
from media_pipeline.stages.burn.subtitles import subtitle_document

__all__ = ["CAPTIONED_VIDEO", "WordBox", "burn", "subtitle_document", "word_boxes"]
