"""Taking captions out of a film: the production function ``VideoDetext``.

``masks`` finds the pixels of a caption, ``removal`` fills them in the pictures that show it (by
:mod:`media_pipeline.stages.inpaint`), ``stage`` is the asset.
"""

from media_pipeline.stages.detext.removal import remove_captions
from media_pipeline.stages.detext.stage import DETEXTED, Params

__all__ = ["DETEXTED", "Params", "remove_captions"]
