"""Pictures of before and after."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from media_pipeline.stages.pairs import write_pair


@pytest.mark.parametrize(
    ("one", "other", "size"),
    [
        ((360, 640), (360, 640), (270, 480 + 4 + 480 + 4)),
        ((360, 640), (360, 202), (270, 480 + 4 + 152 + 4)),
        ((90, 160), (90, 160), (90, 160 + 4 + 160 + 4)),
    ],
    ids=["alike", "one upright", "small"],
)
def test_both_are_as_high(
    tmp_path: Path, one: tuple[int, int], other: tuple[int, int], size: tuple[int, int]
) -> None:
    write_pair(np.full((*one, 3), 40, np.uint8), np.full((*other, 3), 220, np.uint8), 1.5, tmp_path)
    made = cv2.imread(str(tmp_path / "pair_00001.500s.jpg"))
    assert made is not None
    assert made.shape[:2] == size
    assert made[-3, 10].max() < 60
    assert made[-3, -10].min() > 200
