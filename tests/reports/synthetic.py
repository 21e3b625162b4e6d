"""A results folder with known numbers, written only through rlvr_bench.harness.records."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr_bench.harness import records
from rlvr_bench.harness.records import (
    CellInfo,
    ManySamples,
    MemorySources,
    PartInfo,
    PlannedRun,
    RoleStates,
    SuiteManifest,
    Summary,
)

PARAMETERS = 1_000_000
MIB = 1024**2
GPU = {"name": "Test GPU", "uuid": "GPU-1"}
PHASES = {"rollout": 0.4, "reward": 0.01, "score": 0.19, "update_actor": 0.4}


@dataclass(frozen=True)
class Spec:
    """One cell: what it is and the numbers it shall show.  Functions take the seed."""

    name: str
    label: str
    algorithm: str
    source: str
    roles: tuple[str, ...]
    final: Callable[[int], float] = lambda seed: 0.9
    seconds: Callable[[int], float] = lambda seed: 1.0
    peak: Callable[[int], float] = lambda seed: 60.0 * MIB
    zero_groups: float = 0.2
    status: Mapping[int, str] = field(default_factory=dict)  # by seed; "missing" and "torn" leave no summary
    reason: str = ""
    reward: Mapping[str, Any] = field(default_factory=dict)  # settings of the reward besides its source
    facts: Mapping[str, Any] = field(default_factory=dict)  # of the reward model, for the summary
    actor_scored: bool | None = True  # as the summary records it; None as in old records
    needs: Mapping[str, Any] = field(default_factory=dict)  # of the algorithm, as the summary records it
    more: Callable[[int, int, float], Mapping[str, float | None]] | None = None  # (seed, step, share done) -> metrics
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # by table of the configuration
    parameters: int = PARAMETERS  # of each model
    search: str = ""  # that it is a trial of
    ladder: Callable[[int], Sequence[Mapping[str, Any]]] | None = None  # seed -> rows of ladder.jsonl
    values: Callable[[int], Sequence[Mapping[str, Any]]] | None = None  # seed -> rows of values.jsonl.gz
    many: Callable[[int], ManySamples] | None = None  # seed -> the line of many.jsonl.gz


CELLS = (
    Spec("ppo-rm", "PPO, four models", "ppo", "learned", ("actor", "critic", "reference", "reward"),
         lambda s: 0.70 + 0.02 * s, lambda s: 1.83 + 0.01 * s, lambda s: (100 + s) * MIB),
    Spec("ppo", "PPO, verifier", "ppo", "verifier", ("actor", "critic", "reference"),
         lambda s: 0.90 + 0.01 * s, lambda s: 1.67 + 0.01 * s, lambda s: (90 + s) * MIB),
    Spec("grpo", "GRPO, verifier", "grpo", "verifier", ("actor", "reference"),
         lambda s: 0.91 + 0.01 * s, lambda s: 1.00 + 0.005 * s, lambda s: (45 + s) * MIB),
)  # fmt: skip
LEARNING = PartInfo("learning", "learning", "Learning to sort, tiny model", (0, 1, 2))
SYSTEMS = PartInfo("systems", "systems", "Cost of a step, 1 M parameters", (0, 1, 2))


def write(
    root: Path, cells: Sequence[Spec] = CELLS, parts: Sequence[PartInfo] = (LEARNING, SYSTEMS), **changes: Any
) -> Path:
    """Write a whole folder.

    Args:
        changes: environment (a function of part, cell, seed), completion (text), steps, command, hypotheses, config (a
            function of part, cell, seed: sections and the values to set in them), row (a function of cell, seed, step:
            more metrics of every part).
    """
    root.mkdir(parents=True, exist_ok=True)
    planned = []
    for part in parts:
        for seed in part.seeds:
            for cell in cells:
                folder = f"{part.name}/{cell.name}/seed-{seed}"
                config = _planned(part, cell, seed, changes)
                digest = f"{abs(hash_text(records.canonical_json(config))):012x}"
                planned.append(PlannedRun(part.name, cell.name, seed, folder, digest))
                if cell.status.get(seed) != "missing":
                    _run(root / folder, part, cell, seed, config, digest, changes)
    manifest = SuiteManifest(
        "quick", "PPO and GRPO, side by side", changes.get("command", "rlvr-bench run quick"), "0.1.0",
        "2026-01-02T03:04:05Z", tuple(parts), tuple(CellInfo(c.name, c.label, c.search) for c in cells), tuple(planned),
        ("Synthetic numbers.",), tuple(changes.get("hypotheses", ())),
        records.hypotheses_hash(changes.get("hypotheses", ())),
    )  # fmt: skip
    records.write_json(root / "suite.json", manifest)
    return root


def hash_text(text: str) -> int:
    """A small hash that does not depend on the process."""
    value = 7
    for character in text:
        value = (value * 31 + ord(character)) % (1 << 48)
    return value


def states(role: str, n: int = PARAMETERS) -> RoleStates:
    """fp32: 16 bytes a trained parameter, 4 a frozen one."""
    trained = role in {"actor", "critic"}
    return RoleStates(n, trained, 4 * n, 4 * n if trained else 0, 8 * n if trained else 0, 0)


def adapted_states(role: str, n: int = PARAMETERS) -> RoleStates:
    """fp32: adapters of 10,000 parameters on one base, which is counted with the actor; a reward model of its own."""
    few = 10_000
    if role == "reward":
        return states(role, n)
    if role == "reference":
        return RoleStates(n, False, 0, 0, 0, 0, shared_weights=4 * n)
    lent = 0 if role == "actor" else 4 * n
    return RoleStates(n + few, True, 4 * (n + few) - lent, 4 * few, 8 * few, 0, few, lent)


def _config(part: PartInfo, cell: Spec, seed: int) -> dict[str, Any]:
    config = _shared_config(part, cell, seed)
    return config | {table: config.get(table, {}) | dict(values) for table, values in cell.settings.items()}


def _shared_config(part: PartInfo, cell: Spec, seed: int) -> dict[str, Any]:
    return {
        "name": f"{part.name}/{cell.name}",
        "seed": seed,
        "model": {"name": "tiny:64x2", "dtype": "float32"},
        "task": {"name": "sort", "digits": 4},
        "algorithm": {"name": cell.algorithm, "kl_coef": 0.02}
        | ({"gae_lambda": 1.0} if cell.algorithm == "ppo" else {}),
        "reward": {"source": cell.source, "label_pairs": 512, **cell.reward},
        "rollout": {"prompts": 16, "group_size": 8, "max_tokens": 32, "temperature": 1.0},
        "train": {"steps": 40, "lr": 3e-4, "critic_lr": 1e-3, "epochs": 1, "minibatches": 2},
        "evaluate": {"every": 5, "items": 256},
        "measure": {"warmup_steps": 1},
    }


def _planned(part: PartInfo, cell: Spec, seed: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with as many steps as are written, and what a test changes in it."""
    config = _config(part, cell, seed)
    config["train"]["steps"] = changes.get("steps", 40 if part.kind == "learning" else 4)
    for section, values in changes.get("config", lambda *_: {})(part, cell, seed).items():
        config[section] = config.get(section, {}) | values
    return config


