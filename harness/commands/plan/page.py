"""The table of models from 0.1 to 70 billion parameters on 1 to 64 devices, PPO beside GRPO, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.commands.plan.question import Question, cases_of
from rlvr_bench.harness.commands.plan.show import SEVERAL
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models.architectures import ARCHITECTURES
from rlvr_bench.harness.planner.communication.on_paper import sent_in_step
from rlvr_bench.harness.planner.plan import Case, states_of_run
from rlvr_bench.reports.numbers import number, size

DEVICES = (1, 2, 4, 8, 16, 32, 64)


def write_table(question: Question, limit: int, file: Path, bandwidth: int | None) -> None:
    """Write it, for the options of a question and devices of so many bytes, with what they send in so many a second."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = table(question, limit, tuple(ARCHITECTURES), DEVICES)
    if bandwidth is not None:
        text += "\n" + sent_table(question, bandwidth, tuple(ARCHITECTURES), DEVICES[1:])
    file.write_text(text)


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
                "A dash: weights and optimizer alone are too much. Not held against GPUs; "
                f"{SEVERAL}.",
                "",
                f"| model | parameters | {' | '.join(map(_devices, devices))} |",
                f"|---|---|{'---|' * len(devices)}",
                *(f"| {row[1]} | {row[0] / 1e9:.2f} B | {' | '.join(row[2])} |" for row in rows),
            ]
        )
        + "\n"
    )


def sent_table(question: Question, bandwidth: int, models: Sequence[str], devices: Sequence[int]) -> str:
    """Bytes that one device sends in a step, and the seconds that they take.

    Args:
        bandwidth: bytes that one device sends in a second.
        models: built-in architectures.
        devices: numbers of them, each more than one.
    """
    devices = [n for n in devices if n <= question.prompts]
    names = " / ".join(name.upper() for name in question.algorithms)
    rows = []
    for name in models:
        cases = cases_of(replace(question, model=name))
        cells = [_sent([sent_in_step(_on(case, question, n)) for case in cases], bandwidth) for n in devices]
        rows.append((_parameters(cases[0]), name, cells))
    rows.sort(key=lambda row: row[0])
    return (
        "\n".join(
            [
                f"# What one device sends in a step, {names}",
                "",
                f"Every operation goes round a ring; in brackets seconds at {bandwidth / 1e9:g} GB a second, if "
                "nothing is done meanwhile. Settings as above; harness/planner/communication has the closed form.",
                "",
                f"| model | {' | '.join(map(_devices, devices))} |",
                f"|---|{'---|' * len(devices)}",
                *(f"| {name} | {' | '.join(cells)} |" for _, name, cells in rows),
            ]
        )
        + "\n"
    )


def _sent(found: Sequence[float], bandwidth: int) -> str:
    return f"{' / '.join(map(size, found))} ({' / '.join(number(one / bandwidth) for one in found)} s)"


def _on(case: Case, question: Question, devices: int) -> Case:
    return replace(case, how=Sharding(devices, (question.stage or 3) if devices > 1 else 0, question.offload))


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count} devices"


def _row(question: Question, limit: int, devices: Sequence[int]) -> tuple[int, str, list[str]]:
    cases = cases_of(question)
    cells = [" / ".join(_cell(_on(case, question, n), limit) for case in cases) for n in devices]
    return _parameters(cases[0]), question.model, cells


def _parameters(case: Case) -> int:
    """Of the actor."""
    return states_of_run(case.config, case.shape)["actor"].parameters


def _cell(case: Case, limit: int) -> str:
    if case.floor() > limit:
        return "–"
    peak = case.plan().peak.total
    return f"**{size(peak)}**" if peak <= limit else size(peak)
