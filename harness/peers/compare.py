"""Alternating runs of this project and of TRL on the fixed work, and the ratio of their step times.

    python -m rlvr_bench.harness.peers.compare --trl-python .venv-peers/bin/python --out results/peers/1m.json

Every run is a process of its own; ours and TRL's take turns, so that a machine that slows down slows both.
A ratio is taken within a pair of neighbours, never between runs that are far apart in time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

from rlvr_bench.harness.peers.work import SIZES, Work
from rlvr_bench.harness.records import write_json
from rlvr_bench.harness.text_table import text_table

HERE = Path(__file__).resolve().parent
ROLES = {"grpo": {"actor", "reference"}, "ppo": {"actor", "critic", "reference", "reward"}}
WARM_UP = 2  # first steps of every process: allocation, caches, lazy imports
QUIET = 15.0  # per cent of the machine in use by others, below which a run may start

Run = Mapping[str, Any]
Pair = tuple[Run, Run]  # ours, theirs


class PeerError(RuntimeError):
    """A side that failed, or did not do the work that was asked for."""


def problems(run: Run, work: Work, steps: int) -> list[str]:
    """What a run did otherwise than the fixed work asks."""
    sizes = run["parameters"]
    checks = [
        (len(run["seconds"]) == steps, f"{len(run['seconds'])} steps timed instead of {steps}"),
        (run["completions"] == work.completions * steps, f"{run['completions']} completions"),
        (run["completion_tokens"] == [work.completion_tokens], f"completions of {run['completion_tokens']} tokens"),
        (set(sizes) == ROLES[run["algorithm"]], f"models {sorted(sizes)}"),
        # Critic and reward model have a scalar head instead of (tied) output embeddings: a few parameters more.
        (all(0 <= n - work.parameters <= 2 * work.width for n in sizes.values()), f"parameters {dict(sizes)}"),
        (run["dtypes"] == ["torch.float32"], f"weights of {run['dtypes']}"),
        (run["threads"] == work.threads, f"{run['threads']} threads"),
        (bool(run["kl"]), f"KL to the reference {run['kl']}"),
    ]
    return [f"{run['library']} {run['algorithm']}: {text}" for holds, text in checks if not holds]


def side(runs: Sequence[Run], warm_up: int) -> dict[str, Any]:
    """Step time over all measured steps, its spread over the runs, and the highest peak of memory."""
    measured = [run["seconds"][warm_up:] for run in runs]
    by_run = [median(seconds) for seconds in measured]
    return {
        "library": runs[0]["library"],
        "version": runs[0]["version"],
        "step_seconds": median(s for seconds in measured for s in seconds),
        "step_seconds_by_run": by_run,
        "fastest_step_seconds": min(map(min, measured)),
        "step_cpu_seconds": median(s for run in runs for s in run["cpu_seconds"][warm_up:]),
        "peak_rss_bytes": max(run["peak_rss_bytes"] for run in runs),
        "imported_rss_bytes": max(run["imported_rss_bytes"] for run in runs),
    }


def summarize(pairs: Sequence[Pair], warm_up: int = WARM_UP) -> dict[str, Any]:
    """Both sides, and ours / theirs: of the run medians of each pair, the fastest steps, the processor's seconds.

    The last two are what others on the machine disturb least; they tell whether the ratio of the medians is
    the libraries' or the machine's.
    """
    ours, theirs = (side([pair[i] for pair in pairs], warm_up) for i in (0, 1))
    ratios = [a / b for a, b in zip(ours["step_seconds_by_run"], theirs["step_seconds_by_run"], strict=True)]
    return {
        "ours": ours,
        "theirs": theirs,
        "ratios": ratios,
        "ratio": median(ratios),
        "fastest_ratio": ours["fastest_step_seconds"] / theirs["fastest_step_seconds"],
        "cpu_ratio": ours["step_cpu_seconds"] / theirs["step_cpu_seconds"],
        "peak_rss_ratio": ours["peak_rss_bytes"] / theirs["peak_rss_bytes"],
    }


def table(summaries: Mapping[str, Mapping[str, Any]]) -> str:
    """Plain text: a row for each side, and under them the ratio for each algorithm."""
    rows, ratios = [], []
    for algorithm, summary in summaries.items():
        rows += [_row(algorithm, summary[key]) for key in ("ours", "theirs")]
        by_pair = summary["ratios"]
        ratios.append(
            f"{algorithm}, ours / theirs: step {summary['ratio']:.2f} (median of {len(by_pair)} pairs, "
            f"{min(by_pair):.2f} .. {max(by_pair):.2f}; fastest steps {summary['fastest_ratio']:.2f}, "
            f"cpu {summary['cpu_ratio']:.2f}), memory {summary['peak_rss_ratio']:.2f}"
        )
    columns = ("algorithm", "library", "s / step", "runs from .. to", "fastest", "cpu s", "peak memory")
    return "\n".join([text_table(columns, rows), "", *ratios])


def _row(algorithm: str, one_side: Mapping[str, Any]) -> tuple[str, ...]:
    by_run = one_side["step_seconds_by_run"]
    return (
        algorithm,
        f"{one_side['library']} {one_side['version']}",
        f"{one_side['step_seconds']:.2f}",
        f"{min(by_run):.2f} .. {max(by_run):.2f}",
        f"{one_side['fastest_step_seconds']:.2f}",
        f"{one_side['step_cpu_seconds']:.2f}",
        f"{one_side['peak_rss_bytes'] / 2**20:.0f} MiB",
    )


def wait_for_quiet(patience: float) -> float:
    """Wait until others leave the machine alone, at most `patience` seconds; returns per cent in use by others."""
    import psutil

    end = time.monotonic() + patience
    while (used := psutil.cpu_percent(interval=2)) > QUIET and time.monotonic() < end:
        pass
    return used


def measure(command: Sequence[str], algorithm: str, options: argparse.Namespace, model: Path, threads: int) -> Run:
    """One process; its record.  Raises PeerError with the end of what it printed."""
    used = wait_for_quiet(options.patience)
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        # Threads that wait for each other by spinning are many times slower as soon as another process needs a core.
        "GOMP_SPINCOUNT": "10000",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
    result = model.parent / "result.json"
    result.unlink(missing_ok=True)
    arguments = [algorithm, "--work", model, "--steps", options.steps, "--micro-batch", options.micro_batch]
    full = [*command, *map(str, [*arguments, "--json", result])]
    done = subprocess.run(full, env=environment, capture_output=True, text=True)
    if done.returncode or not result.exists():
        raise PeerError(f"{' '.join(full)} failed ({done.returncode}):\n{done.stderr[-3000:]}")
    return json.loads(result.read_text(encoding="utf-8")) | {"machine_in_use_before_percent": used}


def compare(options: argparse.Namespace, work: Work) -> dict[str, list[Pair]]:
    """All pairs, by algorithm, in the order ours, theirs, ours, theirs ..."""
    ours = [sys.executable, "-m", "rlvr_bench.harness.peers.ours_step"]
    theirs = [options.trl_python, str(HERE / "trl_step.py")]
    pairs: dict[str, list[Pair]] = {algorithm: [] for algorithm in ROLES}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "model"
        # A process of its own, so that this one stays small and never loads torch.
        subprocess.run(
            [sys.executable, "-m", "rlvr_bench.harness.peers.work", str(model), str(work.threads), options.size],
            check=True,
        )
        for round_number in range(1, options.rounds + 1):
            for algorithm, found in pairs.items():
                pair = tuple(measure(side, algorithm, options, model, work.threads) for side in (ours, theirs))
                if wrong := [text for run in pair for text in problems(run, work, options.steps)]:
                    raise PeerError("not the same work: " + "; ".join(wrong))
                found.append((pair[0], pair[1]))
                times = " against ".join(f"{median(run['seconds'][WARM_UP:]):.2f} s" for run in pair)
                print(f"round {round_number}, {algorithm}: {times}", file=sys.stderr, flush=True)
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trl-python", required=True, help="python of an environment with trl 1.11")
    parser.add_argument("--out", type=Path, required=True, help="file for the records, as in results/peers/1m.json")
    parser.add_argument("--size", choices=list(SIZES), default="1m", help="the model and the batch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=7, help=f"per process, the first {WARM_UP} left out")
    parser.add_argument(
        "--micro-batch", type=int, default=64, help="completions a forward pass of either side; 0 is the whole batch"
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=Work.threads,
        help="of either side; with 1, processor seconds hardly depend on what else the machine does",
    )
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for a quiet machine before a run")
    options = parser.parse_args()
    if options.steps <= WARM_UP or options.rounds < 1:
        parser.error(f"at least {WARM_UP + 1} steps and one round")

    work = replace(SIZES[options.size], threads=options.threads)
    try:
        pairs = compare(options, work)
    except PeerError as error:
        sys.exit(str(error))
    summaries = {algorithm: summarize(found) for algorithm, found in pairs.items()}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(
        options.out,
        {
            "work": asdict(work) | {"parameters": work.parameters},
            "warm_up_steps": WARM_UP,
            "micro_batch": options.micro_batch or work.completions,
            "summary": summaries,
            "runs": pairs,
        },
    )
    print(table(summaries))
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
