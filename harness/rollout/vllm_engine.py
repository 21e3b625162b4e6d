"""vLLM as the engine that samples, in the run's own process and on its device.

Its weights are handed over after each update; on a GPU it sleeps between rollouts, with its weights on the CPU and its
cache given back.  It computes with other kernels than those that score, so its log-probabilities are never trained on:
they are compared with the scorer's, see `gap.py`.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.harness.rollout.text import left_padded
from rlvr_bench.harness.rollout.types import Samples, SamplingParams, TokenIds
from rlvr_bench.harness.seeding import derive_seed

IN_PROCESS = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # the threads are the run's
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
BLOCK = 128
"""Tokens; the cache holds this many more a completion than its longest, since vLLM deals it out in blocks."""


class VllmRollout:
    """A prompt is read once for its group (vLLM's prefix cache); every completion has a seed of its own."""

    def __init__(self, lm: Any, *, pad: int, ends: Sequence[int], max_rows: int, max_length: int) -> None:
        """
        Args:
            lm: the live model, a causal language model of transformers; its weights are taken over.
            ends: ids that end a completion.
            max_rows: most completions sampled at once.
            max_length: most tokens of a prompt and its completion together.
        """
        for name, value in IN_PROCESS.items():
            os.environ.setdefault(name, value)
        vllm: Any = importlib.import_module("vllm")
        parameter = next(lm.parameters())
        self.device, self.pad, self.ends = parameter.device, pad, tuple(ends)
        self.sleeps = self.device.type == "cuda"
        # It seeds torch's generator, which is the run's.
        with torch.random.fork_rng(), tempfile.TemporaryDirectory(prefix="model-of-vllm-") as folder:
            lm.config.save_pretrained(folder)
            self._llm = vllm.LLM(
                folder,
                skip_tokenizer_init=True,
                load_format="dummy",
                generation_config="vllm",  # sampling is as the run says, not as the model's files recommend
                dtype=str(parameter.dtype).removeprefix("torch."),
                max_model_len=max_length,
                max_num_seqs=max_rows,
                kv_cache_memory_bytes=max_rows * (max_length + BLOCK) * _bytes_a_token(lm.config, parameter),
                logprobs_mode="processed_logprobs",
                enforce_eager=not self.sleeps,
                enable_sleep_mode=self.sleeps,
                seed=0,
            )
        self.sync(lm.state_dict().items())

    def sync(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Take over weights; what was read with the ones before is forgotten."""
        if self.sleeps:
            self._llm.wake_up(tags=["weights"])
        self._llm.collective_rpc("reload_weights", kwargs={"weights_iterator": _named(weights)})
        self._llm.reset_prefix_cache()

    def close(self) -> None:
        """Release the engine with its memory."""
        if hasattr(self, "_llm"):
            self._llm.llm_engine.engine_core.shutdown()
            del self._llm

    def generate(self, prompts: Sequence[TokenIds], params: SamplingParams, seed: int) -> Samples:
        """See RolloutEngine; with log-probabilities."""
        wanted_of = importlib.import_module("vllm").SamplingParams
        first, group = params.first, params.group_size
        wanted = [
            wanted_of(
                temperature=0.0 if params.greedy else params.temperature,
                seed=derive_seed(seed, "completion", first * group + row),
                max_tokens=params.max_tokens,
                min_tokens=params.min_tokens,
                stop_token_ids=list(self.ends),
                ignore_eos=True,  # it is among the ends
                logprobs=0,  # of the sampled token
                detokenize=False,
            )
            for row in range(len(prompts) * group)
        ]
        asked: list[Any] = [{"prompt_token_ids": list(tokens)} for tokens in prompts for _ in range(group)]
        if self.sleeps:
            self._llm.wake_up()
        made = [one.outputs[0] for one in self._llm.generate(asked, wanted, use_tqdm=False)]
        if self.sleeps:
            self._llm.sleep(level=1)
        return self._samples(prompts, params, made)

    def _samples(self, prompts: Sequence[TokenIds], params: SamplingParams, made: Sequence[Any]) -> Samples:
        prompt_ids, prompt_mask = left_padded(prompts, self.pad, self.device)
        lengths = torch.tensor([len(one.token_ids) for one in made], device=self.device)
        mask = torch.arange(int(lengths.max()), device=self.device) < lengths.unsqueeze(1)
        ids = torch.full(mask.shape, self.pad, device=self.device)
        ids[mask] = torch.tensor([token for one in made for token in one.token_ids], device=self.device)
        logprobs = torch.zeros(mask.shape, device=self.device)
        logprobs[mask] = torch.tensor(
            [scores[token].logprob for one in made for token, scores in zip(one.token_ids, one.logprobs, strict=True)],
            device=self.device,
        )
        groups = torch.arange(params.first, params.first + len(prompts), device=self.device)
        return Samples(
            prompt_ids=prompt_ids.repeat_interleave(params.group_size, dim=0),
            prompt_mask=prompt_mask.repeat_interleave(params.group_size, dim=0),
            completion_ids=ids,
            response_mask=mask,
            truncated=torch.tensor([one.token_ids[-1] not in self.ends for one in made], device=self.device),
            group_ids=groups.repeat_interleave(params.group_size),
            tokens_read=int(lengths.sum()) - len(made),
            logprobs=logprobs,
        )


def _bytes_a_token(config: Any, parameter: Tensor) -> int:
    """Of the cache: a key and a value a layer."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return 2 * text.num_hidden_layers * heads * width * parameter.element_size()


def _named(weights: Iterable[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
    """As in a model's files: without the name that a role gives to its model."""
    for name, tensor in weights:
        yield name.removeprefix("lm."), tensor
