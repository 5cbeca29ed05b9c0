"""What the real whisperX needs besides a Whisper: a tiny aligner, and NLTK's sentence splitter.

All of it is made here with random or empty contents, so nothing is downloaded: the code that loads
and runs it is the real one, what it finds is not.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

DUTCH = "jonatasgrosman/wav2vec2-large-xlsr-53-dutch"
"""The model that whisperX aligns Dutch with; English has one of torchaudio's, of 378 MB."""


def write_aligner(cache: Path, repository: str = DUTCH) -> None:
    """Write a wav2vec2 of random weights into a Hugging Face cache under a repository's name."""
    import torch
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
        Wav2Vec2Processor,
    )

    torch.manual_seed(0)
    root = cache / f"models--{repository.replace('/', '--')}"
    folder = root / "snapshots" / ("0" * 40)
    folder.mkdir(parents=True)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("0" * 40)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefghijklmnopqrstuvwxyz'"]
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
    tokenizer = Wav2Vec2CTCTokenizer(str(vocabulary), do_lower_case=True)
    Wav2Vec2Processor(Wav2Vec2FeatureExtractor(), tokenizer).save_pretrained(folder)
    config = Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=64, conv_dim=(32,) * 7, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2, pad_token_id=0,
    )  # fmt: skip
    Wav2Vec2ForCTC(config).save_pretrained(folder)


def write_sentence_splitter(folder: Path, language: str = "dutch") -> None:
    """Write an empty Punkt model, which ends sentences at full stops."""
    place = folder / "tokenizers" / "punkt_tab" / language
    place.mkdir(parents=True)
    for name in ("collocations.tab", "sent_starters.txt", "abbrev_types.txt", "ortho_context.tab"):
        (place / name).write_text("")


def allow_cuda_torchaudio() -> None:
    """Let a torchaudio built for CUDA be imported beside a torch that is not.

    The registry's torchaudio is built for CUDA. Its native library cannot be loaded there, and is
    not needed: torchaudio does without a library that it does not find, so it is told that.
    """
    found = importlib.util.find_spec("torchaudio")
    if found is None or found.origin is None or "torchaudio" in sys.modules:
        return
    place = Path(found.origin).parent / "_extension" / "utils.py"
    name = "torchaudio._extension.utils"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    load = module._load_lib

    def load_or_do_without(library: str) -> bool:
        try:
            return bool(load(library))
        except OSError:
            return False

    module._load_lib = load_or_do_without
    assert isinstance(module, ModuleType)
    sys.modules[name] = module
