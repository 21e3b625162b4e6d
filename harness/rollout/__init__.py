"""Engines that sample completions, behind one protocol (`types.py`); `rollout.engine` names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr_bench.harness.config.schema import RunConfig
    from rlvr_bench.harness.rollout.types import RolloutEngine

ROLLOUT_ENGINES = ("torch", "vllm")
MAX_TEMPERATURE = 2.0
"""vLLM refuses more."""


def rollout_engine(
    config: RunConfig, lm: Any, tokenizer: Any, *, name: str = "torch", with_logprobs: bool = False
) -> RolloutEngine:
    """An engine with the settings of a run; imported here and not before.

    Args:
        lm: the live model, where it is.
        name: one of ROLLOUT_ENGINES; `rollout.engine` for rollouts, the reference engine for all else.
        with_logprobs: keep the log-probabilities of the sampled tokens; vLLM always does.
    """
    from rlvr_bench.harness.models.ends import end_ids

    if name == "torch":
        from rlvr_bench.harness.rollout.torch_engine import TorchRollout

        return TorchRollout(
            lm,
            pad=tokenizer.pad_token_id,
            ends=end_ids(lm, tokenizer),
            max_rows=config.max_rows,
            share=config.compute.share,
            precision=config.compute.autocast,
            with_logprobs=with_logprobs,
        )
    if name == "vllm":
        from rlvr_bench.harness.rollout.vllm_engine import VllmRollout

        return VllmRollout(
            lm,
            pad=tokenizer.pad_token_id,
            ends=end_ids(lm, tokenizer),
            max_rows=config.max_rows,
            max_length=config.rollout.max_prompt_tokens + config.rollout.max_tokens,
        )
    raise ValueError(f"no rollout engine {name!r}; there are {', '.join(ROLLOUT_ENGINES)}")
