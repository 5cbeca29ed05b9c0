"""The fingerprint: one name for one result, whoever asks for it and whenever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_DIGITS = 20


def fingerprint(
    stage: str,
    version: str,
    params: Mapping[str, Any],
    engine: Mapping[str, str] | None,
    inputs: Mapping[str, str],
    sha256: str,
) -> str:
    """Hash everything that decides a result.

    Parameters
    ----------
    stage, version : of the code.
    params : fully resolved, as JSON values.
    engine : identity of the engine and its model.
    inputs : fingerprints of the artifacts it is made from, by asset.
    sha256 : of the original media.

    Returns
    -------
    str
        20 hex digits (80 bits) of the SHA-256 of the canonical JSON: sorted keys, no blanks, UTF-8.
    """
    identity = {
        "stage": stage,
        "version": version,
        "params": dict(params),
        "engine": dict(engine) if engine is not None else None,
        "inputs": dict(inputs),
        "sha256": sha256,
    }
    text = json.dumps(
        identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
