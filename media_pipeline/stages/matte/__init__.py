"""VideoGreenScreenMatting: what stands before a green or blue screen, with soft edges and without
the screen's light.

``planes`` are pictures as film has them, ``screen`` is what the screen looks like where it is
covered, ``kinds`` which colours cover it, ``key`` how much of it is covered, ``film`` does all this
picture by picture, ``ground`` is what may be put behind, ``stage`` writes films.
"""

from media_pipeline.stages.matte.stage import MATTE, Params, cut_out, put_before

__all__ = ["MATTE", "Params", "cut_out", "put_before"]
