"""What is known of a mark before it is taken out, with known truth."""

from __future__ import annotations

import numpy as np

from media_pipeline.stages.delogo.blend import Blend
from media_pipeline.stages.delogo.study import marked
from media_pipeline_tests.stages.delogo.test_blend import BOX, bars, drawn, grounds


def test_what_lies_between_letters_is_left_as_it_is() -> None:
    mark = bars(0.5)
    enclosed = np.zeros(mark.alpha.shape, np.bool_)
    enclosed[BOX[1] : BOX[3], BOX[0] : BOX[2]] = True
    found = marked(drawn(grounds(12), mark), enclosed, mark)
    assert found[mark.alpha > 0].all()
    assert not found[~enclosed].any()
    assert not found[22:42, 48:51].any()  # three pixels between two bars


def test_light_that_hides_nothing_is_a_mark_as_well() -> None:
    alpha = np.zeros_like(bars(0.5).alpha)
    glow = np.zeros((*alpha.shape, 3), np.float32)
    glow[25:35, 50:60, 0] = 20
    enclosed = np.ones(alpha.shape, np.bool_)
    clean = np.minimum(grounds(12), 200).astype(np.uint8)
    found = marked(drawn(clean, Blend(alpha, glow)), enclosed, Blend(alpha, glow))
    assert found[25:35, 50:60].all()
    assert found.sum() == 12 * 12


def test_where_nothing_changes_the_outlines_are_kept() -> None:
    nothing = Blend(np.zeros((96, 120), np.float32), np.zeros((96, 120, 3), np.float32))
    enclosed = bars(0.5).alpha > 0
    assert np.array_equal(marked(grounds(4), enclosed, nothing), enclosed)
