from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from media_pipeline.errors import DiskFull, EncodeFailed, MediaPipelineError, NoSpeech, StoreError
from media_pipeline.store.room import room
from media_pipeline_tests.generators.disks import fill, small_disk


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    error.__cause__ = cause
    return error


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.EDQUOT, "of this user"),
        raised(StoreError("s3://bucket cannot be used"), FULL),
        raised(RuntimeError("not written"), raised(ValueError("x"), FULL)),
        EncodeFailed("ffmpeg failed (228): out.mp4: No space left on device"),
    ],
)
def test_a_full_disk_is_named_with_the_remedy(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(DiskFull, match="no space is left") as caught, room(tmp_path):
        raise error
    assert str(tmp_path) in caught.value.message
    assert "MEDIA_PIPELINE_CACHE_DIR" in caught.value.remedy
    assert caught.value.__cause__ is error


def test_an_error_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="inner"), room(tmp_path / "outer"), room(tmp_path / "inner"):
        raise FULL


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "no"), StoreError("away"), ValueError("x"), KeyError(28)]
)
def test_other_errors_stay_what_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught, room(tmp_path):
        raise error
    assert caught.value is error


def test_what_fails_on_a_disk_without_a_byte_fails_for_that(tmp_path: Path) -> None:
    errors: list[tuple[MediaPipelineError, type[MediaPipelineError]]] = [
        (EncodeFailed("the file is not whole"), DiskFull),
        (NoSpeech("the sound holds no speech"), NoSpeech),
    ]
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        fill(disk)
        for error, told in errors:
            with pytest.raises(told), room(disk):
                raise error
        (disk / "filler").unlink()
        with pytest.raises(EncodeFailed), room(disk):
            raise errors[0][0]
