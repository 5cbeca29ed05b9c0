"""Make styles.png: a real frame of a captioned film in each style and each of five scripts.

Run it from the checkout: ``python docs/styles.py``. It needs the fonts that the README names.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from media_pipeline.media.decode import frame_at
from media_pipeline.media.ffmpeg import run
from media_pipeline.media.fonts import find_font
from media_pipeline.media.probe import probe
from media_pipeline.stages.burn import CaptionSettings, burn, draw_captions
from media_pipeline.stages.burn.settings import Style
from media_pipeline.text.cues import Cue
from media_pipeline.text.pieces import caption, estimated

WIDTH, HEIGHT, SECONDS, TIME = 480, 270, 2.0, 1.12
LEFT, TOP, GAP = 150, 34, 6
SHOWN = 150  # rows of the frame, from its bottom, that are in the picture
TEXTS = {
    "English": "Every morning the river carries a little of the mountain away.",
    "中文": "每天早晨，河水都会带走一点点山石。",
    "日本語": "毎朝、川は山を少しずつ運んでいく。",
    "العربية": "كل صباح يحمل النهر قليلا من الجبل.",
    "हिन्दी": "हर सुबह नदी पहाड़ का थोड़ा सा हिस्सा ले जाती है।",
}
GROUND = "gradients=s={}x{}:r=25:d={}:n=2:c0=0x1b3a4b:c1=0x4f8a80:seed={}:speed=0.02"


def film(folder: Path, seed: int) -> Path:
    """A quiet picture that moves a little."""
    path = folder / f"{seed}.mp4"
    source = GROUND.format(WIDTH, HEIGHT, SECONDS, seed)
    run(["-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p", f"file:{path}"])
    return path


def captioned(path: Path, text: str, style: Style) -> Image.Image:
    """The frame of the film in which a word in the middle is spoken."""
    info = probe(path)
    settings = CaptionSettings(style=style, font_size=27, estimate_word_times=True)
    spoken = estimated(caption(Cue(0.0, SECONDS, text)))
    target = path.with_name("captioned.mp4")
    burn(path, info, target, draw_captions([spoken], WIDTH, HEIGHT, settings), crf=12)
    picture = frame_at(target, TIME)[HEIGHT - SHOWN :, :, ::-1]
    return Image.fromarray(np.ascontiguousarray(picture))


def label(draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, anchor: str) -> None:
    """Text beside the pictures."""
    font = find_font(text)
    face = ImageFont.truetype(str(font.path), 20, index=font.index)
    draw.text(at, text, font=face, fill="#222222", anchor=anchor)


def main() -> None:
    """Draw the picture."""
    styles = get_args(Style)
    size = (LEFT + len(TEXTS) * (WIDTH + GAP), TOP + len(styles) * (SHOWN + GAP))
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    with TemporaryDirectory() as folder:
        films = [film(Path(folder), seed) for seed in range(len(TEXTS))]
        for column, (name, text) in enumerate(TEXTS.items()):
            x = LEFT + column * (WIDTH + GAP)
            label(draw, (x + WIDTH // 2, TOP // 2), name, "mm")
            for row, style in enumerate(styles):
                y = TOP + row * (SHOWN + GAP)
                if not column:
                    label(draw, (LEFT - 10, y + SHOWN // 2), style.replace("_", " "), "rm")
                sheet.paste(captioned(films[column], text, style), (x, y))
    small = sheet.resize((size[0] * 2 // 3, size[1] * 2 // 3), Image.Resampling.LANCZOS)
    few = small.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(Path(__file__).with_name("styles.png"), optimize=True)


if __name__ == "__main__":
    main()
