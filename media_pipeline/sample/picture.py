"""The picture of the sample film: generated shots, and captions drawn over them by libass."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pysubs2

from media_pipeline.errors import FontMissing
from media_pipeline.media import ffmpeg
from media_pipeline.media.fonts import Font, find_font
from media_pipeline.sample.script import ALL_LINES, FPS, HEIGHT, WIDTH, Plan
from media_pipeline.stages.base import Progress
from media_pipeline.text.cues import Cue

_SIZE = "416x234"  # of the generated pictures: soft enough for a caption to stand on, and cheap


def caption_font() -> tuple[Font, bool, list[str]]:
    """The font of the captions, whether it can draw the Chinese ones, and what to tell if not.

    Raises
    ------
    FontMissing
        when there is not even a font for English.
    """
    try:
        return find_font("".join(line.chinese + line.english for line in ALL_LINES)), True, []
    except FontMissing as error:
        note = f"only English captions are burned: {error}"
        return find_font("".join(line.english for line in ALL_LINES)), False, [note]


def encode(plan: Plan, font: Font, work: Path, target: Path, progress: Progress) -> None:
    """Draw the shots and captions of the plan, add ``sound.wav`` of the folder ``work``, and write
    the film to ``target``.
    """
    (work / "fonts").mkdir()
    shutil.copyfile(font.path, work / "fonts" / f"captions{font.path.suffix}")
    (work / "captions.ass").write_text(_ass(plan.captions, font.family), encoding="utf-8")
    graph = []
    for number, (seconds, source) in enumerate(plan.shots):
        frames = round(seconds * FPS)
        graph.append(
            f"{source.format(size=_SIZE)},fps={FPS},trim=end_frame={frames},setpts=N/{FPS}/TB,"
            f"scale={WIDTH}:{HEIGHT}:flags=bicubic:out_range=tv,format=yuv420p,setsar=1[s{number}]"
        )
    inputs = "".join(f"[s{n}]" for n in range(len(plan.shots)))
    graph.append(f"{inputs}concat=n={len(plan.shots)},fps={FPS},ass=captions.ass:fontsdir=fonts[v]")
    (work / "graph.txt").write_text(";\n".join(graph), encoding="utf-8")
    ffmpeg.run(
        [
            *("-i", "sound.wav", "-/filter_complex", "graph.txt", "-map", "[v]", "-map", "0:a"),
            # A fixed number of threads, because x264's output depends on it.
            *("-c:v", "libx264", "-preset", "superfast", "-crf", "25", "-threads", "2"),
            *(
                "-c:a",
                "aac",
                "-b:a",
                "128k",
                "-movflags",
                "+faststart",
                "-t",
                f"{plan.duration:.3f}",
            ),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"),
            ffmpeg.source(target),
        ],
        duration=plan.duration,
        progress=progress,
        cwd=work,
    )


def _ass(captions: Sequence[Cue], family: str) -> str:
    """The captions as drama subtitles look: white, outlined, in the bottom band."""
    subs = pysubs2.SSAFile()
    subs.info |= {"PlayResX": str(WIDTH), "PlayResY": str(HEIGHT), "WrapStyle": "2"}
    subs.styles["Default"] = pysubs2.SSAStyle(
        fontname=family,
        fontsize=58,
        primarycolor=pysubs2.Color(255, 255, 255),
        outlinecolor=pysubs2.Color(16, 16, 16),
        outline=3,
        shadow=0,
        alignment=pysubs2.Alignment.BOTTOM_CENTER,
        marginv=28,
    )
    for cue in captions:
        # Events end with the frame before the boundary: a centisecond earlier keeps the film exact
        # to the frame.
        subs.append(
            pysubs2.SSAEvent(
                start=round(cue.start * 1000) - 10 if cue.start else 0,
                end=round(cue.end * 1000) - 10,
                text=cue.text.replace("\n", "\\N"),
            )
        )
    return subs.to_string("ass")
