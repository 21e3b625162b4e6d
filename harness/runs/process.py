"""One run in this process: `python -m rlvr_bench.harness.runs.process FOLDER PART CELL`, with FOLDER/config.json there.

Whatever happens, FOLDER/summary.json says how it ended.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr_bench.harness.records import (
    Status,
    Summary,
    drop_evaluations_after,
    drop_lines_after,
    read_json,
    read_metrics,
    write_json,
)

if TYPE_CHECKING:
    from rlvr_bench.harness.config.schema import RunConfig


def now() -> str:
    """UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_here(folder: Path, *, part: str = "", cell: str = "", resume: bool = False) -> Summary:
    """Train as FOLDER/config.json says and record everything; returns the summary that was written.

    Args:
        part, cell: the run's place in its suite; "" for a run on its own.
        resume: go on from the folder's checkpoint instead of starting anew.
    """
    from rlvr_bench.harness.config.load import config_hash, from_dict

    started, clock = now(), time.monotonic()
    config = from_dict(read_json(folder / "config.json")["config"])
    run = _Run(folder, config)
    place: dict[str, Any] = {
        "part": part,
        "cell": cell,
        "seed": config.seed,
        "config_hash": config_hash(config),
        "started_at": started,
    }
    write_json(folder / "summary.json", Summary("running", "", **place, wall_seconds=0.0, steps_done=0))
    status, reason = run.outcome(resume)
    rows = read_metrics(folder / "metrics.jsonl")
    summary = Summary(
        status,
        reason,
        **place,
        wall_seconds=time.monotonic() - clock,
        steps_done=max((row["step"] for row in rows), default=0),
        **run.facts,
    )
    write_json(folder / "summary.json", summary)
    return summary


class _Run:
    """Runs the trainer and keeps its facts, also after a failure."""

    def __init__(self, folder: Path, config: RunConfig) -> None:
        self.folder, self.config = folder, config
        self.facts: dict[str, Any] = {}

    def outcome(self, resume: bool) -> tuple[Status, str]:
        import torch

        from rlvr_bench.harness.training.update import Diverged

        try:
            self._train(resume)
        except Diverged as error:
            return "diverged", str(error)
        except (torch.OutOfMemoryError, MemoryError) as error:
            return "oom", str(error).splitlines()[0] if str(error) else "out of memory"
        except Exception as error:
            if "can't allocate memory" in str(error):  # what torch raises on a CPU is a plain RuntimeError
                return "oom", str(error).splitlines()[0]
            traceback.print_exc()
            return "failed", f"{type(error).__name__}: {error}"
        return "completed", ""

    def _train(self, resume: bool) -> None:
        from rlvr_bench.harness.config.load import config_hash
        from rlvr_bench.harness.meters.environment import environment
        from rlvr_bench.harness.meters.flops import peak_flops
        from rlvr_bench.harness.meters.recorder import Recorder
        from rlvr_bench.harness.models.base import DTYPES, import_libraries, pick_device, precision_of
        from rlvr_bench.harness.runs.machine import use_threads
        from rlvr_bench.harness.training import checkpoint
        from rlvr_bench.harness.training.loop import Trainer

        use_threads(self.config.compute.threads)
        import_libraries()
        device = pick_device(self.config.model)
        write_json(self.folder / "environment.json", environment(device))
        peak = peak_flops(device, DTYPES[precision_of(self.config)])
        with (
            Recorder(device, self.config.measure.period_s, peak) as meter,
            Trainer(self.config, self.folder, meter) as trainer,
        ):
            self.facts = {
                "warm_start": trainer.warm_start,
                "reward_model": trainer.reward_facts,
                "critic": trainer.critic_facts,
            }
            start = 0
            if resume:
                engines = trainer.learner.engines
                start = checkpoint.resume(self.folder, engines, config_hash=config_hash(self.config))
                for name in ("metrics.jsonl", "ladder.jsonl"):
                    drop_lines_after(self.folder / name, start)
                drop_evaluations_after(self.folder / "evaluations.jsonl.gz", start)
            try:
                trainer.run(start=start)
            finally:
                self.facts |= trainer.facts() | {"memory": meter.sources()}


def main(arguments: list[str]) -> int:
    """Entry of the suite's child processes: FOLDER PART CELL."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    folder, part, cell = arguments
    summary = run_here(Path(folder), part=part, cell=cell)
    print(f"{summary.status} {summary.reason}".strip())
    return 0 if summary.status == "completed" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
