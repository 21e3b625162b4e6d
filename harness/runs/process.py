"""One run in this process: `python -m rlvr_bench.harness.runs.process FOLDER PART CELL`, with FOLDER/config.json there.

Whatever happens, FOLDER/summary.json says how it ended.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import Status, Summary, only_writer, read_json, read_metrics, write_json
from rlvr_bench.harness.state.stop import Interrupted, Stop, end_with_parent

if TYPE_CHECKING:
    from rlvr_bench.harness.config.schema import RunConfig


def now() -> str:
    """UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_here(
    folder: Path, *, part: str = "", cell: str = "", resume: bool = False, keep_last: bool = False
) -> tuple[Summary, int]:
    """Train as FOLDER/config.json says and record everything, as the folder's only writer.

    Args:
        part, cell: the run's place in its suite; "" for a run on its own.
        resume: go on from the folder's latest checkpoint instead of starting anew.
        keep_last: save the last step also where `train.checkpoint_every` = `auto` would not.
    Returns:
        the summary that was written, and the number of the signal that ended the run, or 0.
    Raises:
        Locked: another process writes to the folder.
    """
    from rlvr_bench.harness.config.load import from_dict

    with only_writer(folder), Stop() as stop:
        started, clock = now(), time.monotonic()
        there = read_json(folder / "config.json")
        run = _Run(folder, from_dict(there["config"]), there.get("inputs", {}), stop, keep_last)
        before = _before(folder) if resume else None
        place: dict[str, Any] = {
            "part": part,
            "cell": cell,
            "seed": run.config.seed,
            "config_hash": there["hash"],
            "started_at": before.started_at if before else started,
            "resumed": before.resumed + 1 if before else 0,
        }
        write_json(folder / "summary.json", Summary("running", "", **place, wall_seconds=0.0, steps_done=0))
        status, reason = run.outcome(resume, place["resumed"] + 1)
        rows = read_metrics(folder / "metrics.jsonl")
        summary = Summary(
            status,
            reason,
            **place,
            wall_seconds=time.monotonic() - clock + run.seconds_before,
            steps_done=max((row["step"] for row in rows), default=0),
            **run.facts,
        )
        write_json(folder / "summary.json", summary)
        return summary, stop.signal if status == "killed" else 0


def _before(folder: Path) -> Summary | None:
    """What the part of the run before this one left."""
    path = folder / "summary.json"
    return Summary.from_json(read_json(path)) if path.exists() else None


@dataclass
class _Run:
    """Runs the trainer and keeps its facts, also after a failure."""

    folder: Path
    config: RunConfig
    inputs: Mapping[str, str]
    stop: Stop
    keep_last: bool
    facts: dict[str, Any] = field(default_factory=dict)
    seconds_before: float = 0.0

    def outcome(self, resume: bool, part: int) -> tuple[Status, str]:
        import torch

        from rlvr_bench.harness.training.update import Diverged

        try:
            self._train(resume, part)
        except Diverged as error:
            return "diverged", str(error)
        except Interrupted as error:
            return "killed", str(error)
        except (torch.OutOfMemoryError, MemoryError) as error:
            return "oom", str(error).splitlines()[0] if str(error) else "out of memory"
        except UserError as error:
            return "failed", str(error)
        except Exception as error:
            if "can't allocate memory" in str(error):  # what torch raises on a CPU is a plain RuntimeError
                return "oom", str(error).splitlines()[0]
            traceback.print_exc()
            return "failed", f"{type(error).__name__}: {error}"
        return "completed", ""

    def _train(self, resume: bool, part: int) -> None:
        from rlvr_bench.harness.meters.environment import environment
        from rlvr_bench.harness.meters.flops import peak_flops
        from rlvr_bench.harness.meters.recorder import Recorder
        from rlvr_bench.harness.models.base import DTYPES, import_libraries, pick_device, precision_of
        from rlvr_bench.harness.runs.machine import use_threads
        from rlvr_bench.harness.state.identity import refuse_changes
        from rlvr_bench.harness.training.loop import Trainer

        use_threads(self.config.compute.threads)
        import_libraries()
        device = pick_device(self.config.model)
        name = "environment.json" if part == 1 else f"environment-{part}.json"
        write_json(self.folder / name, environment(device))
        peak = peak_flops(device, DTYPES[precision_of(self.config)])
        with (
            Recorder(device, self.config.measure.period_s, peak) as meter,
            Trainer(self.config, self.folder, meter, stop=self.stop, keep_last=self.keep_last) as trainer,
        ):
            self.facts = {
                "warm_start": trainer.warm_start,
                "reward_model": trainer.reward_facts,
                "critic": trainer.critic_facts,
                "identity": trainer.identity,
                "dropped": trainer.dropped,
                "repaired": trainer.logs.repaired,
            }
            refuse_changes(self.inputs, trainer.identity)
            start = trainer.resume() if resume else 0
            self.seconds_before = trainer.seconds_before
            try:
                trainer.run(start=start)
            finally:
                self.facts |= trainer.facts() | {"memory": meter.sources()}


def main(arguments: list[str]) -> int:
    """Entry of the suite's child processes: FOLDER PART CELL new|resume."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    end_with_parent()
    folder, part, cell, how = arguments
    summary, stopped = run_here(Path(folder), part=part, cell=cell, resume=how == "resume")
    print(f"{summary.status} {summary.reason}".strip())
    return 128 + stopped if stopped else 0 if summary.status == "completed" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
