"""Engines that sample completions, behind one protocol (`types.py`); `rollout.engine` names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rlvr_bench.harness.config.schema import RunConfig
    from rlvr_bench.harness.rollout.types import RolloutEngine

ROLLOUT_ENGINES = ("torch",)


def rollout_engine(config: RunConfig, lm: Any, tokenizer: Any, *, with_logprobs: bool = False) -> RolloutEngine:
    """The engine that a run's configuration names, one of ROLLOUT_ENGINES; imported here and not before.

    Args:
        lm: the live model, where it is.
        with_logprobs: keep the log-probabilities of the sampled tokens.
    """
    name = config.rollout.engine
    if name == "torch":
        from rlvr_bench.harness.models.ends import end_ids
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
    raise ValueError(f"no rollout engine {name!r}; there are {', '.join(ROLLOUT_ENGINES)}")