def _environment(part: PartInfo, cell: Spec, seed: int) -> dict[str, Any]:
    return {
        "cpu": {"model": "Test CPU", "cores": 2}, "threads": 2, "memory_bytes": 8 * 1024**3, "gpus": [GPU],
        "driver": "1.2", "versions": {"python": "3.11.7", "torch": "2.8.0"}, "platform": "Linux",
        "hostname": f"box-{seed}",
    }  # fmt: skip


def _run(
    folder: Path, part: PartInfo, cell: Spec, seed: int, config: dict[str, Any], digest: str, changes: Mapping[str, Any]
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    status = cell.status.get(seed, "completed")
    records.write_json(folder / "config.json", {"hash": digest, "config": config})
    environment = changes.get("environment", _environment)
    records.write_json(folder / "environment.json", environment(part, cell, seed))
    learning = part.kind != "systems"
    steps = changes.get("steps", 40 if learning else 4)
    last = steps if status == "completed" else steps // 2
    logs = records.RunLogs(folder)
    for step in range(0 if learning else 1, last + 1):
        row = _metrics(cell, seed, step, steps, learning=learning)
        if learning and cell.more:
            row |= cell.more(seed, step, step / steps)
        row |= changes["row"](cell, seed, step) if "row" in changes else {}
        logs.step(step, row)
    if learning:
        text = changes.get("completion", "<think>4 < 7</think><answer>1247</answer>")
        for step in (1, last):
            rows = [{"step": step, "prompt": f"Sort 742{i}", "completion": text, "target": "1247", "reward": 1.0,
                     "outcome": "correct", "detail": ""} for i in range(3)]  # fmt: skip
            records.Log(folder / "completions.jsonl.gz").append(rows)
    for ladder_row in cell.ladder(seed) if cell.ladder else ():
        logs.ladder(ladder_row)
    for values_row in cell.values(seed) if cell.values else ():
        logs.values(values_row)
    if cell.many and status == "completed":
        logs.many(cell.many(seed))
    if status == "torn":
        return
    memory = MemorySources("rss", "no NVIDIA GPU", 10 * MIB, None, "no CUDA", None, "no NVML")
    summary = Summary(
        status, cell.reason, part.name, cell.name, seed, digest, "2026-01-02T03:04:05Z", 42.0, last,
        {role: states(role, cell.parameters) for role in cell.roles}, memory, reward_model=cell.facts,
        algorithm={} if cell.actor_scored is None else {"actor_scored": cell.actor_scored, "needs": dict(cell.needs)},
    )  # fmt: skip
    records.write_json(folder / "summary.json", summary)


def _metrics(cell: Spec, seed: int, step: int, steps: int, *, learning: bool) -> dict[str, float | None]:
    done = min(1.0, step / (0.6 * steps))
    accuracy = 0.4 + (cell.final(seed) - 0.4) * done
    row: dict[str, float | None] = {}
    if learning and step % 5 == 0:
        row |= {"eval/pass@1": accuracy, "eval/greedy": min(1.0, accuracy + 0.02)}
    if step == 0:
        return row
    slow = 5.0 if step == 1 else 1.0  # the warm-up step, which must not count
    seconds = cell.seconds(seed) * slow
    row |= {
        "cost/seconds": seconds,
        "cost/tokens": 3200.0,
        "cost/samples": 128,
        "cost/tokens_per_second": 3200 / seconds,
    }
    shares = PHASES | ({"update_critic": 0.4} if "critic" in cell.roles else {})
    for phase, share in shares.items():
        row[f"cost/seconds/{phase}"] = seconds * share / sum(shares.values())
        row[f"cost/flops/{phase}"] = 1e9 * share
        row[f"cost/memory/device_peak/{phase}"] = 10 * MIB + (cell.peak(seed) - 5 * MIB * (phase == "rollout")) * slow
    if not learning:
        return row
    wave = 0.1 * math.sin(step + seed)
    proxy = 2 * done + wave if cell.source == "learned" else None
    return row | {
        "rollout/reward_mean": accuracy,
        "rollout/true_reward_mean": accuracy + 0.1 * wave,
        "rollout/proxy_reward_mean": proxy,
        "rollout/length_mean": 24 + wave,
        "rollout/truncated_fraction": 0.02,
        "rollout/zero_std_groups": cell.zero_groups,
        "train/kl_to_reference": 0.05 * done,
        "train/approx_kl": 0.002 + 0.001 * wave,
        "train/entropy": 1.0 - 0.6 * done,
        "train/grad_norm": 1.0 + wave,
        "train/clip_fraction": 0.05 + 0.02 * wave,
        "train/explained_variance": 0.5 * done if "critic" in cell.roles else None,
    }
