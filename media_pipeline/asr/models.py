"""Whisper weights: which are on this machine, which may be fetched, and what identifies them.

Everything is checked before an engine is loaded, so a wrong path or a missing file is one clear
error and never a failure in the middle of a film.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from media_pipeline.asr.base import ModelPolicy
from media_pipeline.errors import EngineUnavailable

_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARY = ("vocabulary.json", "vocabulary.txt")
_WANTED = (*_NEEDED, *_VOCABULARY, "preprocessor_config.json")
_MULTILINGUAL = 51_865  # tokens in the vocabulary of a Whisper that knows more than English
_SAMPLE_BYTES = 1 << 20
_DOWNLOADS = ("small", "base", "tiny")  # what `auto` fetches: the first that the limit allows
_HUB_TIMEOUT_S = 10.0
_REMEDY = (
    "put a CTranslate2 Whisper model into MEDIA_PIPELINE_MODEL_DIR, "
    "or set MEDIA_PIPELINE_ALLOW_MODEL_DOWNLOADS=true"
)

FileSizes = dict[str, int]
ListFiles = Callable[[str], tuple[str, FileSizes]]
"""Revision and sizes in bytes of the files of a hub repository."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A Whisper model in CTranslate2's format on this machine."""

    name: str
    path: Path
    size: int
    """Bytes of the model file."""
    multilingual: bool

    @property
    def identity(self) -> str:
        """Name and a digest of what is in the files: another model has another."""
        digest = hashlib.sha256(str(self.size).encode())
        for file in ("config.json", "tokenizer.json"):
            digest.update((self.path / file).read_bytes())
        with (self.path / "model.bin").open("rb") as model:
            digest.update(model.read(_SAMPLE_BYTES))
            model.seek(max(0, self.size - _SAMPLE_BYTES))
            digest.update(model.read(_SAMPLE_BYTES))
        return f"{self.name}@{digest.hexdigest()[:12]}"

    def speaks(self, language: str | None) -> bool:
        """Whether the model can transcribe the language; an unknown one needs a multilingual."""
        return self.multilingual or language == "en"


@dataclass(frozen=True, slots=True)
class Offer:
    """A Whisper model that may be fetched from the Hugging Face hub."""

    name: str
    repository: str
    revision: str
    size: int

    @property
    def identity(self) -> str:
        """Name and revision."""
        return f"{self.name}@{self.revision[:12]}"

    def speaks(self, language: str | None) -> bool:
        """Whether the model can transcribe the language."""
        return not self.name.endswith(".en") or language == "en"


def find_weights(model: str, language: str | None, policy: ModelPolicy) -> Weights | None:
    """The weights to use on this machine, or None when there are none.

    Parameters
    ----------
    model : ``auto`` for the largest that can transcribe the language; a name such as ``small`` or
        ``Systran/faster-whisper-small``; or the path of a model folder.
    language : ISO 639-1, or None when unknown.
    policy : where models may be; the Hugging Face cache is always looked at.

    Raises
    ------
    EngineUnavailable
        for a path that is no model folder.
    """
    if is_path(model):
        return weights_at(Path(model).expanduser())
    found = [w for w in local_weights(policy) if model == "auto" or _same(w.name, model)]
    usable = [w for w in found if w.speaks(language)] if model == "auto" else found
    return max(usable, key=lambda w: w.size, default=None)


def weights_at(path: Path) -> Weights:
    """The weights in a folder.

    Raises
    ------
    EngineUnavailable
        when it is no folder, or lacks a file of a CTranslate2 Whisper model.
    """
    if not path.is_dir():
        raise EngineUnavailable(f"there is no model folder {path}", _REMEDY)
    lacking = [name for name in _NEEDED if not (path / name).is_file()]
    vocabulary = next((path / n for n in _VOCABULARY if (path / n).is_file()), None)
    if lacking or vocabulary is None:
        lacking += ["vocabulary.json"] if vocabulary is None else []
        raise EngineUnavailable(
            f"{path} is no CTranslate2 Whisper model: it lacks {', '.join(lacking)}",
            "convert the model with ct2-transformers-converter, or fetch a faster-whisper one",
        )
    size = (path / "model.bin").stat().st_size
    return Weights(_name_of(path), path, size, _tokens(vocabulary) >= _MULTILINGUAL)


def local_weights(policy: ModelPolicy) -> list[Weights]:
    """All usable Whisper weights in the model folder and the Hugging Face cache."""
    found: dict[Path, Weights] = {}
    for folder in _candidates(policy):
        try:
            found.setdefault(folder.resolve(), weights_at(folder))
        except EngineUnavailable:
            continue  # half a download or another kind of model: not ours to use
    return list(found.values())


