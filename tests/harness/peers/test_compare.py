"""The comparison with another library: its work, its statistics, its refusals.  The other library is not needed."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.peers import work as fixed
from rlvr_bench.harness.peers.compare import problems, summarize, table
from rlvr_bench.harness.peers.work import Work


def run(library: str, seconds: list[float], *, algorithm: str = "grpo", **changes: Any) -> dict[str, Any]:
    """What a side reports when it did the work."""
    roles = ["actor", "reference"] if algorithm == "grpo" else ["actor", "critic", "reference", "reward"]
    return {
        "library": library,
        "version": "1.0",
        "algorithm": algorithm,
        "seconds": seconds,
        "cpu_seconds": [2 * s for s in seconds],
        "peak_rss_bytes": 100,
        "imported_rss_bytes": 10,
        "parameters": {role: 1_059_456 + (role in ("critic", "reward")) * 128 for role in roles},
        "dtypes": ["torch.float32"],
        "completions": 256 * len(seconds),
        "completion_tokens": [32],
        "kl": 0.01,
        "threads": 2,
    } | changes


def test_parameters_of_the_work_are_those_of_the_model() -> None:
    # 64 x 128 embeddings; 4 layers of 4 x 128^2 + 3 x 128 attention, 3 x 128 x 512 MLP, 2 x 128 norms; 128 at the end
    assert 8192 + 4 * (65536 + 384 + 196608 + 256) + 128 == 1_059_456 == Work().parameters
    small = Work(width=16, layers=1, heads=2, mlp_width=24)
    assert sum(p.numel() for p in fixed.build_model(small).parameters()) == small.parameters


def test_work_survives_the_folder(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    small = Work(width=16, layers=1, heads=2, mlp_width=24)
    fixed.write(small, tmp_path)
    assert fixed.read(tmp_path) == small
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    assert sum(p.numel() for p in model.parameters()) == small.parameters
    text = fixed.prompts(small, 1)[0]
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == small.prompt_tokens
    assert tokenizer.decode(ids) == text


def test_prompts_are_distinct_and_repeatable() -> None:
    texts = fixed.prompts(Work(), 300)
    assert len(set(texts)) == 300
    assert texts == fixed.prompts(Work(), 300)
    assert texts != fixed.prompts(replace(Work(), seed=2), 300)


def test_reward_is_the_share_of_digits() -> None:
    assert fixed.reward("a1b2") == 0.5
    assert fixed.reward("") == 0.0


def test_ratio_is_taken_within_pairs_and_without_warm_up() -> None:
    # Run medians 1, 2, 3 against 2, 2, 12: ratios 0.5, 1, 0.25.
    ours = [run("ours", [90.0, 80.0, 1.0, 1.0, 5.0]), run("ours", [9.0, 9.0, 2.0]), run("ours", [9.0, 9.0, 3.0])]
    theirs = [run("peer", [9.0, 9.0, 2.0]), run("peer", [9.0, 9.0, 2.0]), run("peer", [0.1, 0.1, 12.0])]
    theirs[1]["peak_rss_bytes"] = 400
    summary = summarize(list(zip(ours, theirs, strict=True)), warm_up=2)
    assert summary["ratios"] == [0.5, 1.0, 0.25]
    assert summary["ratio"] == 0.5
    assert summary["ours"]["step_seconds"] == 2.0  # of 1, 1, 5, 2, 3
    assert summary["fastest_ratio"] == 0.5  # 1 against 2: steps of the warm-up do not count
    assert summary["cpu_ratio"] == 1.0  # 4 of 2, 2, 10, 4, 6 against 4 of 4, 4, 24
    assert summary["peak_rss_ratio"] == 0.25
    assert json.loads(json.dumps(summary)) == summary


def test_clock_counts_what_lies_between_steps() -> None:
    clock = fixed.StepClock()
    clock.start()
    start = time.perf_counter()
    clock.step()
    clock.step()
    assert len(clock.seconds) == len(clock.cpu_seconds) == 2
    assert 0 <= sum(clock.seconds) <= time.perf_counter() - start + 1e-3


def test_table_shows_both_sides_and_the_ratio() -> None:
    text = table({"ppo": summarize([(run("ours", [1.0]), run("peer", [4.0]))], warm_up=0)})
    assert "peer 1.0" in text
    assert "ppo, ours / theirs: step 0.25 (median of 1 pairs, 0.25 .. 0.25" in text


@pytest.mark.parametrize("algorithm", ["grpo", "ppo"])
def test_the_work_done_as_asked_has_no_problems(algorithm: str) -> None:
    assert problems(run("peer", [1.0] * 3, algorithm=algorithm), Work(), 3) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seconds": [1.0]}, "1 steps timed instead of 3"),
        ({"completions": 255}, "255 completions"),
        ({"completion_tokens": [31, 32]}, "completions of [31, 32] tokens"),
        ({"parameters": {"actor": 1_059_456}}, "models ['actor']"),
        ({"parameters": {"actor": 1_059_456, "reference": 1_000_000}}, "parameters {"),
        ({"dtypes": ["torch.bfloat16"]}, "weights of ['torch.bfloat16']"),
        ({"threads": 1}, "1 threads"),
        ({"kl": 0.0}, "KL to the reference 0.0"),
        ({"kl": None}, "KL to the reference None"),
    ],
)
def test_unlike_work_is_named(change: dict[str, Any], named: str) -> None:
    found = problems(run("peer", [1.0] * 3) | change, Work(), 3)
    assert len(found) == 1
    assert named in found[0]
