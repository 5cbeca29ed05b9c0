"""The engine for actions that comes along: a CLIP whose two towers lie as ONNX files in a folder.

The folder is the user's: ``vision_model.onnx``, ``text_model.onnx`` (in it, or in ``onnx/`` below)
and ``tokenizer.json``, as exporters of CLIP and Chinese-CLIP write them. Pictures and texts are
brought into one space, and an action is seen where its text lies nearer to a picture than texts
that say nothing of it (A. Radford et al., "Learning Transferable Visual Models From Natural
Language Supervision", ICML 2021).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from media_pipeline.errors import EngineUnavailable
from media_pipeline.media.held import held
from media_pipeline.text.scripts import is_cjk

Vectors = NDArray[np.float32]

_REMEDY = 'pip install "media-pipeline[actions]", and put a CLIP exported to ONNX into the folder'
_TOWERS = ("vision_model.onnx", "text_model.onnx")
_SHARPNESS = 100.0  # by which CLIP multiplies cosines: what its training ends with
_SEEN = 0.5  # of the pictures, those that show an action most: it need not last all the time
_SIDE = 224
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_LATIN = (
    "a photo of the action {}",
    ("a photo", "a photo of people", "a photo of a person talking", "a photo of a place"),
)
_CHINESE = ("一张{}的照片", ("一张照片", "一张人的照片", "一张人在说话的照片", "一张风景的照片"))


@dataclass(frozen=True, slots=True)
class Model:
    """Where the files of a model are."""

    folder: Path
    vision: Path
    text: Path

    @property
    def name(self) -> str:
        """The folder's name and the sizes of its towers: what tells one model from another."""
        sizes = "+".join(str(path.stat().st_size) for path in (self.vision, self.text))
        return f"{self.folder.name} ({sizes} bytes)"


def find_model(root: Path | None) -> Model | None:
    """The first folder by name, ``root`` or one in it, that holds both towers and a tokenizer."""
    if root is None or not root.is_dir():
        return None
    for folder in (root, *sorted(p for p in root.iterdir() if p.is_dir())):
        for place in (folder, folder / "onnx"):
            vision, text = (place / name for name in _TOWERS)
            if vision.is_file() and text.is_file() and (folder / "tokenizer.json").is_file():
                return Model(folder, vision, text)
    return None


