"""White text on film of high dynamic range: as bright as ITU-R BT.2408 asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.media.luminance import Transfer, graphics, transfer_of
from media_pipeline.media.probe import probe
from media_pipeline_tests.generators.coded import coded


@pytest.mark.parametrize(("transfer", "white"), [("sdr", 1.0), ("pq", 0.58), ("hlg", 0.75)])
def test_white_has_the_signal_of_white_graphics(transfer: Transfer, white: float) -> None:
    """BT.2408, table 1: 58 % of the signal in PQ, 75 % in HLG."""
    code = graphics(transfer)
    assert code((1.0, 1.0, 1.0)) == pytest.approx((white,) * 3, abs=0.005)
    assert code((0.0, 0.0, 0.0)) == pytest.approx((0.0,) * 3, abs=1e-6)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hues_stay_and_lighter_colours_are_lighter(transfer: Transfer) -> None:
    code = graphics(transfer)
    red, green, blue = code((1.0, 0.0, 0.0))
    assert red > green > blue > 0, "BT.709's red lies inside BT.2020"
    greys = [code((v, v, v))[0] for v in (0.1, 0.3, 0.5, 0.8, 1.0)]
    assert greys == sorted(greys)
    yellow = code((1.0, 1.0, 0.0))
    assert yellow[0] == pytest.approx(yellow[1], abs=0.03)
    assert yellow[2] < 0.8 * yellow[0]


@pytest.mark.parametrize(
    ("name", "transfer"), [("bt709", "sdr"), ("smpte2084", "pq"), ("arib-std-b67", "hlg")]
)
def test_the_transfer_is_read_off_the_film(tmp_path: Path, name: str, transfer: str) -> None:
    film = coded(tmp_path / "film.mp4", "-vf", f"setparams=color_trc={name}", sound=False)
    video = probe(film).video
    assert video is not None
    assert transfer_of(film, video.index) == transfer
