"""What this machine has and lacks for the pipeline: one row per thing, with the remedy.

Checks look and never change anything, except that a folder of ours is made when it is missing.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from media_pipeline import services
from media_pipeline.errors import FontMissing, MediaPipelineError
from media_pipeline.settings import DEFAULT_QUEUE, PREFIX, Settings, dagster_home, environment

_MIN_FREE_BYTES = 2 * 1024**3
_DEBIAN = "apt-get install"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    required: bool
    """Whether the main job cannot run without it."""
    found: str
    remedy: str = ""
    """What to do when it is not ok."""


def examine() -> list[Check]:
    """Look at everything that the pipeline needs or can use, the required things first."""
    checks: list[tuple[str, bool, Callable[[], Check]]] = [
        ("Python", True, _python),
        ("settings", True, _settings),
        ("ffmpeg", True, _ffmpeg),
        ("PyAV", True, lambda: _package("PyAV", "av", "av", required=True)),
        ("text recognition: rapidocr", True, _rapidocr),
        ("voice detection: Silero", True, _silero),
        ("fonts: Latin", True, _latin_font),
        ("lake", True, lambda: _place("lake", Settings().lake, "MEDIA_PIPELINE_LAKE")),
        ("inbox", True, lambda: _place("inbox", Settings().inbox, "MEDIA_PIPELINE_INBOX")),
        ("Dagster home", True, _dagster_home),
        *_services(),
        ("fonts: Chinese, Japanese, Korean", False, _cjk_font),
        ("speech: faster-whisper", False, _faster_whisper),
        ("speech: pocketsphinx (English)", False, _pocketsphinx),
        ("speech: whisperx", False, _whisperx),
        (
            "text recognition: easyocr",
            False,
            lambda: _extra("text recognition: easyocr", "easyocr"),
        ),
        ("voice of the demo", False, _voice),
    ]
    return [_guarded(name, required, check) for name, required, check in checks]


def healthy(checks: list[Check]) -> bool:
    """Whether everything that is required is there."""
    return all(check.ok for check in checks if check.required)


def _guarded(name: str, required: bool, check: Callable[[], Check]) -> Check:
    """The check's finding; a check that fails has found that the thing is broken."""
    try:
        return check()
    except MediaPipelineError as error:
        return Check(name, False, required, error.message, error.remedy)
    except Exception as error:
        what = " ".join(str(error).split())[:200]
        return Check(name, False, required, f"{type(error).__name__}: {what}", "reinstall it")


# --- the programs ---------------------------------------------------------------------------------


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Check("Python", ok, True, found, "" if ok else "install Python 3.11 or newer")


def _settings() -> Check:
    settings = Settings()
    return Check("settings", True, True, f"lake {settings.lake}")


def _ffmpeg() -> Check:
    from media_pipeline.media import ffmpeg

    path = ffmpeg.ffmpeg_path()
    able = _listing(path, "-filters") | _listing(path, "-encoders")
    lacks = sorted({"subtitles", "ass", "loudnorm", "libx264", "aac"} - able)
    found = f"{ffmpeg.version()} at {path}"
    if lacks:
        remedy = "use the one of imageio-ffmpeg: unset IMAGEIO_FFMPEG_EXE"
        return Check("ffmpeg", False, True, f"{found}, without {', '.join(lacks)}", remedy)
    return Check("ffmpeg", True, True, found)


def _listing(program: str, option: str) -> set[str]:
    """Names of the filters or encoders that an ffmpeg binary has."""
    done = subprocess.run(
        [program, "-hide_banner", option],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )
    return {parts[1] for line in done.stdout.splitlines() if len(parts := line.split()) > 1}


def _package(name: str, module: str, distribution: str, *, required: bool) -> Check:
    if importlib.util.find_spec(module) is None:
        return Check(name, False, required, "not installed", f"pip install {distribution}")
    return Check(name, True, required, f"{distribution} {_version(distribution)}")


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "of unknown version"


def _extra(name: str, extra: str) -> Check:
    check = _package(name, extra, extra, required=False)
    if check.ok:
        return check
    remedy = f'optional: pip install "media-pipeline[{extra}]" (brings torch)'
    return Check(name, False, False, "not installed", remedy)


# --- engines --------------------------------------------------------------------------------------