class ZeroShot:
    """Recognises whatever its model has words for.

    Raises
    ------
    EngineUnavailable
        when the tokenizer's package is missing, or a file is no model of this kind.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._vision = _session(model.vision)
        self._text = _session(model.text)
        self._tokenizer = _tokenizer(model.folder / "tokenizer.json")
        self._picture = _Picture.of(model.folder / "preprocessor_config.json")

    @property
    def name(self) -> str:
        """Name and model."""
        return f"zero-shot {self._model.name}"

    def supported(self, actions: Sequence[str]) -> list[str]:
        """Those that the tokenizer knows: neither unknown to it nor spelled byte by byte."""
        return [action for action in actions if self._knows(action)]

    def recognise(
        self, pictures: Sequence[NDArray[np.uint8]], actions: Sequence[str]
    ) -> dict[str, float]:
        """The share that an action has against texts that say nothing of it, 0 to 1.

        It is the mean over the half of the pictures that show it most.
        """
        seen = self._look(pictures)
        found: dict[str, float] = {}
        for action in actions:
            prompt, others = _CHINESE if any(is_cjk(c) for c in action) else _LATIN
            texts = self._read([prompt.format(action), *others])
            near = _SHARPNESS * seen @ texts.T
            share = np.exp(near - near.max(axis=1, keepdims=True))
            shown = np.sort(share[:, 0] / share.sum(axis=1))
            found[action] = float(shown[-max(1, round(_SEEN * len(shown))) :].mean())
        return found

    def _knows(self, action: str) -> bool:
        bare = self._tokenizer.encode(action, add_special_tokens=False)
        unknown = any(token in ("[UNK]", "<unk>") for token in bare.tokens)
        return bool(bare.ids) and not unknown and len(bare.ids) <= len(action)

    def _look(self, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
        batch = np.stack([self._picture.prepared(p) for p in pictures])
        name = self._vision.get_inputs()[0].name
        return _unit(_embeddings(self._vision, {name: batch}))

    def _read(self, texts: Iterable[str]) -> Vectors:
        return _unit(np.concatenate([self._vector(text) for text in texts]))

    def _vector(self, text: str) -> Vectors:
        tokens = self._tokenizer.encode(text)
        # what each input holds, and what it is filled up with: CLIP repeats the end of the text
        known = {
            "input_ids": (tokens.ids, tokens.ids[-1]),
            "attention_mask": (tokens.attention_mask, 0),
            "token_type_ids": (tokens.type_ids, 0),
        }
        lengths = {i.name: i.shape[-1] for i in self._text.get_inputs() if i.name in known}
        given = {name: _row(*known[name], length) for name, length in lengths.items()}
        return _embeddings(self._text, given)


@dataclass(frozen=True, slots=True)
class _Picture:
    """How pictures are brought into the form that the model was trained on."""

    side: int
    mean: Vectors
    std: Vectors

    @classmethod
    def of(cls, path: Path) -> _Picture:
        """As the model's own file says; else as CLIP wants them."""
        said: dict[str, Any] = {}
        if path.is_file():
            try:
                said = json.loads(path.read_text("utf-8"))
            except ValueError as error:
                raise EngineUnavailable(f"{path} is damaged ({error})", _REMEDY) from error
        size = said.get("crop_size") or said.get("size") or _SIDE
        if isinstance(size, dict):
            size = size.get("height") or size.get("shortest_edge") or _SIDE
        mean, std = said.get("image_mean", _MEAN), said.get("image_std", _STD)
        return cls(int(size), np.array(mean, np.float32), np.array(std, np.float32))

    def prepared(self, picture: NDArray[np.uint8]) -> Vectors:
        """(3, side, side) RGB: the shorter side fitted, the middle taken, standardised."""
        height, width = picture.shape[:2]
        scale = self.side / min(height, width)
        size = (max(self.side, round(width * scale)), max(self.side, round(height * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        fitted = cv2.cvtColor(cv2.resize(picture, size, interpolation=way), cv2.COLOR_BGR2RGB)
        left, top = (size[0] - self.side) // 2, (size[1] - self.side) // 2
        middle = fitted[top : top + self.side, left : left + self.side].astype(np.float32)
        standard = (middle / 255 - self.mean) / self.std
        return standard.transpose(2, 0, 1).astype(np.float32)


def _row(values: Sequence[int], filler: int, length: object) -> NDArray[np.int64]:
    """One text as the tower takes it; filled up where it takes one length only."""
    if not isinstance(length, int):
        return np.array([values], np.int64)
    missing = max(0, length - len(values))
    return np.array([[*values[:length], *[filler] * missing]], np.int64)


def _embeddings(session: Any, inputs: dict[str, Any]) -> Vectors:
    """(n, size): the output that is named so, else the first of that form."""
    names = [output.name for output in session.get_outputs()]
    values = dict(zip(names, session.run(None, inputs), strict=True))
    order = sorted(names, key=lambda name: not name.endswith("embeds"))
    return next(np.asarray(values[n], np.float32) for n in order if values[n].ndim == 2)


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(length, 1e-9).astype(np.float32)
    return unit


@held(lambda path: [path, path.with_name(f"{path.name}_data")])
def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), providers=["CPUExecutionProvider"], sess_options=options
        )
    except Exception as error:  # its errors have no common base but this
        raise EngineUnavailable(f"{path} cannot be loaded ({error})", _REMEDY) from error
    if not any(len(output.shape) == 2 for output in session.get_outputs()):
        raise EngineUnavailable(f"{path} gives no vector per picture or text", _REMEDY)
    return session


def _tokenizer(path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise EngineUnavailable("the package tokenizers is not installed", _REMEDY) from error
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises this class and no other
        raise EngineUnavailable(f"{path} cannot be read ({error})", _REMEDY) from error
