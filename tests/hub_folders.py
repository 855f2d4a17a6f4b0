"""Folders as on the hub, of language models so small and random that tests need neither network nor time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    AutoModelForCausalLM,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

END = "<|endoftext|>"


def t5_folder(folder: Path, words: int, **options: object) -> T5ForConditionalGeneration:
    """A T5: ``words`` ids whose last 100 are sentinels, more rows than words."""
    pieces = [
        ("<pad>", 0.0),
        ("</s>", 0.0),
        ("<unk>", -2.0),
        ("▁", -2.0),
        *((c, -3.0) for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    pieces += [(f"▁word{i}", -9.0) for i in range(words - 100 - len(pieces))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.add_special_tokens([AddedToken(f"<extra_id_{i}>") for i in reversed(range(100))])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = T5Config(
        vocab_size=words + 28,
        d_model=16,
        d_kv=4,
        d_ff=24,
        num_layers=1,
        num_heads=4,
        decoder_start_token_id=0,
        **options,
    )
    network = T5ForConditionalGeneration(config).eval()
    network.save_pretrained(folder)
    return network


def causal_folder(folder: Path, config: Callable[[int], PretrainedConfig], start: str = "") -> Path:
    """A decoder-only model.

    Args:
        folder: where to.
        config: called with the number of ids of the text tokenizer.
        start: a special token that the text tokenizer puts before every text.
    """
    # Bytes and a few words, as in the byte-level BPE of GPT-2 and Llama.
    pieces = [END, *filter(None, [start]), *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges = [("w", "a"), ("l", "k"), ("wa", "lk"), ("Ġ", "wa"), ("Ġwa", "lk"), ("r", "s"), ("o", "n"), ("Ġ", "a")]
    pieces += [first + second for first, second in merges]
    tokenizer = Tokenizer(models.BPE({piece: number for number, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if start:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{start} $A", special_tokens=[(start, pieces.index(start))]
        )
    tokenizer.add_special_tokens([END, *filter(None, [start])])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, bos_token=start or END)
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(config(len(pieces)))
    # Larger than a new model's, so that answers differ from token to token.
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.normal_(std=0.3)
            else:
                weight.add_(torch.randn_like(weight) * 0.1)
    network.save_pretrained(folder)
    return folder
