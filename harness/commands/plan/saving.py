"""Where does GRPO save about half of the memory: planned from 0.1 to 72 B parameters, in five ways to train.

`python -m rlvr_bench.harness.commands.plan.saving --measured results/memory --out results/planner` plans every case (a
quarter of an hour on one core), and writes saving.json and the figure, with what the results folder has measured at
smaller sizes; with `--drawn` it plans nothing and draws what saving.json has.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.commands.plan.question import Question, cases_of
from rlvr_bench.harness.planner.plan import Plan, states_of_run
from rlvr_bench.harness.progress import track
from rlvr_bench.reports.claims.memory import SAVING
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Plan, record, and draw."""
    from rlvr_bench.harness.commands.plan.saving_figure import savings
    from rlvr_bench.reports.figures.style import save, styled

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--measured", type=Path, required=True, help="results of the suite memory")
    parser.add_argument("--drawn", action="store_true", help="plan nothing, draw what is there")
    options = parser.parse_args(arguments)
    file = options.out / "saving.json"
    if options.drawn:
        found = [Saving(**one) for one in json.loads(file.read_text())]
    else:
        cases = [(way, model, tokens) for tokens in COMPLETIONS for way in WAYS for model in MODELS]
        found = [one for case in track(cases, "plans", len(cases)) if (one := planned(*case))]
        options.out.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([vars(one) for one in found], indent=1, sort_keys=True) + "\n")
    with styled():
        save(savings(found, measured(options.measured), SAVING), options.out, "saving", ("svg", "pdf"))


if __name__ == "__main__":
    main()