def _rapidocr() -> Check:
    import cv2
    import numpy as np

    from media_pipeline.ocr.base import identify_engine, load_engine

    identity = identify_engine("rapidocr")
    engine = load_engine("rapidocr", environment(Settings()))
    picture = np.full((48, 200, 3), 255, np.uint8)
    cv2.putText(picture, "12345", (20, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)
    read = engine.recognise([picture])[0].text
    found = f"{identity.version}, {identity.model}"
    name = "text recognition: rapidocr"
    if read != "12345":
        remedy = "pip install --force-reinstall rapidocr onnxruntime"
        return Check(name, False, True, f"{found}: reads {read!r} for '12345'", remedy)
    return Check(name, True, True, f"{found}, reads")


def _silero() -> Check:
    from media_pipeline.asr.vad import network_path

    return Check("voice detection: Silero", True, True, network_path().name)


def _pocketsphinx() -> Check:
    from media_pipeline.asr.sphinx import model_folder

    found = f"{_version('pocketsphinx')} with {model_folder().name}, rough; for English only"
    return Check("speech: pocketsphinx (English)", True, False, found)


def _whisperx() -> Check:
    from media_pipeline.asr.whisperx import installed, require

    name = "speech: whisperx"
    if installed():
        require()
    return _extra(name, "whisperx")


def _voice() -> Check:
    name = "voice of the demo"
    if shutil.which("espeak-ng"):
        return Check(name, True, False, "espeak-ng")
    program = shutil.which("ffmpeg")
    if program is not None and "flite" in _listing(program, "-filters"):
        return Check(name, True, False, f"flite in {program}")
    remedy = f"optional: {_DEBIAN} ffmpeg (Debian's has flite) or espeak-ng"
    return Check(name, False, False, "none: the sample film is silent where people speak", remedy)


# --- fonts ----------------------------------------------------------------------------------------


def _latin_font() -> Check:
    return _font("fonts: Latin", "Aa Éé", "fonts-liberation", required=True)


def _cjk_font() -> Check:
    name = "fonts: Chinese, Japanese, Korean"
    return _font(name, "中文かな한국", "fonts-noto-cjk", required=False)


def _font(name: str, text: str, package: str, *, required: bool) -> Check:
    from media_pipeline.media.fonts import find_font

    try:
        font = find_font(text)
    except FontMissing:
        return Check(name, False, required, "none", f"{_DEBIAN} {package}")
    return Check(name, True, required, f"{font.family} ({font.path})")


# --- places ---------------------------------------------------------------------------------------


def _place(name: str, place: str, variable: str) -> Check:
    from media_pipeline.store.places import local_path, open_filesystem

    path = local_path(place)
    if path is not None:
        return _folder(name, path, variable)
    settings = Settings()
    filesystem, inside = open_filesystem(place, settings.storage_options(place))
    try:
        filesystem.ls(inside, refresh=True)
    except FileNotFoundError:
        # An object store has no empty folders, so a new prefix is not there; its bucket must be.
        bucket = inside.split("/", 1)[0]
        if not filesystem.exists(bucket):
            return Check(name, False, True, f"{place}: no such bucket {bucket}", f"set {variable}")
    except (OSError, PermissionError) as error:
        remedy = "check MEDIA_PIPELINE_S3_ENDPOINT, _S3_KEY and _S3_SECRET"
        return Check(name, False, True, f"{place}: {type(error).__name__}: {error}", remedy)
    return Check(name, True, True, f"{place} answers")


def _folder(name: str, path: Path, variable: str) -> Check:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return Check(name, False, True, f"{path}: {error.strerror}", f"set {variable}")
    if not os.access(path, os.W_OK | os.X_OK):
        return Check(name, False, True, f"{path} cannot be written", f"set {variable}")
    free = shutil.disk_usage(path).free
    found = f"{path}, {free / 1024**3:.1f} GiB free"
    if free < _MIN_FREE_BYTES:
        return Check(name, False, True, found, f"free some space, or set {variable}")
    return Check(name, True, True, found)


def _dagster_home() -> Check:
    return _folder("Dagster home", dagster_home(), "DAGSTER_HOME")


# --- services of several machines -----------------------------------------------------------------


def _services() -> Iterator[tuple[str, bool, Callable[[], Check]]]:
    """Those that the settings name, and no others."""
    try:
        settings = Settings()
    except MediaPipelineError:
        return  # told by its own row
    told: list[tuple[str, str | None, str, Callable[[str, str], str]]] = [
        (
            "database of the gateway",
            settings.database if settings.shares_database else None,
            "DATABASE",
            services.check_database,
        ),
        (
            "database of Dagster",
            settings.dagster_database,
            "DAGSTER_DATABASE",
            services.check_database,
        ),
        ("broker", settings.broker, "BROKER", services.check_broker),
        ("results of workers", settings.broker_results, "BROKER_RESULTS", services.check_broker),
        (
            "web interface of Dagster",
            settings.dagster_url if settings.broker else None,
            "DAGSTER_URL",
            services.check_web,
        ),
    ]
    for name, url, variable, check in told:
        if url:
            yield name, True, partial(_service, name, check, url, f"{PREFIX}{variable}")
    if settings.broker:
        wanted = [DEFAULT_QUEUE, *settings.queues.values()]
        yield "workers", True, partial(_workers, settings.broker, wanted)


def _service(name: str, check: Callable[[str, str], str], url: str, variable: str) -> Check:
    return Check(name, True, True, check(url, variable))


def _workers(broker: str, queues: Iterable[str]) -> Check:
    return Check("workers", True, True, services.check_workers(broker, queues))


# --- speech models --------------------------------------------------------------------------------


def _faster_whisper() -> Check:
    from media_pipeline.asr.models import local_weights

    name = "speech: faster-whisper"
    found = sorted(weights.name for weights in local_weights(environment(Settings())))
    if not found:
        return Check(
            name,
            False,
            False,
            f"{_version('faster-whisper')}, but no model",
            "for transcripts in any language put a model in MEDIA_PIPELINE_MODEL_DIR, "
            "or set MEDIA_PIPELINE_ALLOW_MODEL_DOWNLOADS=true",
        )
    return Check(name, True, False, f"{_version('faster-whisper')}, models: {', '.join(found)}")
