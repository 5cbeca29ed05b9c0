from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media_pipeline.errors import InvalidParameter
from media_pipeline.transfer.addresses import (
    file_name,
    file_stem,
    media_uri,
    object_uri,
    open_address,
    web_address,
)


@pytest.mark.parametrize(
    "text",
    [
        "oss://bucket/a/b c.mp4",
        "s3://bucket/a/b c.mp4",
        "oss://bucket.oss-cn-shanghai.aliyuncs.com/a/b c.mp4",
        "http://bucket.oss-cn-shanghai.aliyuncs.com/a/b%20c.mp4",
        "https://BUCKET.oss-cn-shanghai-internal.aliyuncs.com/a/b%20c.mp4?x=1#y",
    ],
)
def test_four_ways_to_write_one_object(text: str) -> None:
    assert object_uri(text, "Input.Media") == "oss://bucket/a/b c.mp4"
    assert file_name(object_uri(text, "Input.Media")) == "b c.mp4"


@pytest.mark.parametrize(
    "text",
    [
        "", "bucket/key", "/etc/passwd", "file:///etc/passwd", "oss://bucket", "oss://bucket/",
        "oss:///key", "oss://bucket/../key", "oss://bucket/a/../../key", "oss://bucket/a//b",
        "oss://bucket/a/./b", "oss://bucket/a\nb", "oss://bucket/a\x00b", "oss://bucket/a\\..\\b",
        "oss://bucket/" + "x" * 2000, "oss://bucket/" + "x" * 201, "oss://user:pw@bucket/key",
        "oss://bucket:80/key", "oss://169.254.169.254/key", "ftp://bucket/key", "memory://a/b",
        "http://bucket.oss-cn-shanghai.aliyuncs.com/%2e%2e/key",
        "http://bucket.oss-cn-shanghai.aliyuncs.com/a%0d%0ab",
        "http://bucket.oss-cn-shanghai.aliyuncs.com.example.com/key",
        "http://x@bucket.oss-cn-shanghai.aliyuncs.com/key",
        "http://bucket.oss-cn-shanghai.aliyuncs.com@example.com/key", "http://example.com/key",
        "http://127.0.0.1/key", "http://[::1]/key", "oss://bucket/\u202egpj.exe",
    ],
)  # fmt: skip
def test_the_rest_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"'Input\.Media' is invalid"):
        media_uri(text, "Input.Media")


def test_other_hosts_are_taken_when_they_are_named() -> None:
    assert media_uri("http://cdn.example.com/a.mp4", "M", ["cdn.example.com"])
    assert media_uri("http://cdn.example.com:8080/a.mp4", "M", ["cdn.example.com:8080"])
    assert media_uri("https://cdn.example.com/a.mp4", "M", ["cdn.example.com:443"])
    for text in (
        "http://cdn.example.com:8081/a",
        "http://example.com/a",
        "http://cdn.example.com.",
    ):
        with pytest.raises(InvalidParameter, match="MEDIA_PIPELINE_ALLOWED_HOSTS"):
            media_uri(text, "M", ["cdn.example.com:8080"])


@pytest.mark.parametrize(
    ("uri", "stem"),
    [
        ("oss://bucket/a/A film.final.mp4", "A film.final"),
        ("https://example.com/a%20b.mp4?x=1", "a b"),
        ("https://example.com/a%2F..%2F..%2Fb.mp4", "b"),
        ("https://example.com/%0Ax.mp4", "media"),
        ("https://example.com/..", "media"),
        ("https://example.com/..%5C..%5Cx.mp4", "media"),
        ("https://example.com/", "media"),
    ],
)
def test_the_stem_of_a_name_is_fit_for_a_key(uri: str, stem: str) -> None:
    assert file_stem(uri) == stem


@pytest.mark.parametrize(
    "text", ["http://u:p@example.com/", "http://", "gopher://example.com/", "http://a b/",
             "http://example.com:99999/", "http://example.com/\r\nX: y", "http://[::1/"],
)  # fmt: skip
def test_strange_web_addresses_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        web_address(text, "NotifyAddress", None)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/a.mp4?x=1",
        "http://93.184.215.14/a.mp4",
        "http://10.0.0.5:9000/a.mp4",
        "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a.mp4",
    ],
)
def test_open_addresses_may_be_of_any_public_host_or_a_named_one(text: str) -> None:
    assert open_address(text, "video_url", ["10.0.0.5:9000"]) == text


def test_open_addresses_may_be_objects_of_storage_where_that_is_wanted() -> None:
    assert open_address("s3://bucket/a/b.mp4", "video_url", []) == "oss://bucket/a/b.mp4"
    signed = "https://bucket.oss-cn-x.aliyuncs.com/a.mp4?Signature=x"
    assert open_address(signed, "video_url", []) == signed
    for text in ("s3://bucket/a", "oss://bucket/a"):
        with pytest.raises(InvalidParameter, match=r"give an http:// or https:// address$"):
            open_address(text, "webhook_url", [], storage=False)


@pytest.mark.parametrize(
    "text",
    [
        "", "a.mp4", "/etc/passwd", "file:///etc/passwd", "gopher://example.com/", "s3://b", "http://",
        "http://127.0.0.1/", "http://10.0.0.5:9001/", "http://192.168.0.1/", "http://0.0.0.0/",
        "http://169.254.169.254/", "http://[::1]/", "http://[fe80::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/", "http://LOCALHOST/", "http://224.0.0.1/", "http://100.64.0.1/",
        "http://u:p@example.com/", "http://example.com/a b", "http://example.com\\@127.0.0.1/",
    ],
)  # fmt: skip
def test_open_addresses_lead_to_no_inner_machine(text: str) -> None:
    with pytest.raises(InvalidParameter, match="'video_url'"):
        open_address(text, "video_url", ["10.0.0.5:9000"])


ADDRESSES = (
    st.text()
    | st.builds("oss://{}/{}".format, st.text(), st.text())
    | st.builds("http://{}.oss-cn-x.aliyuncs.com/{}".format, st.text("abc."), st.text())
)


@settings(deadline=None)
@given(ADDRESSES)
def test_what_is_taken_stays_inside_its_bucket(text: str) -> None:
    try:
        uri = media_uri(text, "Input.Media")
    except InvalidParameter as error:
        assert "\n" not in str(error)
    else:
        bucket, key = uri.removeprefix("oss://").split("/", 1)
        assert bucket.isascii() and bucket.replace("-", "").isalnum()
        assert not {"", ".", ".."} & set(key.split("/"))
        assert key.isprintable()
        assert media_uri(uri, "Input.Media") == uri
