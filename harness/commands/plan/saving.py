"""Where does GRPO save about half of the memory: planned from 0.1 to 72 B parameters, in five ways to train."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.commands.plan.question import Question, cases_of
from rlvr_bench.harness.planner.plan import Plan, states_of_run
from rlvr_bench.reports.load import load
from rlvr_bench.reports.measures.curves.memory_curve import saving_points

SMALLER = {
    "qwen2.5-0.5b": "smollm2-135m", "qwen2.5-1.5b": "qwen2.5-0.5b", "qwen2.5-7b": "qwen2.5-1.5b",
    "qwen2.5-32b": "qwen2.5-7b", "qwen2.5-72b": "qwen2.5-14b",
}  # fmt: skip
"""What a small critic is made from: a fifth to a third of the actor's parameters."""
MODELS = ("smollm2-135m", *SMALLER)
COMPLETIONS = (256, 2048)  # tokens
PROMPT, MICRO_TOKENS = 512, 16384
WAYS: dict[str, dict[str, Any]] = {
    "three models against two": {},
    "four models against two": {"reward": "learned"},
    "frozen models on the CPU": {"offload_frozen": True},
    "small critic": {"critic": SMALLER},
    "adapters, rank 16": {"adapter": 16},
}
"""Only the second has a reward model, and PPO alone has it there."""


@dataclass(frozen=True)
class Saving:
    """PPO and GRPO of one model with completions of so many tokens, bytes of one device."""

    way: str
    model: str
    parameters: int
    tokens: int
    ppo: dict[str, int]  # by phase, and `states`
    grpo: dict[str, int]

    @property
    def of_peak(self) -> float:
        """Share of PPO's peak that GRPO does not have."""
        return 1 - _peak(self.grpo) / _peak(self.ppo)

    @property
    def of_states(self) -> float:
        """Share of PPO's state bytes."""
        return 1 - self.grpo[STATES] / self.ppo[STATES]


STATES = "states"


def _peak(held: dict[str, int]) -> int:
    return max(size for name, size in held.items() if name != STATES)


def planned(way: str, model: str, tokens: int) -> Saving | None:
    """None: there is no smaller model that the critic could be made from."""
    how = WAYS[way]
    critic = how["critic"].get(model) if "critic" in how else ""
    if critic is None:
        return None
    question = Question(
        model=model, algorithms=("ppo", "grpo"), reward="verifier", gpu=None, devices=1, stage=0, offload="none",
        offload_frozen=how.get("offload_frozen", False), prompts=32, group=8, prompt_tokens=PROMPT,
        max_tokens=tokens, micro_tokens=MICRO_TOKENS, dtype="bfloat16", checkpointing=True,
        adapter=how.get("adapter"), critic=critic,
    )  # fmt: skip
    ppo = cases_of(replace(question, algorithms=("ppo",), reward=how.get("reward", "verifier")))[0]
    grpo = cases_of(replace(question, algorithms=("grpo",), critic=""))[0]
    parameters = states_of_run(grpo.config, grpo.shape)["actor"].parameters
    return Saving(way, model, parameters, tokens, _held(ppo.plan()), _held(grpo.plan()))


def _held(plan: Plan) -> dict[str, int]:
    return {phase.phase: phase.total for phase in plan.phases} | {STATES: sum(s.total for s in plan.states.values())}


def measured(results: Path) -> list[tuple[int, float]]:
    """Parameters and saving of the peak, of every pair of cells in a study of peaks over sizes."""
    study = load(results)
    points = [p for part in study.parts("systems") for p in saving_points(study.cells(part))]
    return [(p.parameters, p.measured.value) for p in points if p.measured]
