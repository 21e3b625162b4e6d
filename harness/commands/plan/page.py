"""The table of models from 0.1 to 70 billion parameters on 1 to 64 devices, PPO beside GRPO, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.commands.plan.question import Question, cases_of
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models.architectures import ARCHITECTURES
from rlvr_bench.harness.planner.plan import Case, states_of_run
from rlvr_bench.reports.numbers import size

DEVICES = (1, 2, 4, 8, 16, 32, 64)


def write_table(question: Question, limit: int, file: Path) -> None:
    """Write it, for the options of a question and devices of so many bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(table(question, limit, tuple(ARCHITECTURES), DEVICES))


def table(question: Question, limit: int, models: Sequence[str], devices: Sequence[int]) -> str:
    """Peak bytes of one device; bold where it fits.

    Args:
        models: built-in architectures.
        devices: numbers of them that there are prompts for.
    """
    devices = [n for n in devices if n <= question.prompts]
    rows = [_row(replace(question, model=name), limit, devices) for name in models]
    rows.sort(key=lambda row: row[0])
    stage = question.stage or 3
    names = " / ".join(name.upper() for name in question.algorithms)
    return (
        "\n".join(
            [
                f"# Peak memory of one device, {names}",
                "",
                f"Bold fits in {size(limit)}. {question.dtype} weights, over several devices ZeRO stage {stage}, "
                f"{question.prompts} prompts of {question.prompt_tokens} tokens a step, {question.group} completions "
                f"of {question.max_tokens} tokens each, at most {question.micro_tokens} tokens in one forward pass"
                f"{', recomputation' if question.checkpointing else ''}"
                f"{', frozen models on the CPU between uses' if question.offload_frozen else ''}. "
                "A dash: weights and optimizer alone are too much. Over several devices this may be too "
                "little: two processes on a CPU were measured to hold up to half as much again (PLANNER.md).",
                "",
                f"| model | parameters | {' | '.join(map(_devices, devices))} |",
                f"|---|---|{'---|' * len(devices)}",
                *(f"| {row[1]} | {row[0] / 1e9:.2f} B | {' | '.join(row[2])} |" for row in rows),
            ]
        )
        + "\n"
    )


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"


def _row(question: Question, limit: int, devices: Sequence[int]) -> tuple[int, str, list[str]]:
    cells, parameters = [], 0
    for n in devices:
        how = Sharding(n, (question.stage or 3) if n > 1 else 0, question.offload)
        cases = [replace(case, how=how) for case in cases_of(question)]
        parameters = states_of_run(cases[0].config, cases[0].shape)["actor"].parameters
        cells.append(" / ".join(_cell(case, limit) for case in cases))
    return parameters, question.model, cells


def _cell(case: Case, limit: int) -> str:
    if case.floor() > limit:
        return "–"
    peak = case.plan().peak.total
    return f"**{size(peak)}**" if peak <= limit else size(peak)
