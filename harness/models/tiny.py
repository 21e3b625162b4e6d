"""`tiny:WIDTHxLAYERS`: a Qwen2 architecture of 0.1 to a few million parameters with a character tokenizer."""

from __future__ import annotations

import re
import string
from typing import Any

from rlvr_bench.harness.errors import UserError

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
BLANKS = (" ", "\n")
PAD, EOS, UNKNOWN = "<pad>", "<eos>", "<unk>"


class ModelError(UserError):
    """A model that cannot be had as named; names it and the remedy."""


def character_tokenizer() -> Any:
    """Printable ASCII and line feed, a token a character; the four tags are a token each."""
    from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    characters = sorted(set(string.printable) - set("\t\r\x0b\x0c"))
    vocabulary = {token: i for i, token in enumerate((PAD, EOS, UNKNOWN, *TAGS, *characters))}
    backend = Tokenizer(WordLevel(vocabulary, unk_token=UNKNOWN))
    pieces = Regex("|".join((*TAGS, r"[\s\S]")))
    backend.pre_tokenizer = pre_tokenizers.Split(pieces, behavior="isolated")
    backend.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNKNOWN,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def as_qwen2(tokenizer: Any) -> Any:
    """The character tokenizer as one of Qwen2's class, with the same ids.

    `AutoTokenizer` makes that class of whatever tokenizer is saved beside a Qwen2 model, and then splits by Qwen2's
    own rules: ours would lose its spaces.  Without merges, those rules end in single characters too, under the names
    that byte-level vocabularies give to the space and the line feed.
    """
    from transformers import AddedToken, Qwen2Tokenizer

    vocabulary = {
        chr(256 + ord(token)) if token in BLANKS else token: index for token, index in tokenizer.get_vocab().items()
    }
    made = Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        unk_token=UNKNOWN,
        eos_token=EOS,
        pad_token=PAD,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    tags: list[str | AddedToken] = [AddedToken(tag, normalized=False, special=False) for tag in TAGS]
    made.add_tokens(tags)
    return made


def tiny_config(name: str, tokenizer: Any) -> Any:
    """The transformers config of `tiny:WIDTHxLAYERS`.

    Raises:
        ModelError: the name is not of that form, or the width is not a multiple of 16.
    """
    from transformers import Qwen2Config

    match = re.fullmatch(r"tiny:(\d+)x(\d+)", name)
    if not match or int(match[1]) == 0 or int(match[1]) % 16 or int(match[2]) == 0:
        raise ModelError(
            f"model.name: {name!r}: expected tiny:WIDTHxLAYERS, the width a multiple of 16, as in tiny:64x2"
        )
    width, layers = int(match[1]), int(match[2])
    return Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 16,
        num_key_value_heads=width // 16,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
