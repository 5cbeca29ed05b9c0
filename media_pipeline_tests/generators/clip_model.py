"""A CLIP of a few kilobytes: two ONNX towers with weights drawn or chosen, and a tokenizer.

The picture's vector is a projection of its mean colour, a text's the mean of rows of a table, one
row a token, so that what is near to what can be chosen: with ``colours`` a word is near to pictures
of its colour.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

SIDE = 32
_WORDS = (
    "a", "photo", "of", "the", "action", "people", "person", "talking", "place", "fire", "sea",
    "fight",
)  # fmt: skip


def make_model(
    folder: Path,
    colours: Mapping[str, tuple[float, float, float]] | None = None,
    *,
    seed: int = 0,
    length: int | None = None,
) -> Path:
    """Write a model folder.

    Parameters
    ----------
    colours : RGB, 0-1, of words; the vectors of the others are nearly nothing. None draws all
        weights.
    length : of texts, where the tower takes one length only.
    """
    rng = np.random.default_rng(seed)
    special = ["<pad>", "[UNK]", "<s>", "</s>"]
    table = rng.normal(0, 1, (len(special) + len(_WORDS), 3)).astype(np.float32)
    if colours is not None:
        table *= 0.01
        for word, colour in colours.items():
            table[len(special) + _WORDS.index(word)] = np.array(colour, np.float32) - 0.5
    (folder / "onnx").mkdir(parents=True)
    _save(_vision(np.eye(3, dtype=np.float32)), folder / "onnx" / "vision_model.onnx")
    _save(_text(table, length), folder / "onnx" / "text_model.onnx")
    words = {word: i for i, word in enumerate([*special, *_WORDS])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    said = {"size": {"shortest_edge": SIDE}, "image_mean": [0.5] * 3, "image_std": [1.0] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(said), "utf-8")
    return folder


def _vision(projection: NDArray[np.float32]) -> onnx.GraphProto:
    nodes = [
        helper.make_node("ReduceMean", ["pixel_values"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["mean", "projection"], ["image_embeds"]),
    ]
    return helper.make_graph(
        nodes,
        "vision",
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("image_embeds", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(projection, "projection")],
    )


def _text(table: NDArray[np.float32], length: int | None) -> onnx.GraphProto:
    """Rows of the table by token; those that the mask leaves out do not count."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"]),
        helper.make_node("Cast", ["attention_mask"], ["shares"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["shares", "last"], ["column"]),
        helper.make_node("Mul", ["last_hidden_state", "column"], ["counted"]),
        helper.make_node("ReduceMean", ["counted"], ["text_embeds"], axes=[1], keepdims=0),
    ]
    shape = ["n", length or "length"]
    return helper.make_graph(
        nodes,
        "text",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, shape),
            helper.make_tensor_value_info("attention_mask", TensorProto.INT64, shape),
        ],
        [
            helper.make_tensor_value_info(
                "last_hidden_state", TensorProto.FLOAT, ["n", length or "length", 3]
            ),
            helper.make_tensor_value_info("text_embeds", TensorProto.FLOAT, ["n", 3]),
        ],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([2], np.int64), "last"),
        ],
    )


def _save(graph: onnx.GraphProto, path: Path) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
