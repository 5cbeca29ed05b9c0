from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline.errors import InvalidParameter, StoreError
from media_pipeline.transfer import deliver as module
from media_pipeline.transfer.deliver import deliver


def test_files_are_copied_under_their_names(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    out = tmp_path / "new" / "out"
    assert deliver([tmp_path / "a", tmp_path / "b"], out) == [out / "a", out / "b"]
    made = deliver({"clips/one.txt": tmp_path / "a", "b": tmp_path / "a"}, out)
    assert made == [out / "clips" / "one.txt", out / "b"]
    assert (out / "b").read_text() == "a"
    assert sorted(p.name for p in out.rglob("*") if p.is_file()) == ["a", "b", "one.txt"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a\0b"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(InvalidParameter, match="leaves the folder"):
        deliver({name: tmp_path / "a"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_copy_that_differs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("good")
    copy = module.shutil.copyfile

    def spoiled(source: Path, target: Path) -> None:
        copy(source, target)
        target.write_text("evil")

    monkeypatch.setattr(module.shutil, "copyfile", spoiled)
    with pytest.raises(StoreError, match="differs"):
        deliver([tmp_path / "a"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_unwritable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        deliver([tmp_path / "a"], tmp_path / "out")
