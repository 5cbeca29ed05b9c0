"""The settings: environment variables ``MEDIA_PIPELINE_*`` or a ``.env`` file, checked once.

What a person or a deployment decides stands here. What a request decides stands in a stage's
Params. Stages never read settings: :func:`environment` turns them into what stages are given.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from media_pipeline.errors import InvalidParameter
from media_pipeline.media.held import MODEL_MEMORY
from media_pipeline.media.threads import cores
from media_pipeline.stages.base import POOLS, Environment

PREFIX = "MEDIA_PIPELINE_"
DEFAULT_QUEUE = "dagster"
"""The queue of the runs for which the setting ``queues`` names none."""
OBJECT_STORAGE = ("s3", "oss")
"""URI schemes that name the one S3-compatible endpoint of the settings."""
SCHEMES = ("file", "memory", *OBJECT_STORAGE)
"""URI schemes that a lake, an inbox or a media URI may have."""

_GIB = 1024**3
_URI = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_QUEUE = re.compile(r"^[A-Za-z0-9_.-]{1,100}$")
_HOST = re.compile(r"^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:\d{1,5})?$")


def uri_scheme(text: str) -> str | None:
    """The scheme of a URI in lower case, or None for a path."""
    match = _URI.match(text)
    return match.group(1).lower() if match else None


def data_dir() -> Path:
    """Where the lake, the inbox and Dagster's home are kept unless settings say otherwise.

    ``data/`` of the checkout when the package runs from one, else the user's data folder.
    """
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "workspace.yaml").is_file():
        return checkout / "data"
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else _home() / ".local" / "share") / "media_pipeline"


def dagster_home() -> Path:
    """``$DAGSTER_HOME``, or a folder of our own, so that no run is lost in a temporary instance."""
    given = os.environ.get("DAGSTER_HOME")
    return Path(given).expanduser().absolute() if given else data_dir() / "dagster_home"


def cache_dir() -> Path:
    """Where copies of remote files are kept unless ``MEDIA_PIPELINE_CACHE_DIR`` says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else _home() / ".cache") / "media_pipeline"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a container user without an entry in passwd
        return Path(tempfile.gettempdir())


class AccessKey(BaseModel):
    """One ``ID:SECRET`` pair that callers of the ICE operations sign with."""

    model_config = ConfigDict(frozen=True)

    id: str
    secret: SecretStr


