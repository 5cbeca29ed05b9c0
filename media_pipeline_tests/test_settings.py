from __future__ import annotations

from pathlib import Path

import pytest

from media_pipeline import settings as module
from media_pipeline.errors import InvalidParameter
from media_pipeline.settings import Settings, dagster_home, data_dir, environment


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("MEDIA_PIPELINE_") or name == "DAGSTER_HOME":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # away from any .env


def test_defaults_lie_in_the_data_folder() -> None:
    settings = Settings()
    assert settings.lake == str(data_dir() / "lake")
    assert settings.inbox == str(data_dir() / "inbox")
    assert settings.allow_model_downloads is False
    assert settings.api_keys == []
    assert dagster_home() == data_dir() / "dagster_home"


def test_data_folder_outside_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "site-packages" / "media_pipeline" / "settings.py"
    monkeypatch.setattr(module, "__file__", str(installed))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    assert data_dir() == tmp_path / "share" / "media_pipeline"
    installed.parent.mkdir(parents=True)
    (installed.parent.parent / "workspace.yaml").touch()
    assert data_dir() == tmp_path / "site-packages" / "data"


def test_environment_variables_win_over_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "MEDIA_PIPELINE_MAX_QUEUE_LENGTH=7\nMEDIA_PIPELINE_LAKE=from-file\nOTHER=1\n"
    )
    monkeypatch.setenv("MEDIA_PIPELINE_LAKE", "s3://bucket/lake/")
    settings = Settings()
    assert settings.max_queue_length == 7
    assert settings.lake == "s3://bucket/lake"


def test_comma_lists_and_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_API_KEYS", "one, two ,,")
    monkeypatch.setenv("MEDIA_PIPELINE_ACCESS_KEYS", "id1:secret:with:colons,id2:s2")
    monkeypatch.setenv("MEDIA_PIPELINE_ALLOWED_HOSTS", "Media.Example, 10.0.0.1:9000,[::1]:80")
    monkeypatch.setenv("MEDIA_PIPELINE_MAX_MEDIA_BYTES", "3 MiB")
    settings = Settings()
    assert [key.get_secret_value() for key in settings.api_keys] == ["one", "two"]
    assert [(k.id, k.secret.get_secret_value()) for k in settings.access_keys] == [
        ("id1", "secret:with:colons"),
        ("id2", "s2"),
    ]
    assert settings.allowed_hosts == ["media.example", "10.0.0.1:9000", "[::1]:80"]
    assert settings.max_media_bytes == 3 * 1024**2


def test_maps_keep_the_order_in_which_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().queues == Settings().pools == {}
    monkeypatch.setenv("MEDIA_PIPELINE_QUEUES", " ocr=big , asr = gpu,")
    monkeypatch.setenv("MEDIA_PIPELINE_POOLS", "decode=8,asr=1")
    assert list(Settings().queues.items()) == [("ocr", "big"), ("asr", "gpu")]
    assert Settings().pools == {"decode": 8, "asr": 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_MEDIA_BYTES", "many"),
        ("MAX_MEDIA_SECONDS", "-1"),
        ("MAX_MEDIA_SECONDS", "nan"),
        ("MAX_QUEUE_LENGTH", "0"),
        ("ALLOW_MODEL_DOWNLOADS", "perhaps"),
        ("LAKE", "ftp://host/lake"),
        ("S3_ENDPOINT", "localhost:9000"),
        ("PUBLIC_URL", "file:///etc"),
        ("ALLOWED_HOSTS", "http://host/path"),
        ("RETENTION_DAYS", "-2"),
        ("QUEUES", "gpu"),
        ("QUEUES", "speech=gpu"),
        ("QUEUES", "asr=two words"),
        ("QUEUES", "asr=gpu,asr=cpu"),
        ("POOLS", "asr=0"),
        ("POOLS", "gpu=1"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MEDIA_PIPELINE_{name}", value)
    with pytest.raises(InvalidParameter) as caught:
        Settings()
    assert f"MEDIA_PIPELINE_{name}" in str(caught.value)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bad_entry_of_a_map_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_PIPELINE_POOLS", "ocr=2,asr=many")
    with pytest.raises(InvalidParameter, match="MEDIA_PIPELINE_POOLS, asr is 'many'"):
        Settings()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S3_KEY", "S3_SECRET", "API_KEYS", "WEBHOOK_SECRET"):
        monkeypatch.setenv(f"MEDIA_PIPELINE_{name}", "hush-hush")
    monkeypatch.setenv("MEDIA_PIPELINE_ACCESS_KEYS", "id:hush-hush")
    settings = Settings()
    assert "hush-hush" not in repr(settings) + str(settings) + settings.model_dump_json()
    monkeypatch.setenv("MEDIA_PIPELINE_ACCESS_KEYS", "hush-hush")
    with pytest.raises(InvalidParameter) as caught:
        Settings()
    error: BaseException | None = caught.value
    assert "MEDIA_PIPELINE_ACCESS_KEYS" in str(error)
    assert "hush-hush" not in repr(error)
    assert error is not None and error.__cause__ is None and error.__suppress_context__


def test_storage_options_are_those_of_the_object_storage() -> None:
    settings = Settings(
        s3_endpoint="http://localhost:9000/", s3_key="k", s3_secret="s", s3_region="eu-1"
    )
    options = settings.storage_options("s3://bucket/key")
    assert options["endpoint_url"] == "http://localhost:9000"
    assert (options["key"], options["secret"]) == ("k", "s")
    assert options["client_kwargs"] == {"region_name": "eu-1"}
    assert options["config_kwargs"]["signature_version"] == "s3v4"
    assert options["config_kwargs"]["s3"] == {"addressing_style": "path"}
    assert settings.storage_options("oss://bucket/key") == options
    assert settings.storage_options("/a/path") == {}
    assert settings.storage_options("memory://lake") == {}


def test_the_environment_of_stages(tmp_path: Path) -> None:
    made = environment(
        Settings(model_dir=tmp_path, allow_model_downloads=True, max_model_bytes=5000)
    )
    assert made.model_dir == tmp_path
    assert made.allow_model_downloads is True
    assert made.max_model_bytes == 5000
    assert made.cores >= 1


def test_dagster_home_is_taken_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    assert dagster_home() == tmp_path / "home"
