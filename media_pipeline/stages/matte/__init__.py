"""VideoGreenScreenMatting: what stands before a green or blue screen, with soft edges and without
the screen's light.

``screen`` is what the screen looks like where it is covered, ``key`` how much of it is covered,
``film`` does both picture by picture, ``ground`` is what may be put behind, ``stage`` writes films.
"""

from media_pipeline.stages.matte.stage import MATTE, Params, cut_out, put_before

__all__ = ["MATTE", "Params", "cut_out", "put_before"]
