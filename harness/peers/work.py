"""The fixed work of a comparison: one model, one set of prompts, one batch, the same for every library.

Needs torch and transformers only, and nothing of this project, because it is also imported by scripts
that run in another library's environment.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

ALPHABET = string.ascii_letters + string.digits
PAD, EOS = "<pad>", "<eos>"
REWARDED = frozenset(string.digits)


@dataclass(frozen=True)
class Work:
    """A decoder with random weights, and the batch that one optimizer step consumes."""

    family: str = "qwen2"
    """`qwen2` (biases on queries, keys and values) or `llama` (none)."""
    vocabulary: int = 64
    """Padding, end of sequence, a token per letter or digit, then words; input and output embeddings are tied."""
    width: int = 128
    layers: int = 4
    heads: int = 4
    kv_heads: int = 4
    mlp_width: int = 512
    prompt_tokens: int = 16
    """Every prompt has exactly this many, so that nothing is padded."""
    completion_tokens: int = 32
    """Every completion has exactly this many: the end of sequence is never sampled."""
    completions: int = 256
    """Per step; one inner epoch over them, in one minibatch."""
    group: int = 8
    """Completions of one prompt, for either algorithm."""
    learning_rate: float = 1e-4
    """High enough for the divergence from the reference to show that it is computed."""
    kl_coef: float = 0.04
    threads: int = 2
    seed: int = 1

    @property
    def parameters(self) -> int:
        """Of the causal language model, by arithmetic: what every side is checked against."""
        projected = self.width + 2 * self.width * self.kv_heads // self.heads  # queries, keys, values
        attention = self.width * projected + self.width**2
        attention += projected if self.family == "qwen2" else 0
        mlp = 3 * self.width * self.mlp_width
        norms = 2 * self.width
        return self.vocabulary * self.width + self.layers * (attention + mlp + norms) + self.width

    @property
    def prompts(self) -> int:
        """Different prompts of one step; `group` completions each, for either algorithm."""
        return self.completions // self.group


# A tiny model, where everything but arithmetic shows, and the architecture of SmolLM2-135M (arXiv:2502.02737).
SIZES = {
    "1m": Work(),
    "smollm2-135m": Work(
        family="llama",
        vocabulary=49152,
        width=576,
        layers=30,
        heads=9,
        kv_heads=3,
        mlp_width=1536,
        completions=8,
        group=4,
    ),
}


def reward(completion: str) -> float:
    """Share of digits: cheap, and different from completion to completion, so that no group is without a signal."""
    return sum(letter in REWARDED for letter in completion) / max(len(completion), 1)


def prompts(work: Work, count: int) -> list[str]:
    """`count` random strings of the prompt length."""
    generator = random.Random(work.seed)
    return ["".join(generator.choices(ALPHABET, k=work.prompt_tokens)) for _ in range(count)]


def build_model(work: Work) -> Any:
    """The causal language model, fp32, seeded."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(work.seed)
    config = AutoConfig.for_model(
        work.family,
        vocab_size=work.vocabulary,
        hidden_size=work.width,
        intermediate_size=work.mlp_width,
        num_hidden_layers=work.layers,
        num_attention_heads=work.heads,
        num_key_value_heads=work.kv_heads,
        max_position_embeddings=work.prompt_tokens + work.completion_tokens,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def build_tokenizer(work: Work) -> Any:
    """One token per character of a prompt; the model may also write words, which no prompt has."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = [PAD, EOS, *ALPHABET]
    words = [f"w{i}" for i in range(work.vocabulary - len(known))]
    tokenizer = Tokenizer(
        models.WordLevel({token: index for index, token in enumerate([*known, *words])}, unk_token=EOS)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=EOS, unk_token=EOS, padding_side="left"
    )


def step_options(description: str | None) -> argparse.Namespace:
    """The command line of both sides' scripts."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("algorithm", choices=["grpo", "ppo"])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=7)
    parser.add_argument("--micro-batch", type=int, default=0, help="completions a forward pass; 0 is all of them")
    parser.add_argument("--json", type=Path, required=True)
    return parser.parse_args()


def write(work: Work, folder: Path) -> None:
    """Save model, tokenizer and the sizes, for every side to load."""
    folder.mkdir(parents=True, exist_ok=True)
    build_model(work).save_pretrained(folder)
    build_tokenizer(work).save_pretrained(folder)
    (folder / "work.json").write_text(json.dumps(asdict(work), indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Work:
    return Work(**json.loads((folder / "work.json").read_text(encoding="utf-8")))


class StepClock:
    """Seconds from the end of one step to the end of the next: nothing between two steps goes uncounted.

    Processor seconds of all threads are recorded beside the wall's: they grow less when others use the machine.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self.start()

    def start(self) -> None:
        """The first step begins."""
        self._since = time.perf_counter(), time.process_time()

    def step(self) -> None:
        """A step ends, and the next begins."""
        now = time.perf_counter(), time.process_time()
        self.seconds.append(now[0] - self._since[0])
        self.cpu_seconds.append(now[1] - self._since[1])
        self._since = now


def resident_bytes(field: str) -> int:
    """Resident memory of this process: `VmRSS` now, `VmHWM` at its peak.

    Read from /proc: unlike getrusage it does not count the memory of the process that started this one.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


if __name__ == "__main__":
    write(replace(SIZES[sys.argv[3]], threads=int(sys.argv[2])), Path(sys.argv[1]))
