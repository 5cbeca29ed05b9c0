"""The picture that stands for a film: the production function ``Cover``.

``score`` judges one picture, ``choose`` finds the moments worth judging and takes the best that
differ, ``captioned`` tells pictures with captions and ``transition`` dissolves and fades, ``loop``
makes the moving kind, ``stage`` is the asset.
"""

from media_pipeline.stages.cover.choose import Cover, choose_covers
from media_pipeline.stages.cover.stage import COVER, Params

__all__ = ["COVER", "Cover", "Params", "choose_covers"]
