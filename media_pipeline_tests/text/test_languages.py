from __future__ import annotations

import pytest

from media_pipeline.text.languages import language_code


@pytest.mark.parametrize(
    ("tag", "code"),
    [("en", "en"), ("eng", "en"), ("EN-us", "en"), ("zh-Hans-CN", "zh"), ("chi", "zh"),
     ("zho", "zh"), ("cmn", "zh"), ("pt_BR", "pt"), ("ger", "de"), ("deu", "de"), ("iw", "he"),
     (" jpn ", "ja"), ("und", None), ("mul", None), ("xyz", None), ("", None), (None, None),
     ("english", None)],
)  # fmt: skip
def test_tags_become_codes(tag: str | None, code: str | None) -> None:
    assert language_code(tag) == code
