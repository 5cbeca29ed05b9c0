"""Films of copied and new pictures are read again: what is wrong with them is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import pytest

from media_pipeline.media.gops import NotJoinable, digest
from media_pipeline.media.probe import probe
from media_pipeline.media.proof import check, looked_at
from media_pipeline.media.renewal import Plan, plan
from media_pipeline.stages.base import quiet
from media_pipeline.stages.remake import remake
from media_pipeline_tests.generators.coded import plain, remuxed


def renewed(film: Path, target: Path, span: tuple[float, float]) -> None:
    """The film, its pictures in the span coded anew."""
    assert remake(film, probe(film), target, iter, spans=[span]).share < 1


def new_digests(path: Path, made: Plan) -> list[bytes]:
    with av.open(str(path)) as file:
        found = [digest(bytes(p)) for p in file.demux(video=0) if p.size]
    return [d for d, kept in zip(found, made.kept(), strict=True) if not kept]


def broken(path: Path, source: Path, number: int) -> Path:
    """The film with a picture whose bytes are others."""
    with av.open(str(source)) as file:
        start, size = [(p.pos or 0, p.size) for p in file.demux(video=0) if p.size][number]
    data = bytearray(source.read_bytes())
    middle = slice(start + 8, start + size)
    data[middle] = bytes(b ^ 0x55 for b in data[middle])
    path.write_bytes(data)
    return path


def test_faults_in_what_was_written_are_found(tmp_path: Path) -> None:
    film, out = plain(tmp_path / "film.mp4"), tmp_path / "out.mp4"
    renewed(film, out, (1.2, 1.6))
    made = plan(film, probe(film), [(1.2, 1.6)])
    digests = new_digests(out, made)
    check(out, made, digests, quiet)
    with pytest.raises(NotJoinable, match="a copied picture is not what it was"):
        check(out, plan(film, probe(film), [(2.2, 2.6)]), digests, quiet)
    with pytest.raises(NotJoinable, match="a new picture is not what it was"):
        check(out, made, digests[::-1], quiet)
    for number in (30, 80):  # a new picture and a copied one
        with pytest.raises(NotJoinable, match="is not what it was"):
            check(broken(tmp_path / "broken.mp4", out, number), made, digests, quiet)
    short = remuxed(tmp_path / "short.mp4", out, "-t", "3")
    with pytest.raises(NotJoinable, match="pictures are lost"):
        check(short, made, digests, quiet)


@pytest.mark.parametrize("number", [25, 30, 45])
def test_a_decoder_looks_at_all_new_pictures(tmp_path: Path, number: int) -> None:
    film, out = plain(tmp_path / "film.mp4", "-g", "25"), tmp_path / "out.mp4"
    renewed(film, out, (1.9, 1.96))
    made = plan(film, probe(film), [(1.9, 1.96)])
    assert made.kept().index(False) > 40, "most of the group is copied"
    bad = broken(tmp_path / "broken.mp4", out, number)
    with av.open(str(bad)) as file:
        found = [digest(bytes(p)) for p in file.demux(video=0) if p.size]
    pictures = tuple(replace(p, digest=d) for p, d in zip(made.stream.pictures, found, strict=True))
    fooled = replace(made, stream=replace(made.stream, pictures=pictures))
    with pytest.raises(NotJoinable, match="decode"):
        check(bad, fooled, new_digests(bad, made), quiet)


def test_what_is_decoded_to_check_is_bounded(tmp_path: Path) -> None:
    film = plain(tmp_path / "film.mp4", "-g", "5")
    dense = plan(film, probe(film), [(0.4, 3.6)])
    seen = looked_at(dense)
    for group in dense.stream.groups[1:-1]:
        assert seen[group.first], "the first of each new group, and of those beside"
    assert sum(seen) < sum(not kept for kept in dense.kept())
