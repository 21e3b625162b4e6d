"""A few completions of each cell are chosen here and made safe to show; all their texts are untrusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlvr_bench.reports.escape import one_line, printable
from rlvr_bench.reports.load import Cell, CompletionRow, Run

EACH = 2  # completions of a step
TEXT_LIMIT, TARGET_LIMIT, JUDGMENT_LIMIT = 600, 200, 300  # characters


@dataclass(frozen=True, kw_only=True)
class ShownCompletion:
    """One completion as the page shows it."""

    where: str
    prompt: str
    completion: str
    target: str
    judgment: str  # reward, outcome, proxy and detail, as recorded


def shown_completions(cells: Sequence[Cell]) -> tuple[tuple[str, tuple[ShownCompletion, ...]], ...]:
    """Per cell the first completions of the first and of the last recorded step of its first seed that has any."""
    found = []
    for cell in cells:
        run = next((r for r in cell.runs if r.completions), None)
        if run is None:
            continue
        steps = list(dict.fromkeys(row.get("step") for row in run.completions))
        rows = [row for step in steps for row in [r for r in run.completions if r.get("step") == step][:EACH]]
        found.append((cell.label, tuple(_shown(run, row) for row in rows)))
    return tuple(found)


def _shown(run: Run, row: CompletionRow) -> ShownCompletion:
    judgment = [f"reward {row.get('reward')}", f"outcome {row.get('outcome')}"]
    proxy = row.get("proxy_reward")
    judgment += [f"proxy {proxy:.3f}"] if isinstance(proxy, float) else []
    judgment += [str(row["detail"])] if row.get("detail") else []
    return ShownCompletion(
        where=f"seed {run.seed}, step {row.get('step')}" + (", held-out item" if row.get("held_out") else ""),
        prompt=printable(str(row.get("prompt", "")), TEXT_LIMIT),
        completion=printable(str(row.get("completion", "")), TEXT_LIMIT),
        target=one_line(str(row.get("target", "")), TARGET_LIMIT),
        judgment=one_line(", ".join(judgment), JUDGMENT_LIMIT),
    )
