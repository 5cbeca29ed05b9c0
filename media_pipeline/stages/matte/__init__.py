"""VideoGreenScreenMatting: what stands before a green or blue screen, with soft edges and without
the screen's light.

``screen`` is what the screen looks like where it is covered, ``key`` how much of it is covered.
"""
