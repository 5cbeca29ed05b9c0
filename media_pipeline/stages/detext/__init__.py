"""Taking captions out of a film: the production function ``VideoDetext``.

``masks`` finds the pixels of a caption and ``panes`` the translucent boxes behind it; ``removal``
takes the boxes off and fills the pixels in the pictures that show them (by
:mod:`media_pipeline.stages.inpaint`), ``stage`` is the asset.
"""

from media_pipeline.stages.detext.removal import remove_captions
from media_pipeline.stages.detext.stage import DETEXTED, Params

__all__ = ["DETEXTED", "Params", "remove_captions"]
