"""What others published about PPO and GRPO side by side, beside this study's own numbers.

The published rows are copied by hand from the papers named; nothing is computed from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import matched_pairs
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.accuracy import final_score, start
from rlvr_bench.reports.measures.over_seeds import over_seeds


@dataclass(frozen=True, kw_only=True)
class PublishedRow:
    """Accuracies in percent; a dash where the source has none."""

    source: str
    arxiv: str  # empty for this study's rows
    task: str
    base: str = numbers.ABSENT
    ppo: str = numbers.ABSENT
    grpo: str = numbers.ABSENT
    remark: str = ""


PUBLISHED: tuple[PublishedRow, ...] = (
    PublishedRow(
        source="HybridFlow (verl), baseline table", arxiv="2409.19256", task="GSM8K, deepseek-7b-chat", ppo="70.5",
        grpo="71.4", remark="the cleanest published pair",
    ),
    PublishedRow(
        source="HybridFlow (verl), baseline table", arxiv="2409.19256", task="GSM8K, Qwen2.5-0.5B-Instruct", ppo="56.7",
        grpo="54.3", remark="GRPO with LoRA, so not matched; PPO's last 12 evaluations lie between 54.0 and 57.9",
    ),
    PublishedRow(
        source="Yue et al. 2025, pass@1", arxiv="2504.13837", task="Omni-MATH", base="10.2", ppo="26.8", grpo="25.1",
        remark="equal set-up; RLOO 28.1",
    ),
    PublishedRow(
        source="Yue et al. 2025, pass@256", arxiv="2504.13837", task="Omni-MATH", base="69.1", ppo="69.2", grpo="68.3",
        remark="equal set-up; RLOO 69.2",
    ),
    PublishedRow(
        source="DeepSeekMath", arxiv="2402.03300", task="GSM8K", base="82.9", grpo="88.2",
        remark="64 completions a prompt; majority vote rises, pass@k does not",
    ),
    PublishedRow(source="DeepSeekMath", arxiv="2402.03300", task="MATH", base="46.8", grpo="51.7"),
    PublishedRow(
        source="ReMax", arxiv="2310.10505", task="memory and time, 7B",
        remark="the value model is 46 % of the memory; training without it is 1.6 times as fast",
    ),
)  # fmt: skip
NOTE = (
    "Other models, other tasks, other hardware: these numbers say what to expect elsewhere and are not comparable with "
    "this study's. Accuracies in percent; of the published rows one run each unless the paper says otherwise."
)


def beside_ours(study: Study) -> tuple[PublishedRow, ...]:
    """This study's PPO and GRPO under one reward, part by part, and then what was published."""
    ours = [row for part in study.parts("learning") for row in _ours(study, part)]
    return (*ours, *PUBLISHED)


def _ours(study: Study, part: PartInfo) -> list[PublishedRow]:
    rows = []
    for cells in matched_pairs(study.cells(part)):
        ppo, grpo = (over_seeds(c, final_score, most=1.0) for c in cells)
        before = [v for c in cells for r in c.finished if (v := start(r)) is not None]
        if ppo is None or grpo is None:
            continue
        rows.append(
            PublishedRow(
                source="this study",
                arxiv="",
                task=one_line(part.title),
                base=_percent(sum(before) / len(before)) if before else numbers.ABSENT,
                ppo=numbers.with_interval(ppo, _percent),
                grpo=numbers.with_interval(grpo, _percent),
                remark=f"{one_line(cells[0].label)} and {one_line(cells[1].label)}; pass@1, sampled",
            )
        )
    return rows


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"
