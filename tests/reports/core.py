"""A study in the shape of the suite `core`: learning with base lines and baselines, a search, memory over sizes."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness import records
from rlvr_bench.harness.records import BaseMeasurement, CellInfo, Hypothesis, PartInfo, SampledCounts, SuiteManifest
from tests.reports import synthetic
from tests.reports.synthetic import Spec

SORT = PartInfo("sort", "learning", "Sorting digits, tiny model", (1, 2, 3, 4, 5))
SEARCH = PartInfo("search", "search", "Random search on the validation split", (1, 2, 3))
CURVE = PartInfo("memory-curve", "systems", "Peak memory over model size, tokens and micro-batch", (1, 2, 3))
BASE, GREEDY = 0.49, 0.44  # of the base model: sampled at temperature 1, and greedy
RUNGS = ("none", "batch mean", "leave one out", "group mean", "group mean and std", "critic", "oracle")
ACTOR, CRITIC, REFERENCE, REWARD = "actor", "critic", "reference", "reward"


def learner(final: float, pace: float, *, flops: float, clip: float, critic: bool) -> Callable[..., Any]:
    """Metrics of a run that rises from BASE to `final`."""

    def more(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        noise = random.Random(f"{final} {pace} {seed} {step}").gauss(0, 0.012) * (done > 0)
        x = 1 - math.exp(-pace * done * (1 + 0.2 * math.sin(5 * seed)))
        row: dict[str, float | None] = {}
        if step % 5 == 0:
            score = BASE + (final - BASE) * x + noise
            row |= {"eval/pass@1": score, "eval/greedy": score - 0.05 * (1 - x)}
        if step == 0:
            return row
        return row | {
            "cost/flops": flops,
            "train/clip_fraction": clip * (1 - 0.5 * x) + abs(noise) / 5 if clip else 0.0,
            "train/approx_kl": clip * 0.02 * (1 - 0.5 * x) if clip else 0.0,
            "train/explained_variance": 0.62 * (1 - math.exp(-6 * done)) - 0.15 * (done < 0.05) + 3 * noise
            if critic
            else None,
        }

    return more


def ladder(seed: int) -> list[dict[str, Any]]:
    """Rows of ladder.jsonl at three steps; the critic is worse than the batch mean at step 0 and better later."""
    rows = []
    for step, explained in ((0, -0.4), (20, 0.1), (40, 0.55)):
        draw = random.Random(f"ladder {seed} {step}")
        variance = {"none": 30.0, "batch mean": 9.0, "leave one out": 6.2, "group mean": 6.0, "group mean and std": 5.6,
                    "critic": 9.0 * (1 - explained), "oracle": 5.0}  # fmt: skip
        rungs = {
            name: {
                "variance": v * (1 + 0.5 * step / 40) * math.exp(draw.gauss(0, 0.08)),
                "cosines": [1 / math.sqrt(1 + v / 3) + draw.gauss(0, 0.03) for _ in range(8)],
                "scale": 1.0,
            }
            for name, v in variance.items()
        }
        rows.append({"step": step, "batches": 8, "completions": 128, "pass_rate": 0.5, "rungs": rungs,
                     "explained_variance": explained + draw.gauss(0, 0.05)})  # fmt: skip
    return rows


PPO, GRPO = (ACTOR, CRITIC, REFERENCE), (ACTOR, REFERENCE)
CELLS = (
    Spec("ppo-rm", "PPO, four models", "ppo", "learned", (*PPO, REWARD),
         more=learner(0.66, 3, flops=2.4e12, clip=0.05, critic=True)),
    Spec("ppo", "PPO, verifier", "ppo", "verifier", PPO, ladder=ladder,
         more=learner(0.90, 3.0, flops=2.0e12, clip=0.06, critic=True), seconds=lambda s: 1.6 + 0.02 * s),
    Spec("grpo", "GRPO, reference", "grpo", "verifier", GRPO,
         more=learner(0.93, 4.2, flops=1.2e12, clip=0.05, critic=False)),
    Spec("grpo-free", "GRPO, no reference", "grpo", "verifier", (ACTOR,),
         more=learner(0.92, 4.0, flops=1.0e12, clip=0.05, critic=False)),
    Spec("ppo-one", "PPO, one step a rollout", "ppo", "verifier", PPO, settings={"train": {"minibatches": 1}},
         more=learner(0.84, 2, flops=2.0e12, clip=0, critic=True)),
    Spec("grpo-one", "GRPO, one step a rollout", "grpo", "verifier", GRPO, settings={"train": {"minibatches": 1}},
         more=learner(0.86, 2.4, flops=1.2e12, clip=0, critic=False)),
    Spec("entropy", "Lower entropy only (control)", "entropy", "verifier", (ACTOR,),
         more=learner(0.53, 3, flops=1.0e12, clip=0.01, critic=False)),
)  # fmt: skip
HYPOTHESES = (
    Hypothesis("accuracy.final", "GRPO ends within 2 points of PPO", "sort", "pass@1", ("grpo", "ppo"), "difference",
               "equivalent", 0.02, 10, 5),
)  # fmt: skip


def trials(algorithm: str, count: int = 12) -> tuple[Spec, ...]:
    """A random search: best near a learning rate of 3e-4."""
    found = []
    for place in range(count):
        draw = random.Random(f"{algorithm} {place}")
        lr = 10 ** draw.uniform(-5, -2)
        off = math.log10(lr / 3e-4)
        final = max(0.05, 0.9 - 0.2 * off * off - draw.uniform(0, 0.1))
        settings = {"train": {"lr": lr, "minibatches": draw.choice([1, 2, 4])}, "evaluate": {"split": "validation"}}
        if algorithm == "ppo":
            settings["algorithm"] = {"name": "ppo", "gae_lambda": draw.choice([0.95, 1.0]), "kl_coef": 0.02}
        found.append(Spec(f"{algorithm}-{place + 1}", f"{algorithm.upper()}, trial {place + 1}", algorithm, "verifier",
                          PPO if algorithm == "ppo" else GRPO, settings=settings, search=algorithm,
                          final=lambda seed, final=final: final + 0.01 * (seed - 2)))  # fmt: skip
    return tuple(found)


def wavering(value: float) -> Callable[[int], float]:
    """A percent up and down over seeds."""
    return lambda seed: value * (1 + 0.01 * math.sin(seed + value))


def sizes(widths: Sequence[tuple[int, int]] = ((128, 4), (256, 6), (512, 8))) -> tuple[Spec, ...]:
    """PPO and GRPO at several sizes; activations take 20 KiB a token and layer of width 128."""
    found = []
    for width, layers in widths:
        n = 12 * width * width * layers
        for tokens in (32, 128):
            for micro in (512, 4096):
                room = 20 * 1024 * layers * width / 128 * min(micro, 128 * tokens) / 4
                for algorithm, roles, resident in (("ppo", PPO, 28), ("grpo", GRPO, 16)):
                    settings = {
                        "model": {"name": f"tiny:{width}x{layers}", "dtype": "float32"},
                        "rollout": {"max_tokens": tokens, "min_tokens": tokens},
                        "train": {"micro_tokens": micro},
                    }
                    name, label = f"{algorithm}-{width}-{tokens}-{micro}", f"{algorithm.upper()} {width}"
                    peak = wavering(resident * n + room)
                    spec = Spec(name, label, algorithm, "verifier", roles, settings=settings, parameters=n, peak=peak)
                    found.append(spec)
    return tuple(found)


def write_parts(
    root: Path, parts: Mapping[PartInfo, Sequence[Spec]], *, steps: int = 40, hypotheses: Sequence[Hypothesis] = ()
) -> Path:
    """A folder whose parts have different cells."""
    manifests = []
    for part, cells in parts.items():
        synthetic.write(root, cells, [part], **({"steps": steps} if part.kind != "systems" else {}))
        manifests.append(SuiteManifest.from_json(json.loads((root / "suite.json").read_text())))
    cells: dict[str, CellInfo] = {c.name: c for m in manifests for c in m.cells}
    joined = replace(
        manifests[0],
        parts=tuple(p for m in manifests for p in m.parts),
        cells=tuple(cells.values()),
        runs=tuple(r for m in manifests for r in m.runs),
        hypotheses=tuple(hypotheses),
        hypotheses_hash=records.hypotheses_hash(hypotheses),
    )
    records.write_json(root / "suite.json", joined)
    return root


def write_base(root: Path, part: str, cells: Sequence[str], items: int = 50) -> None:
    """What the base model of a part can do: best at temperature .5."""
    counts = []
    for temperature, share in ((0.25, 0.5), (0.5, 0.54), (0.75, 0.52), (1.0, BASE), (1.25, 0.4)):
        right = tuple(4 if i < round(share * items) else 0 for i in range(items))
        counts.append(SampledCounts(temperature, 4, right, {"1": share}))
    greedy = tuple(int(i < round(GREEDY * items)) for i in range(items))
    many = SampledCounts(1.0, 64, (64,), {"1": BASE, "64": 0.9})
    base = BaseMeasurement("abc", tuple(cells), {}, "test", items, greedy, GREEDY, tuple(counts), many, 1.0)
    (root / part).mkdir(parents=True, exist_ok=True)
    records.write_json(root / part / "base-abc.json", base)


def write(root: Path, *, seeds: Sequence[int] = SORT.seeds, steps: int = 40) -> Path:
    """All of it."""
    parts = {
        replace(SORT, seeds=tuple(seeds)): CELLS,
        replace(SEARCH, seeds=tuple(seeds[:3])): (*trials("ppo"), *trials("grpo")),
        replace(CURVE, seeds=tuple(seeds[:3])): sizes(),
    }
    write_parts(root, parts, steps=steps, hypotheses=HYPOTHESES)
    write_base(root, "sort", [c.name for c in CELLS])
    return root