def _items(value: Any) -> Any:
    """A comma list as a list without blanks."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


def _access_keys(value: Any) -> Any:
    pairs = []
    for item in _items(value):
        if isinstance(item, str):
            identity, colon, secret = item.partition(":")
            if not (identity and colon and secret):
                raise ValueError("each entry must be ID:SECRET")
            pairs.append({"id": identity, "secret": secret})
        else:
            pairs.append(item)
    return pairs


def _pairs(value: Any) -> Any:
    """A comma list of ``NAME=VALUE`` as a dictionary in the same order."""
    if not isinstance(value, str):
        return value
    pairs: dict[str, str] = {}
    for item in _items(value):
        name, sign, said = (part.strip() for part in item.partition("="))
        if not (name and sign and said):
            raise ValueError("each entry must be NAME=VALUE")
        if name in pairs:
            raise ValueError(f"{name!r} stands there twice")
        pairs[name] = said
    return pairs


def _http_url(value: str | None) -> str | None:
    if value is not None and uri_scheme(value) not in {"http", "https"}:
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/") if value else value


HostList = Annotated[list[str], NoDecode, BeforeValidator(_items)]
SecretList = Annotated[list[SecretStr], NoDecode, BeforeValidator(_items)]
QueueMap = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)]
LimitMap = Annotated[dict[str, int], NoDecode, BeforeValidator(_pairs)]
AccessKeyList = Annotated[list[AccessKey], NoDecode, BeforeValidator(_access_keys)]


class Settings(BaseSettings):
    """All settings. ``Settings()`` reads the environment; keyword arguments win over it.

    Raises
    ------
    InvalidParameter
        in one line that names the variable; values of secrets are never part of it.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    lake: str = Field("", description="path or fsspec URI of the outputs; data/lake by default")
    inbox: str = Field("", description="path or URI watched for uploads; data/inbox by default")
    results: str = Field(
        "", description="path or URI for results that are to be media assets; data/results"
    )
    cache_dir: Path = Field(
        default_factory=cache_dir, description="local copies of files of a remote lake or source"
    )
    max_cache_bytes: ByteSize = Field(ByteSize(20 * _GIB), gt=0, description="size of cache_dir")
    model_dir: Path | None = Field(None, description="folder with models of engines")
    allow_model_downloads: bool = Field(False, description="whether engines may download models")
    max_model_bytes: ByteSize = Field(
        ByteSize(4 * _GIB), gt=0, description="largest model download"
    )
    model_memory: ByteSize = Field(
        ByteSize(MODEL_MEMORY), gt=0, description="what models may take of a process's memory"
    )
    max_media_bytes: ByteSize = Field(ByteSize(64 * _GIB), gt=0, description="largest media file")
    max_media_seconds: float = Field(
        12 * 3600.0, gt=0, allow_inf_nan=False, description="longest media, seconds"
    )
    s3_endpoint: str | None = Field(None, description="URL of the S3-compatible endpoint")
    s3_key: SecretStr | None = Field(None, description="access key of the endpoint")
    s3_secret: SecretStr | None = Field(None, description="secret of the access key")
    s3_region: str = Field("us-east-1", description="region that requests are signed for")
    allowed_hosts: HostList = Field(
        [], description="host or host:port that remote media may come from besides public addresses"
    )
    api_keys: SecretList = Field([], description="values of x-api-key that are let in")
    access_keys: AccessKeyList = Field([], description="ID:SECRET pairs of the ICE operations")
    max_queue_length: int = Field(1000, ge=1, description="jobs that may wait")
    max_wait_seconds: float = Field(
        600.0,
        gt=0,
        allow_inf_nan=False,
        description="how long a caller of /v1/video/caption is kept waiting for the result",
    )
    run_lease_seconds: float = Field(
        120.0,
        ge=5,
        allow_inf_nan=False,
        description="time after which a job's run that gives no sign of life is replaced",
    )
    split_minutes: float = Field(
        30.0,
        ge=0,
        allow_inf_nan=False,
        description="minutes of the longest film that is worked on as a whole; longer ones are "
        "worked on in parts of at most about that length, side by side; 0 for never",
    )
    webhook_secret: SecretStr | None = Field(None, description="signs webhooks")
    public_url: str | None = Field(None, description="URL of result files when the lake is local")
    database: str = Field(
        "", description="SQLAlchemy URL of the gateway's table; a file in Dagster's home by default"
    )
    dagster_database: str | None = Field(
        None, description="SQLAlchemy URL of Dagster's storage, as deploy/dagster.yaml uses it"
    )
    broker: str | None = Field(None, description="URL of the broker that hands runs to workers")
    broker_results: str | None = Field(None, description="URL of where workers keep results")
    queues: QueueMap = Field(
        {},
        description="queues of workers by what a run strains, such as asr=gpu,ocr=big; the first "
        "that fits is taken, and one queue for all runs without any",
    )
    pools: LimitMap = Field(
        {}, description="steps at once on all machines by what they strain: decode=8,ocr=4,asr=1"
    )
    dagster_url: str = Field(
        "http://127.0.0.1:3000", description="Dagster's web interface, as the gateway reaches it"
    )
    allow_unsigned: bool = Field(
        False, description="take requests without signatures; for development on loopback only"
    )
    webhook_url: str | None = Field(None, description="told of every finished job")
    failed_status: Literal["Failed", "Fail"] = Field(
        "Failed", description="how the status of a failed production job is written"
    )
    min_free_bytes: ByteSize = Field(
        ByteSize(2 * _GIB), ge=0, description="disk space under which no new jobs are taken"
    )
    retention_days: float = Field(
        30.0, ge=0, allow_inf_nan=False, description="age at which what is unused may be removed"
    )
    run_days: float = Field(
        90.0,
        ge=0,
        allow_inf_nan=False,
        description="age at which ended runs of requests may be removed with their logs",
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _invalid(error, type(self)) from None  # the cause would show secrets

    @field_validator("lake", "inbox", "results")
    @classmethod
    def _place(cls, value: str, info: Any) -> str:
        if not value:
            return str(data_dir() / info.field_name)
        scheme = uri_scheme(value)
        if scheme is None:
            return str(Path(value).expanduser().absolute())
        if scheme not in SCHEMES:
            raise ValueError(f"must be a path or a URI of {', '.join(SCHEMES)}")
        return value.rstrip("/")

    @field_validator("database")
    @classmethod
    def _database(cls, value: str) -> str:
        return value or f"sqlite:///{dagster_home() / 'gateway.db'}"

    @field_validator("model_dir", "cache_dir")
    @classmethod
    def _folder(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else value

    @field_validator("s3_endpoint", "public_url", "dagster_url", "webhook_url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        return _http_url(value)

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, value: list[str]) -> list[str]:
        hosts = [host.lower() for host in value]
        for host in hosts:
            if not _HOST.match(host):
                raise ValueError(f"{host!r} is not host or host:port")
        return hosts

    @field_validator("queues", "pools")
    @classmethod
    def _strained(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, said in value.items():
            if name not in POOLS:
                raise ValueError(f"{name!r} is none of {', '.join(POOLS)}")
            if isinstance(said, str) and not _QUEUE.match(said):
                raise ValueError(f"{said!r} is no name of a queue: letters, digits, . _ -")
            if isinstance(said, int) and said < 1:
                raise ValueError(f"{name} must be at least 1")
        return value

    @property
    def shares_database(self) -> bool:
        """Whether the gateway's table is on a server, for several machines, and not in a file."""
        return not self.database.startswith("sqlite")

    def storage_options(self, uri: str | Path) -> dict[str, Any]:
        """What fsspec needs to open a URI: the object storage of the settings for ``s3://`` and
        ``oss://``.
        """
        if uri_scheme(str(uri)) not in OBJECT_STORAGE:
            return {}
        options: dict[str, Any] = {
            "client_kwargs": {"region_name": self.s3_region},
            # Without s3v4 presigned URLs are signed the old way; virtual-host addresses need DNS.
            "config_kwargs": {
                "signature_version": "s3v4",
                "s3": {"addressing_style": "path"},
                # Some 15 s in which storage may be away, before a stage fails and is tried again.
                "retries": {"mode": "standard", "max_attempts": 6},
                "connect_timeout": 10,
            },
            "use_listings_cache": False,
        }
        if self.s3_endpoint:
            options["endpoint_url"] = self.s3_endpoint
        if self.s3_key and self.s3_secret:
            options["key"] = self.s3_key.get_secret_value()
            options["secret"] = self.s3_secret.get_secret_value()
        return options


_WITH_PASSWORDS = ("dagster_database", "broker", "broker_results")
_MAPS = {"queues", "pools"}
_SECRETS = {
    "s3_key",
    "s3_secret",
    "api_keys",
    "access_keys",
    "webhook_secret",
    "database",
    *_WITH_PASSWORDS,
}


def _invalid(error: ValidationError, settings: type[Settings]) -> InvalidParameter:
    first: Mapping[str, Any] = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    entry = "".join(f", {part}" for part in first["loc"][1:] if name in _MAPS)
    value = "" if name in _SECRETS else f" is {first['input']!r}"
    field = settings.model_fields.get(name)
    return InvalidParameter(
        f"{PREFIX}{name.upper()}{entry}{value}: {first['msg']}",
        f"it is: {field.description}" if field and field.description else "",
    )


def environment(settings: Settings) -> Environment:
    """What this machine lets stages use."""
    return Environment(
        model_dir=settings.model_dir,
        allow_model_downloads=settings.allow_model_downloads,
        max_model_bytes=int(settings.max_model_bytes),
        cores=cores(),
    )
