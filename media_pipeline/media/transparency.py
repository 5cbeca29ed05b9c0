"""Film whose picture is transparent in parts, and the forms that keep it so."""

from __future__ import annotations

from pathlib import Path

import av

from media_pipeline.media.container import open_media

FORMS = (".mov", ".webm")
"""Suffixes of files that can hold a transparent picture as this package writes it."""
FILTER_PIXELS = "yuva444p10le"
"""In which transparent pictures are filtered."""


def is_transparent(path: Path, index: int) -> bool:
    """Whether the picture of a film, the stream of that index, has an alpha channel."""
    with open_media(path) as file:
        stream = next(s for s in file.streams.video if s.index == index)
        # VP9 and VP8 carry it beside the picture, where only the container tells of it
        beside = stream.metadata.get("alpha_mode") == "1"
        name = stream.codec_context.pix_fmt
        return beside or (name is not None and _has_alpha(name))


def _has_alpha(name: str) -> bool:
    pixels = av.VideoFormat(name)
    return pixels.has_palette or any(c.is_alpha for c in pixels.components)


def decoder_args(codec: str) -> list[str]:
    """Arguments before the input: only these decoders read the alpha beside a picture."""
    return {"vp9": ["-c:v", "libvpx-vp9"], "vp8": ["-c:v", "libvpx"]}.get(codec, [])


def encoder_args(suffix: str, crf: int) -> list[str]:
    """Arguments that encode a transparent picture for one of :data:`FORMS`: ProRes 4444 or VP9."""
    times = ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"]
    if suffix == ".mov":
        prores = ["-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"]
        return [*prores, *times, "-video_track_timescale", "90000"]
    quality = ["-crf", str(crf), "-b:v", "0", "-deadline", "good", "-cpu-used", "5"]
    vp9 = ["-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"]
    return [*vp9, *quality, "-row-mt", "1", *times]
