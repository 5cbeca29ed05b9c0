"""A Whisper of a few hundred kilobytes that says what it is told to, without torch or a download.

Its files are in CTranslate2's format, so faster-whisper's own loading, features, decoding and word
alignment run on it. Weights are set by hand: nothing but the position decides about the next token,
so the model says the same words in every window, and its cross-attention looks at one word after
the other, each for half a second.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

import numpy as np

_WIDTH, _HEADS, _INNER = 16, 1, 8
_MELS, _FRAMES, _POSITIONS = 80, 1500, 448
_WORD_FRAMES = 25  # of 20 ms
_ORDINARY = 50_257  # tokens of OpenAI's vocabulary before the special ones
LANGUAGES = tuple(
    """en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th
    ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa
    si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw
    ln ha ba jw su yue""".split()  # noqa: SIM905
)


def write_whisper(
    folder: Path,
    says: Sequence[str],
    *,
    seconds: float = 2.0,
    language: str = "en",
    multilingual: bool = True,
    layers: int = 1,
) -> Path:
    """Write a model that says the words in the first ``seconds`` of every window.

    Parameters
    ----------
    says : tokens with their leading spaces, such as ``[" Hello", " there."]``.
    language : what it hears when it is asked for the language.
    multilingual : with the vocabulary of OpenAI's large-v3, else an English model's small one.
    layers : of the encoder; more of them only take longer.
    """
    folder.mkdir(parents=True)
    vocabulary = _vocabulary(says, multilingual)
    _write_tokenizer(folder / "tokenizer.json", vocabulary)
    number = {token: i for i, token in enumerate(vocabulary)}
    prompt = 3 if multilingual else 1  # start of transcript; language and task where it has them
    script = [f"<|{0:.2f}|>", *(_bytes(w) for w in says), f"<|{seconds:.2f}|>"]
    spec = _spec(vocabulary, prompt, layers)
    project = spec.decoder.projection.weight
    project[number["<|endoftext|>"], prompt - 1 + len(script) :] = 10.0
    for position, token in enumerate(script, start=prompt - 1):
        project[number[token], position] = 10.0
    if multilingual:
        project[number[f"<|{language}|>"], 0] = 10.0
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [number["<|endoftext|>"]]
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = [number[f"<|{code}|>"] for code in LANGUAGES] if multilingual else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        spec.validate()
        spec.optimize()
        spec.save(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": _MELS}))
    return folder


def _bytes(word: str) -> str:
    """A word as byte-level tokenizers write it; ASCII words only need their space replaced."""
    from tokenizers import pre_tokenizers

    [(piece, _)] = pre_tokenizers.ByteLevel(
        add_prefix_space=False, use_regex=False
    ).pre_tokenize_str(word)
    return str(piece)


def _vocabulary(says: Sequence[str], multilingual: bool) -> list[str]:
    from tokenizers import pre_tokenizers

    words = sorted(pre_tokenizers.ByteLevel.alphabet())
    words += [w for w in dict.fromkeys(_bytes(s) for s in says) if w not in words]
    if multilingual:  # made-up words up to the place where OpenAI's special tokens begin
        syllables = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
        made = ("\u0120x" + "".join(s) for n in (2, 3) for s in product(syllables, repeat=n))
        words += [*islice(made, _ORDINARY - 1 - len(words)), ""]  # an empty token closes it
    codes = LANGUAGES if multilingual else ()
    special = ["endoftext", "startoftranscript", *codes, "translate", "transcribe"]
    special += ["startoflm", "startofprev", "nospeech", "notimestamps"]
    times = (f"{i * 0.02:.2f}" for i in range(1501))
    return words + [f"<|{name}|>" for name in chain(special, times)]


def _write_tokenizer(path: Path, vocabulary: Sequence[str]) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    ordinary = [t for t in vocabulary if not t.startswith("<|")]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(ordinary)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    for timed in (False, True):
        added = [t for t in vocabulary[len(ordinary) :] if t[2].isdigit() == timed]
        tokenizer.add_tokens([AddedToken(t, special=not timed, normalized=False) for t in added])
    assert tokenizer.get_vocab_size() == len(vocabulary)
    tokenizer.save(str(path))


def _spec(vocabulary: Sequence[str], prompt: int, layers: int) -> Any:
    from ctranslate2.specs import WhisperSpec

    spec = WhisperSpec(layers, _HEADS, 1, _HEADS)
    encoder, decoder = spec.encoder, spec.decoder
    for conv, inputs in ((encoder.conv1, _MELS), (encoder.conv2, _WIDTH)):
        conv.weight, conv.bias = _zeros(_WIDTH, inputs, 3), _zeros(_WIDTH)
    encoder.position_encodings.encodings = _one_hot(np.arange(_FRAMES) // _WORD_FRAMES)
    _norm(encoder.layer_norm)
    for layer in encoder.layer:
        _attention(layer.self_attention, (3, 1))
        _feed_forward(layer.ffn)
    decoder.embeddings.weight = _zeros(len(vocabulary), _WIDTH)
    decoder.position_encodings.encodings = _one_hot(np.arange(_POSITIONS))
    _norm(decoder.layer_norm)
    for layer in decoder.layer:
        _attention(layer.self_attention, (3, 1))
        _attention(layer.attention, (1, 2, 1))
        query, keys_and_values, _ = layer.attention.linear
        # In alignment the prompt has one token more, which says the first word.
        query.weight[:] = 10 * np.eye(_WIDTH, k=prompt)
        keys_and_values.weight[:_WIDTH] = np.eye(_WIDTH)
        _feed_forward(layer.ffn)
    decoder.projection.weight = _zeros(len(vocabulary), _WIDTH)
    spec.register_vocabulary(list(vocabulary))
    return spec


def _attention(spec: Any, blocks: Sequence[int]) -> None:
    _norm(spec.layer_norm)
    for linear, count in zip(spec.linear, blocks, strict=True):
        linear.weight, linear.bias = _zeros(count * _WIDTH, _WIDTH), _zeros(count * _WIDTH)


def _feed_forward(spec: Any) -> None:
    _norm(spec.layer_norm)
    spec.linear_0.weight, spec.linear_0.bias = _zeros(_INNER, _WIDTH), _zeros(_INNER)
    spec.linear_1.weight, spec.linear_1.bias = _zeros(_WIDTH, _INNER), _zeros(_WIDTH)


def _norm(spec: Any) -> None:
    spec.gamma, spec.beta = np.ones(_WIDTH, np.float32), _zeros(_WIDTH)


def _one_hot(places: np.ndarray[Any, np.dtype[np.int_]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One row per place, a one in its column; places beyond share the last."""
    return np.eye(_WIDTH, dtype=np.float32)[np.minimum(places, _WIDTH - 1)]


def _zeros(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.zeros(shape, np.float32)
