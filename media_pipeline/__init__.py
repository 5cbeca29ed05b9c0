"""A self-hosted media pipeline on Dagster.

Conventions kept everywhere: times are float seconds named ``start``/``end`` (or end in ``_s``);
boxes are ``x, y, w, h`` normalised to the displayed picture (rotation applied, origin at the top
left); text is UTF-8; pictures are ``uint8`` arrays of shape ``(height, width[, 3])``, colour in
OpenCV's BGR order; sound is ``float32`` in [-1, 1] of shape ``(samples,)`` or ``(samples,
channels)``.
"""

__version__ = "0.1.0"
