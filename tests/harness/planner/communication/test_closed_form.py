"""The closed form gives the literature's multiples by hand, and what real processes exchange, to the byte."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.layers import merge
from rlvr_bench.harness.planner.communication.closed_form import Messages, Passes, messages, sent
from tests.harness.engines.deepspeed.several import Result, train_in_processes
from tests.harness.engines.deepspeed.test_engine import STAGES, case

PSI = 1200
FOUR = ("actor", "critic", "reference", "reward")
SIDES: dict[str, tuple[str, ...]] = {
    "PPO, four models": FOUR,
    "PPO, verifier": FOUR[:3],
    "GRPO, reference": ("actor", "reference"),
    "GRPO": ("actor",),
}


def psi(side: str, stage: int, passes: Passes | None = None, processes: int = 2) -> float:
    """What a process sends, in models, with (n - 1) / n as 1."""
    sizes: Any = {role: [PSI] for role in SIDES[side]}
    found = sent(messages(sizes, passes or Passes(), stage=stage, processes=processes), processes)
    return found / PSI * processes / (processes - 1)


def test_one_micro_batch_is_what_the_literature_counts() -> None:
    assert [psi(side, 3) for side in SIDES] == [11, 10, 6, 5]
    assert [psi(side, 3, Passes(actor_scored=False)) for side in SIDES] == [10, 9, 5, 4]
    for stage, expected in ((0, [4, 4, 2, 2]), (1, [6, 6, 3, 3]), (2, [6, 6, 3, 3])):
        assert [psi(side, stage) for side in SIDES] == expected


def test_micro_batches_count_where_something_is_exchanged_in_each() -> None:
    """Two optimizer steps of four micro-batches each, and four passes to score."""
    passes = Passes(optimizer_steps=2, update=8, score=4, actor_scored=False)
    assert [psi("GRPO", stage, passes) for stage in STAGES] == [2 * 2, 3 * 2, 2 * 8 + 2, 1 + 3 * 8]
    assert psi("PPO, four models", 3, passes) == 1 + 3 * 4 + 2 * 3 * 8


def test_shares_are_filled_up() -> None:
    """Each tensor to a multiple of the processes at stage 3; the whole to twice that at 1 and 2; no sum at all."""
    sizes: Any = {"actor": [5, 3]}
    assert messages(sizes, Passes(actor_scored=False), stage=3, processes=4) == {
        ("gather", "all_gather_into_tensor"): 12,
        ("update_actor", "all_gather_into_tensor"): 24,
        ("update_actor", "reduce_scatter_tensor"): 12,
    }
    assert messages(sizes, Passes(), stage=1, processes=3) == {
        ("update_actor", "all_reduce"): 8,
        ("update_actor", "all_gather_into_tensor"): 12,
    }


CASES: dict[str, dict[str, Any]] = {
    "ppo, reward model": {"train": {"micro_tokens": 40, "minibatches": 5}},
    "grpo, missing verdicts": {"train": {"epochs": 2}},
}


def counted(row: dict[str, Any], what: str) -> Messages:
    prefix = f"cost/communication/{what}/"
    found: Any = Counter()
    for name, value in row.items():
        if name.startswith(prefix):
            phase, operation = name.removeprefix(prefix).split("/")
            found[phase, operation] = int(value)
    return found


def expected(result: Result, stage: int, processes: int, step: int) -> Messages:
    """From how often the models were called in the step."""
    calls = result.facts["calls"][step]
    passes = Passes(
        optimizer_steps=calls["step"]["actor"],
        update=calls["backward"]["actor"],
        score=calls["forward"]["reference"],
        actor_scored=calls["forward"]["actor"] > calls["backward"]["actor"],
    )
    return messages(result.facts["tensors"], passes, stage=stage, processes=processes)


@pytest.mark.slow
@pytest.mark.parametrize(("stages", "processes"), [(STAGES, 2), ((3,), 3)])
def test_real_processes_exchange_what_the_closed_form_says(
    stages: tuple[int, ...], processes: int, tmp_path: Path
) -> None:
    cases = {f"{n} {s}": case(n, s, processes, **merge({}, more)) for n, more in CASES.items() for s in stages}
    found = train_in_processes(cases, processes, tmp_path, logged=True)
    for name, result in found.items():
        stage = int(name[-1])
        for step, row in enumerate(result.rows):
            there = counted(row, "bytes")
            # Another instrument: DeepSpeed's own log, which has the share where we have the whole of what is gathered.
            assert result.facts["logged"][step] == as_logged(row, processes)
            if step == 0:  # its order is agreed on
                continue
            formula = expected(result, stage, processes, step)
            steps = result.facts["calls"][step]["step"]
            for key, numbers in formula.items():
                few = 8 * steps[key[0].removeprefix("update_")] if key[1] == "all_reduce" else 0
                assert 0 <= there.pop(key) - 4 * numbers <= few, key
            assert sum(there.values()) <= 8 * sum(steps.values())  # norms
    three = found["ppo, reward model 3"].facts["calls"][1]
    assert three["backward"]["actor"] > three["step"]["actor"] == 5


def as_logged(row: dict[str, Any], processes: int) -> dict[str, list[int]]:
    """Calls and bytes of each operation in the whole step, as DeepSpeed's log has them."""
    sums: dict[str, list[int]] = {}
    sizes = counted(row, "bytes")
    for key, calls in counted(row, "calls").items():
        one = sums.setdefault(key[1], [0, 0])
        one[0] += calls
        one[1] += sizes[key] // (processes if key[1] == "all_gather_into_tensor" else 1)
    return sums
