"""Services that the settings name: whether they answer, told without their passwords.

Drivers are imported when a service is looked at: they come with the extra ``scale``.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from media_pipeline.errors import ServiceUnavailable

_ANSWER_S = 5
_SCALE = 'pip install "media-pipeline[scale]"'
_POSTGRES = "postgresql"


def without_password(url: str) -> str:
    """The address of a service without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def check_database(url: str, variable: str) -> str:
    """Connect to a PostgreSQL database; what it is.

    Parameters
    ----------
    url : of SQLAlchemy, such as ``postgresql://user:password@host/name``.
    variable : the setting that it stands in, for the remedy.

    Raises
    ------
    ServiceUnavailable
    """
    shown = without_password(url)
    if urlsplit(url).scheme.partition("+")[0] != _POSTGRES:
        raise ServiceUnavailable(f"{shown} is no address of PostgreSQL", f"correct {variable}")
    try:
        import psycopg2
    except ImportError:
        raise ServiceUnavailable("no driver for PostgreSQL", _SCALE) from None
    plain = f"{_POSTGRES}:{url.partition(':')[2]}"
    try:
        connection = psycopg2.connect(plain, connect_timeout=_ANSWER_S)
    except psycopg2.Error as error:
        raise _refused(shown, " ".join(str(error).split()), variable) from None
    number = connection.server_version
    connection.close()
    return f"{shown} answers (PostgreSQL {number // 10000})"


def check_broker(url: str, variable: str) -> str:
    """Connect to a broker of messages, or to where Celery keeps results; what it is.

    Raises
    ------
    ServiceUnavailable
    """
    if url.startswith("db+"):
        return check_database(url.removeprefix("db+"), variable)
    try:
        from kombu import Connection
    except ImportError:
        raise ServiceUnavailable("no client for brokers", _SCALE) from None
    shown = without_password(url)
    try:
        with Connection(url, connect_timeout=_ANSWER_S) as connection:
            connection.ensure_connection(max_retries=1, timeout=_ANSWER_S)
            if _is_redis(url):  # which connects when something is asked
                connection.default_channel.client.ping()
    except Exception as error:  # each kind of broker has errors of its own
        raise _refused(shown, " ".join(str(error).split()), variable) from None
    return f"{shown} answers"


def check_workers(url: str, queues: Iterable[str]) -> str:
    """Ask the workers of a broker which queues they listen to; that each has one.

    Raises
    ------
    ServiceUnavailable
        naming the queues whose runs nobody would carry out.
    """
    try:
        from celery import Celery
    except ImportError:
        raise ServiceUnavailable("no client for brokers", _SCALE) from None
    wanted = dict.fromkeys(queues)
    try:
        with Celery("doctor", broker=url, set_as_current=False) as app:
            told = app.control.inspect(timeout=_ANSWER_S).active_queues() or {}
    except Exception as error:  # each kind of broker has errors of its own
        said = " ".join(str(error).split())
        raise _refused(without_password(url), said, "MEDIA_PIPELINE_BROKER") from None
    heard = [queue["name"] for listening in told.values() for queue in listening]
    unheard = [queue for queue in wanted if queue not in heard]
    if unheard:
        raise ServiceUnavailable(
            f"no worker listens to {', '.join(unheard)}",
            f"start one with -Q {unheard[0]}, or correct MEDIA_PIPELINE_QUEUES",
        )
    return ", ".join(f"{queue}: {heard.count(queue)}" for queue in wanted)


def check_web(url: str, variable: str) -> str:
    """Ask Dagster's web interface what it is.

    Raises
    ------
    ServiceUnavailable
    """
    import httpx

    try:
        answer = httpx.get(f"{url}/server_info", timeout=_ANSWER_S, trust_env=False)
        known = answer.raise_for_status().json()["dagster_version"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise _refused(without_password(url), str(error), variable) from None
    return f"{without_password(url)} answers (Dagster {known})"


def _is_redis(url: str) -> bool:
    return urlsplit(url).scheme in {"redis", "rediss"}


def _refused(shown: str, said: str, variable: str) -> ServiceUnavailable:
    """The cause in one line, and what to do about this one."""
    remedy = f"start it, or correct {variable}"
    if "password" in said or "authentication" in said.lower() or "ACCESS_REFUSED" in said:
        remedy = f"correct user and password in {variable}"
    elif "does not exist" in said:
        remedy = f"create it, or correct {variable}"
    return ServiceUnavailable(f"{shown}: {said[:200]}", remedy)
