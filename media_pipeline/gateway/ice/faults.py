"""The errors of the ICE contract: a code, an HTTP status and a message."""

from __future__ import annotations

from media_pipeline.errors import InvalidParameter, MediaPipelineError, printable

STATUS = {
    "MissingParameter": 400,
    "InvalidParameter": 400,
    "InvalidParameter.FunctionNotSupported": 400,
    "InvalidParameter.JobNotFound": 404,
    "ResourceNotFound": 404,
    "InvalidApi.NotFound": 404,
    "NoSuchVersion": 400,
    "UnsupportedHTTPMethod": 405,
    "RequestTimeout": 408,
    "RequestEntityTooLarge": 413,
    "RequestURITooLong": 414,
    "IncompleteSignature": 400,
    "SignatureDoesNotMatch": 400,
    "SignatureNonceUsed": 400,
    "InvalidTimeStamp.Expired": 400,
    "InvalidAccessKeyId.NotFound": 404,
    "IdempotentParameterMismatch": 400,
    "Forbidden": 403,
    "Throttling": 429,
    "InternalError": 500,
    "ServiceUnavailable": 503,
}


class Fault(Exception):
    """A request that is refused.

    Parameters
    ----------
    code : one of :data:`STATUS`.
    message : one line; what a client sent is shown escaped.
    retry_after_ms : how long a client should wait; makes it a throttling error to the SDK.
    """

    def __init__(self, code: str, message: str, *, retry_after_ms: int | None = None) -> None:
        self.code = code
        self.status = STATUS[code]
        self.message = printable(message)
        self.retry_after_ms = retry_after_ms
        super().__init__(code, self.message)


def fault_of(error: MediaPipelineError) -> Fault:
    """What a typed error of ours is on the wire, where a request caused it."""
    if not isinstance(error, InvalidParameter):
        return Fault("InternalError", str(error))
    missing = error.message.endswith("is missing")
    return Fault("MissingParameter" if missing else "InvalidParameter", str(error))
