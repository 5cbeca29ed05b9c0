"""What people and monitors look at: health, metrics, and a page with the queue."""

from __future__ import annotations

import base64
import hmac
import ipaddress
from collections.abc import Callable

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader
from starlette.responses import JSONResponse, Response

from media_pipeline.gateway.caption.envelope import ENDPOINT
from media_pipeline.gateway.ice.media import REGISTER
from media_pipeline.gateway.ice.production import SUBMIT, status
from media_pipeline.gateway.ice.site import Site, stamp
from media_pipeline.gateway.ice.smart import ACTIONS
from media_pipeline.gateway.metrics import Metrics

_SHOWN = 50
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})

Ready = Callable[[], dict[str, bool]]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Pages:
    """Routes beside the API.

    On a loopback address they are open to those who ask it by a name of this machine; elsewhere
    they want HTTP Basic authentication with one of the access keys.
    """

    def __init__(self, site: Site, metrics: Metrics, ready: Ready, *, host: str) -> None:
        self._site = site
        self._metrics = metrics
        self._ready = ready
        self._open = is_loopback(host)
        # Named .jinja, it would not be known as HTML: names of strangers stand in it.
        templates = Environment(
            loader=PackageLoader("media_pipeline.gateway", "."), autoescape=True
        )
        self._template = templates.get_template("status.html.jinja")
        self.router = APIRouter()
        self.router.add_api_route("/healthz", self._health, summary="Whether the process lives")
        self.router.add_api_route("/readyz", self._readiness, summary="Whether it can do its work")
        self.router.add_api_route("/metrics", self._show_metrics, summary="For Prometheus")

    def front(self, request: Request) -> Response:
        """The page with the queue."""
        if not self._may(request):
            return _login()
        rows, total = self._site.outbox.find([SUBMIT, REGISTER, ENDPOINT, *ACTIONS], limit=_SHOWN)
        page = self._template.render(
            counts=self._site.outbox.counts(),
            jobs=[
                {
                    "id": row.id,
                    "function": row.function,
                    "status": status(self._site, row),
                    "progress": round(row.progress * 100),
                    "priority": row.priority,
                    "accepted": stamp(row.accepted),
                    "finished": stamp(row.finished) or "",
                    "error": f"{row.error_code}: {row.error_message}" if row.error_code else "",
                    "run": row.run_id,
                }
                for row in rows
            ],
            total=total,
            dagster=self._site.settings.dagster_url,
            ready=self._ready(),
        )
        return Response(
            page,
            media_type="text/html; charset=utf-8",
            headers={
                "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
                "x-content-type-options": "nosniff",
                "cache-control": "no-store",
            },
        )

    def _health(self) -> Response:
        return JSONResponse({"status": "ok"})

    def _readiness(self) -> Response:
        found = self._ready()
        return JSONResponse(found, 200 if all(found.values()) else 503)

    def _show_metrics(self, request: Request) -> Response:
        if not self._may(request):
            return _login()
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    def _may(self, request: Request) -> bool:
        if self._open:
            # A page of another site may have its name resolve to this machine.
            host = request.headers.get("host", "").lower()
            return (host.rsplit(":", 1)[0] if not host.endswith("]") else host) in _LOCAL
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            told = base64.b64decode(given, validate=True)
        except ValueError:
            return False
        matches = [
            hmac.compare_digest(told, f"{key.id}:{key.secret.get_secret_value()}".encode())
            for key in self._site.settings.access_keys
        ]
        return any(matches)


def _login() -> Response:
    return Response(
        "an access key is needed: its id as user, its secret as password\n",
        401,
        {"www-authenticate": 'Basic realm="media_pipeline"'},
        "text/plain",
    )
