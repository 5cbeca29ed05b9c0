"""Coding only the groups anew that carry captions: what is copied, what is new, what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from media_pipeline.media.decode import decode
from media_pipeline.media.encode import written_size
from media_pipeline.media.probe import probe
from media_pipeline.media.renewal import plan
from media_pipeline.media.verify import verify_media
from media_pipeline.stages.burn import burn, draw_captions
from media_pipeline.stages.burn.render import Burned
from media_pipeline.text.cues import Cue
from media_pipeline.text.pieces import caption
from media_pipeline_tests.generators.coded import coded, plain, remuxed
from media_pipeline_tests.generators.video import ffmpeg


def captioned(film: Path, target: Path, *spans: tuple[float, float]) -> Burned:
    info = probe(film)
    assert info.video is not None
    captions = [caption(Cue(a, b, "Hello there")) for a, b in spans]
    drawing = draw_captions(captions, *written_size(info.video))
    return burn(film, info, target, drawing)


def packets(path: Path) -> list[tuple[float, str]]:
    """Time and hash of each coded picture."""
    with av.open(str(path)) as file:
        return [
            (float(p.pts * p.time_base), hashlib.md5(bytes(p)).hexdigest())
            for p in file.demux(video=0)
            if p.size and p.pts is not None
        ]


def pictures(path: Path) -> list[tuple[float, bytes]]:
    """Time and hash of each decoded picture."""
    return [(f.time, hashlib.md5(f.bgr().tobytes()).digest()) for f in decode(path)]


KINDS: dict[str, tuple[str, ...]] = {
    "film.mp4": (),
    "film.mkv": ("-bf", "0"),
    "film.mov": ("-c:a", "pcm_s16le", "-profile:v", "main"),
    "vfr.mp4": ("-vf", "select='not(mod(n,3))+not(mod(n,5))'", "-fps_mode", "vfr", "-g", "12"),
    "ntsc.mkv": ("-vf", "fps=30000/1001", "-g", "30", "-c:a", "libmp3lame"),
    "full.mp4": ("-pix_fmt", "yuvj420p", "-colorspace", "bt709"),
}


@pytest.mark.parametrize("name", KINDS)
def test_only_groups_with_captions_are_new(tmp_path: Path, name: str) -> None:
    film = plain(tmp_path / name, *KINDS[name])
    done = captioned(film, tmp_path / "out.mp4", (1.2, 1.6))
    assert 0.1 < done.share < 0.6, done.why
    assert done.why == ""
    before, after = packets(film), packets(tmp_path / "out.mp4")
    assert len(after) == len(before)
    assert sorted(t for t, _ in after) == pytest.approx(sorted(t for t, _ in before), abs=0.001)
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a[1] != b[1]]
    assert len(changed) / len(before) == pytest.approx(done.share, abs=0.1)
    assert changed == list(range(changed[0], changed[-1] + 1)), "one group"
    seen, kept = pictures(tmp_path / "out.mp4"), pictures(film)
    assert [t for t, _ in seen] == pytest.approx([t for t, _ in kept], abs=0.001)
    other = {i for i, (a, b) in enumerate(zip(kept, seen, strict=True)) if a[1] != b[1]}
    first, last = min(changed), max(changed)
    assert other <= set(range(first, last + 1)), "all others decode to the same pictures"
    info = verify_media(tmp_path / "out.mp4", duration=probe(film).duration, tolerance=0.05)
    assert info.video is not None
    assert info.video.pixel_format == (probe(film).video or info.video).pixel_format
    assert len(info.audio) == 1


@pytest.mark.parametrize(
    "args",
    [
        ("-bf", "3"),
        ("-bf", "0"),
        ("-vf", "select='not(mod(n,3))+not(mod(n,5))'", "-fps_mode", "vfr"),
    ],
    ids=["B", "P", "vfr"],
)
def test_a_group_is_new_from_its_first_caption_on(tmp_path: Path, args: tuple[str, ...]) -> None:
    film = plain(tmp_path / "film.mp4", *args, "-force_key_frames", "2", "-g", "99")
    spans = [(1.3, 1.5), (3.5, 3.8)]
    done = captioned(film, tmp_path / "out.mp4", *spans)
    made = plan(film, probe(film), spans)
    assert len(made.fresh) == 2
    assert done.share == made.share < made.touched - 0.2
    before, after = packets(film), packets(tmp_path / "out.mp4")
    same = [a[1] == b[1] for a, b in zip(before, after, strict=True)]
    assert same == made.kept()
    drawn = []
    for a, b in zip(decode(film), decode(tmp_path / "out.mp4"), strict=True):
        assert a.time == pytest.approx(b.time, abs=0.001)
        drawn.append((np.abs(a.luma.astype(int) - b.luma) > 60).sum() > 100)
        shown = any(s <= a.time + 1e-6 < e for s, e in spans)
        assert drawn[-1] == shown, f"at {a.time:.3f}"
    assert any(drawn)


def test_progress_counts_only_what_is_coded_anew(tmp_path: Path) -> None:
    film = plain(tmp_path / "film.mp4")
    made = plan(film, probe(film), [(1.2, 1.4), (3.1, 3.2)])
    found = [made.coded_until(t) for t in (0.5, 1.0, 1.5, 2.0, 3.0, 3.5, 9.0)]
    assert found == pytest.approx([0, 0, 0.5, 1, 1, 1.5, 2], abs=0.01)
    shares: list[float] = []
    info = probe(film)
    drawing = draw_captions([caption(Cue(1.2, 1.4, "Hello"))], 320, 180)
    burn(film, info, tmp_path / "out.mp4", drawing, progress=shares.append)
    assert shares == sorted(shares)
    assert len(set(shares)) >= 3
    assert shares[-1] == 1.0


@pytest.mark.parametrize("start", [0.2, 1.2])
def test_captions_are_shown_at_their_times(tmp_path: Path, start: float) -> None:
    grey = coded(tmp_path / "grey.mp4", "-vf", "lutyuv=128:128:128", "-bf", "3")
    spans = [(start, start + 0.4), (3.0, 3.2)]
    captioned(grey, tmp_path / "out.mp4", *spans)
    for frame in decode(tmp_path / "out.mp4"):
        shown = any(a <= frame.time + 1e-6 < b for a, b in spans)
        assert (np.abs(frame.luma.astype(int) - 126).max() > 60) == shown, f"at {frame.time:.2f}"


def test_a_turned_film_stays_turned_and_its_text_is_upright(tmp_path: Path) -> None:
    grey = coded(tmp_path / "grey.mp4", "-vf", "lutyuv=128:128:128")
    turned = remuxed(tmp_path / "turned.mp4", grey, "-display_rotation", "90")
    done = captioned(turned, tmp_path / "out.mp4", (1.2, 1.6))
    assert done.share == pytest.approx(0.25)
    video = probe(tmp_path / "out.mp4").video
    assert video is not None
    assert (video.rotation, video.width, video.height) == (270, 180, 320)
    frame = next(f for f in decode(tmp_path / "out.mp4") if f.time > 1.3)
    rows = np.flatnonzero(np.abs(frame.luma.astype(int) - 126).max(axis=1) > 60)
    assert rows.max() - rows.min() < 26, "one row of text"
    assert rows.max() == pytest.approx(320 * 5 / 6, abs=6)


def test_a_late_picture_stays_with_its_sound(tmp_path: Path) -> None:
    film = plain(tmp_path / "film.mp4")
    late = tmp_path / "late.mp4"
    both = ("-map", "0:v", "-map", "1:a", "-c", "copy")
    ffmpeg("-itsoffset", "0.4", "-i", film, "-i", film, *both, late)
    captioned(late, tmp_path / "out.mp4", (1.7, 1.9))
    info = probe(tmp_path / "out.mp4")
    assert info.video is not None
    assert (info.video.start, info.audio[0].start) == pytest.approx((0.4, 0.0), abs=0.03)


def test_a_film_full_of_captions_or_of_another_kind_is_coded_whole(tmp_path: Path) -> None:
    film = plain(tmp_path / "film.mp4")
    done = captioned(film, tmp_path / "out.mp4", (0.1, 3.9))
    assert (done.share, done.why) == (
        1.0,
        "the groups of pictures that change fill 100% of its time",
    )
    assert len(packets(tmp_path / "out.mp4")) == 100
    stream = remuxed(tmp_path / "film.ts", film)
    done = captioned(stream, tmp_path / "out2.mp4", (1.2, 1.6))
    assert "mpegts" in done.why
    assert len(packets(tmp_path / "out2.mp4")) == 100


def test_nothing_to_draw_copies_everything(tmp_path: Path) -> None:
    film = plain(tmp_path / "film.mp4")
    done = captioned(film, tmp_path / "out.mp4", (9.0, 9.5))
    assert done.share == 0.0
    assert [h for _, h in packets(tmp_path / "out.mp4")] == [h for _, h in packets(film)]
    assert not list(tmp_path.glob("media_pipeline_*"))
