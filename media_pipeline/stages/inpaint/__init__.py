"""Putting back what was covered: from pictures where it can be seen, else from what lies around it.

``temporal`` follows covered pixels to where they are seen, ``flow`` is how the picture moves there,
``spatial`` fills what is never seen.
"""

from media_pipeline.stages.inpaint.temporal import Memory, fill, filled_and_seen

__all__ = ["Memory", "fill", "filled_and_seen"]
