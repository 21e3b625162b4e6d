from __future__ import annotations

from rlvr_bench.harness.commands.plan.page import sent_table, table
from rlvr_bench.harness.commands.plan.question import Question

QUESTION = Question(
    model="", algorithms=("ppo", "grpo"), reward="verifier", gpu=None, devices=1, stage=0, offload="none",
    offload_frozen=False, prompts=2, group=2, prompt_tokens=8, max_tokens=8, micro_tokens=64, dtype="bfloat16",
    checkpointing=False,
)  # fmt: skip


def test_a_row_for_each_model_and_a_column_for_each_number_of_devices() -> None:
    text = table(QUESTION, 5 * 2**30, ("smollm2-360m", "smollm2-135m"), (1, 2, 4))
    rows = [line for line in text.splitlines() if line.startswith("| smollm2")]
    assert [row.split(" | ")[0] for row in rows] == ["| smollm2-135m", "| smollm2-360m"], "by size"
    assert "| 1 device | 2 devices |" in text, "four devices have no prompt each"
    assert rows[0].count("**") == 8, "the small one fits everywhere"
    assert " – / " in rows[1], "PPO's states of the larger one alone are too much for one device"


def test_what_is_sent_has_its_own_table() -> None:
    text = sent_table(QUESTION, 10**9, ("smollm2-360m", "smollm2-135m"), (2, 4))
    rows = [line for line in text.splitlines() if line.startswith("| smollm2")]
    assert [row.split(" | ")[0] for row in rows] == ["| smollm2-135m", "| smollm2-360m"], "by size"
    assert "| model | 2 devices |" in text and "at 1 GB a second" in text
    assert all(row.count("GiB /") + row.count("MiB /") == 1 and row.count(" s)") == 1 for row in rows)