def find_offer(
    model: str,
    language: str | None,
    policy: ModelPolicy,
    *,
    list_files: ListFiles | None = None,
) -> Offer:
    """What may be fetched for a model name, checked against the hub and the size limit.

    Raises
    ------
    EngineUnavailable
        when downloads are not allowed, the name is unknown, the hub cannot be asked, or the files
        are larger than the limit.
    """
    if not policy.allow_model_downloads:
        if policy.model_dir is not None and not policy.model_dir.is_dir():
            raise EngineUnavailable(
                f"there is no model folder {policy.model_dir}", "correct MEDIA_PIPELINE_MODEL_DIR"
            )
        raise EngineUnavailable(f"no Whisper model {_called(model)} is on this machine", _REMEDY)
    list_files = list_files or _hub_files
    names = _DOWNLOADS if model == "auto" else (model,)
    for name in names:
        repository = _repository(name)
        revision, sizes = list_files(repository)
        size = sum(sizes.get(file, 0) for file in _WANTED)
        offer = Offer(name, repository, revision, size)
        if size <= policy.max_model_bytes and offer.speaks(language):
            return offer
    raise EngineUnavailable(
        f"the model {names[-1]} has {size / 1e6:.0f} MB to download, "
        f"the limit is {policy.max_model_bytes / 1e6:.0f} MB",
        "choose a smaller model or raise MEDIA_PIPELINE_MAX_MODEL_BYTES",
    )


def download(offer: Offer, policy: ModelPolicy) -> Weights:
    """Fetch the offered model into the model folder, or the Hugging Face cache without one."""
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            offer.repository,
            revision=offer.revision,
            allow_patterns=list(_WANTED),
            cache_dir=policy.model_dir,
        )
    except Exception as error:  # the hub's client raises whatever its HTTP library does
        raise EngineUnavailable(
            f"the model {offer.name} could not be fetched ({error})", "try again, or " + _REMEDY
        ) from error
    return weights_at(Path(folder))


def _hub_files(repository: str) -> tuple[str, FileSizes]:
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(repository, files_metadata=True, timeout=_HUB_TIMEOUT_S)
    except Exception as error:  # the hub's client raises whatever its HTTP library does
        raise EngineUnavailable(
            f"the Hugging Face hub cannot be asked for {repository} ({error})",
            "check the network, or put the model into MEDIA_PIPELINE_MODEL_DIR",
        ) from error
    sizes = {s.rfilename: s.size or 0 for s in info.siblings or []}
    return info.sha or "main", sizes


def _candidates(policy: ModelPolicy) -> Iterator[Path]:
    """Folders that hold a ``model.bin``: ours, its children, and snapshots of the hub's cache."""
    from huggingface_hub.constants import HF_HUB_CACHE

    for root in dict.fromkeys(p for p in (policy.model_dir, Path(HF_HUB_CACHE)) if p is not None):
        for pattern in ("model.bin", "*/model.bin", "models--*/snapshots/*/model.bin"):
            yield from (file.parent for file in sorted(root.glob(pattern)))


def is_path(model: str) -> bool:
    """Whether a model is given by its folder and not by its name."""
    return model.startswith(("/", ".", "~")) or Path(model).is_dir()


def _name_of(folder: Path) -> str:
    """The hub's name of a cached snapshot, the folder's own name otherwise."""
    if folder.parent.name == "snapshots" and folder.parents[1].name.startswith("models--"):
        return folder.parents[1].name.removeprefix("models--").replace("--", "/")
    return folder.name


def _same(name: str, wanted: str) -> bool:
    return wanted in (name, _short(name)) or _short(wanted) == _short(name)


def _short(name: str) -> str:
    """``small`` of ``Systran/faster-whisper-small``."""
    base = name.rpartition("/")[2].lower()
    return base.removeprefix("faster-").removeprefix("whisper-")


def _repository(name: str) -> str:
    if "/" in name:
        return name
    from faster_whisper.utils import _MODELS, available_models

    if name not in _MODELS:
        raise EngineUnavailable(
            f"there is no Whisper model {name!r}", f"choose one of {_listed(available_models())}"
        )
    return str(_MODELS[name])


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _called(model: str) -> str:
    return "of any size" if model == "auto" else repr(model)


def _tokens(vocabulary: Path) -> int:
    text = vocabulary.read_text(encoding="utf-8", errors="replace")
    if vocabulary.suffix == ".txt":
        return text.count("\n")
    try:
        return len(json.loads(text))
    except ValueError as error:
        raise EngineUnavailable(
            f"{vocabulary} is damaged ({error})", "fetch the model again"
        ) from error
