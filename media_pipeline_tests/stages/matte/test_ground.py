"""The picture that is put behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from media_pipeline.errors import InvalidParameter
from media_pipeline.stages.matte.ground import read_ground


def test_pictures_to_put_behind_are_fitted(tmp_path: Path) -> None:
    wide = tmp_path / "wide.png"
    picture = Image.new("RGBA", (400, 100), (0, 0, 255, 255))
    picture.paste((255, 0, 0, 255), (0, 0, 100, 100))
    picture.paste((0, 0, 0, 0), (300, 0, 400, 100))
    picture.save(wide)
    fill = read_ground(wide, 100, 100)
    assert (fill[:, 20:80] == (255, 0, 0)).all()
    fit = read_ground(wide, 400, 400, "fit")
    assert (fit[:140] == 0).all()
    assert (fit[160:240, 5:90] == (0, 0, 255)).all()
    assert (fit[160:240, 310:] == 0).all()


def test_a_picture_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (12000, 9000)).save(path)
    with pytest.raises(InvalidParameter, match="12000 x 9000 pixels"):
        read_ground(path, 16, 16)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK", "I;16"])
def test_pictures_of_any_kind_are_taken(mode: str, tmp_path: Path) -> None:
    name = tmp_path / ("picture.tif" if mode in {"CMYK", "I;16"} else "picture.png")
    Image.new(mode, (8, 6)).save(name)
    assert read_ground(name, 16, 8).shape == (8, 16, 3)


def test_a_picture_that_was_taken_upright_is_shown_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), (255, 0, 0))
    picture.paste((0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to show
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    shown = read_ground(tmp_path / "turned.jpg", 20, 40)
    assert shown[5, 10, 0] > 200  # blue above
    assert shown[35, 10, 2] > 200


def test_a_folder_and_a_moving_picture(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="is no picture that can be read"):
        read_ground(tmp_path, 16, 16)
    frames = [Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert (read_ground(tmp_path / "two.gif", 4, 4)[..., 2] == 255).all()  # the first


def test_a_name_cannot_write_lines_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_ground(tmp_path / "none", 4, 4, name="bgimage a\n\x1b[31mb.png")
    assert str(caught.value).isprintable()
