"""Bringing a picture to a size that was asked for: with bars, or with its sides cut off."""

from __future__ import annotations

from dataclasses import dataclass

from media_pipeline.media.encode import picture_filters, square_size
from media_pipeline.media.probe import VideoStream


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Width and height asked for, pixels; None follows from the other, or is as it was.

    ``fill``: the picture covers it and what stands out is cut off; else it fits in, with bars.
    """

    width: int | None = None
    height: int | None = None
    fill: bool = False

    def of(self, video: VideoStream) -> tuple[int, int]:
        """What comes of a film, both sides even."""
        width, height = square_size(video)
        if self.width and self.height:
            wanted = (self.width, self.height)
        elif self.width:
            wanted = (self.width, round(height * self.width / width))
        elif self.height:
            wanted = (round(width * self.height / height), self.height)
        else:
            wanted = (width, height)
        return max(2, wanted[0] // 2 * 2), max(2, wanted[1] // 2 * 2)

    def filters(self, video: VideoStream) -> list[str]:
        """Ffmpeg filters; the picture is upright before them."""
        width, height = self.of(video)
        if (width, height) == (video.width, video.height) and square_size(video) == (width, height):
            return picture_filters(video)
        inside = "increase" if self.fill else "decrease"
        scale = f"scale={width}:{height}:flags=bicubic:force_original_aspect_ratio={inside}"
        places = (
            f"crop={width}:{height}" if self.fill else f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"
        )
        # pixels are made square first, for ffmpeg keeps the aspect of what it is given
        square = "scale=trunc(iw*sar/2+0.5)*2:ih:flags=bicubic"
        before = [square] if square_size(video) != (video.width, video.height) else []
        even = "force_divisible_by=2"
        return [*before, f"{scale}:{even}", "setsar=1", places, "format=yuv420p"]
