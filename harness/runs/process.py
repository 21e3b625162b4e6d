"""One run in this process: `python -m rlvr_bench.harness.runs.process FOLDER PART CELL`, with FOLDER/config.json there.

Whatever happens, FOLDER/summary.json says how it ended.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.records import Status, Summary, disk, only_writer, read_json, write_json
from rlvr_bench.harness.runs.launch import last_step, launch, tell
from rlvr_bench.harness.state.stop import Interrupted, Stop, end_with_parent

if TYPE_CHECKING:
    import torch

    from rlvr_bench.harness.config.schema import RunConfig
    from rlvr_bench.harness.engines.processes import Processes
    from rlvr_bench.harness.meters.types import Meter


def now() -> str:
    """UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def run_here(
    folder: Path,
    *,
    part: str = "",
    cell: str = "",
    resume: bool = False,
    keep_last: bool = False,
    locked: bool = False,
    plan: bool = False,
) -> tuple[Summary, int]:
    """Train as FOLDER/config.json says and record everything, as the folder's only writer.

    Args:
        part, cell: the run's place in its suite; "" for a run on its own.
        resume: go on from the folder's latest checkpoint instead of starting anew.
        keep_last: save the last step also where `train.checkpoint_every` = `auto` would not.
        locked: the caller is the folder's only writer already.
        plan: record what the planner says of the run's memory, once the run has been completed.
    Returns:
        the summary that was written, and the number of the signal that ended the run, or 0.
    Raises:
        Locked: another process writes to the folder.
    """
    from rlvr_bench.harness.config.load import from_dict

    with nullcontext() if locked else only_writer(folder):
        clock = time.monotonic()
        there = read_json(folder / "config.json")
        config = from_dict(there["config"])
        before = _before(folder) if resume else None
        first = Summary(
            "running",
            "",
            part,
            cell,
            config.seed,
            there["hash"],
            before.started_at if before else now(),
            before.wall_seconds if before else 0.0,
            before.steps_done if before else 0,
            resumed=before.resumed + 1 if before else 0,
        )
        write_json(folder / "summary.json", first)
        cut_off = replace(first, status="killed", reason="a second signal, in the middle of a step")
        with Stop(lambda: _end(folder, cut_off)) as stop:
            run = _Run(folder, config, there.get("inputs", {}), stop, keep_last, before)
            status, reason = run.outcome()
            stop.at_once = False  # where another process has failed, this one is asked to stop as well
            summary = replace(
                first,
                status=status,
                reason=reason,
                wall_seconds=time.monotonic() - clock + run.seconds_before,
                steps_done=last_step(folder),
                **run.facts,
            )
            if plan and status == "completed":
                summary = replace(summary, **_planned(config))
            summary = _end(folder, summary)
        return summary, run.interrupted


def accompany(folder: Path, config: RunConfig, *, keep_last: bool = False) -> Status:
    """What the further processes of a run do: train with the first one, which writes; returns how it ended.

    Args:
        keep_last: as in `run_here`; whether the run is resumed, the first process tells.
    """
    with Stop() as stop:
        return _Run(folder, config, {}, stop, keep_last, None).outcome()[0]


def _before(folder: Path) -> Summary | None:
    """What the part of the run before this one left."""
    path = folder / "summary.json"
    return Summary.from_json(read_json(path)) if path.exists() else None


def _end(folder: Path, summary: Summary) -> Summary:
    """Write how the run ended; on a full disk in few words, in the place of those that it was running."""
    path = folder / "summary.json"
    try:
        write_json(path, summary)
    except disk.DiskError as error:
        short = replace(summary, roles={}, memory=None, reward_model={}, warm_start={}, critic={}, algorithm={},
                        verifier={}, identity={}, planned={})  # fmt: skip
        if summary.status == "completed":
            short = replace(short, status="failed", reason=str(error))
        disk.overwrite(path, json.dumps(asdict(short), indent=1, sort_keys=True).encode())
        return short
    return summary


def _planned(config: RunConfig) -> dict[str, Any]:
    """Bytes held by phase, and sent in a step; {} where the planner does not follow what the run does.

    After the run, so that it is in no measured memory; what goes wrong is told, and spoils no run that has completed.
    """
    from rlvr_bench.harness.models.base import pick_device
    from rlvr_bench.harness.planner.predict import follows, predict

    try:
        if not follows(config):
            return {}
        found = predict(config, cuda=pick_device(config.model).type == "cuda")
        return {"planned": {one.phase: one.total for one in found.plan.phases}, "planned_sent": found.sent}
    except Exception as error:
        print(f"no plan is recorded: {type(error).__name__}: {error}")
        return {}


@dataclass
class _Run:
    """Runs the trainer and keeps its facts, also after a failure."""

    folder: Path
    config: RunConfig
    inputs: Mapping[str, str]
    stop: Stop
    keep_last: bool
    before: Summary | None
    """How the part before ended; None where the run is new."""
    facts: dict[str, Any] = field(default_factory=dict)
    interrupted: int = 0
    """Number of the signal that ended it, or 0."""

    def __post_init__(self) -> None:
        self.seconds_before = self.before.wall_seconds if self.before else 0.0

    def outcome(self) -> tuple[Status, str]:
        """Train, and say how it ended."""
        from rlvr_bench.harness.training.update import Diverged

        self.stop.at_once = True
        try:
            self._train()
        except Diverged as error:
            return "diverged", str(error)
        except Interrupted as error:
            self.interrupted = error.signal
            return "killed", str(error)
        except Exception as error:
            status, reason = self._failed(error)
            tell(reason)
            return status, reason
        return "completed", ""

    def _failed(self, error: Exception) -> tuple[Status, str]:
        import torch

        if isinstance(error, UserError):
            return "failed", str(error)
        # What torch raises on a CPU is a plain RuntimeError.
        if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or "can't allocate memory" in str(error):
            return "oom", str(error).splitlines()[0] if str(error) else "out of memory"
        traceback.print_exc()
        return "failed", f"{type(error).__name__}: {error}"

    def _processes(self, device: torch.device) -> Processes:
        """Those that train this run, all of them there."""
        from rlvr_bench.harness.engines.processes import Processes

        if self.config.train.engine.name == "torch":
            return Processes()
        from rlvr_bench.harness.engines.deepspeed.start import start

        return start(self.config.launch.processes, device)

    def _train(self) -> None:
        from rlvr_bench.harness.meters.environment import environment
        from rlvr_bench.harness.meters.flops import peak_flops
        from rlvr_bench.harness.meters.recorder import Recorder
        from rlvr_bench.harness.models.base import DTYPES, import_libraries, pick_device, precision_of
        from rlvr_bench.harness.runs.machine import use_threads
        from rlvr_bench.harness.state.identity import refuse_changes
        from rlvr_bench.harness.training.loop import Trainer

        use_threads(self.config.compute.threads)
        import_libraries(self.config.model)
        device = pick_device(self.config.model)
        processes = self._processes(device)
        self.before = processes.agreed(self.before)
        parts = self.before.resumed + 2 if self.before else 1
        name = "environment.json" if parts == 1 else f"environment-{parts}.json"
        if processes.first:
            write_json(self.folder / name, environment(device))
        peak = peak_flops(device, DTYPES[precision_of(self.config)])
        further = _further_meters(processes)
        meter = Recorder(device, self.config.measure.period_s, peak and peak * processes.size, further=further)
        how: dict[str, Any] = {"stop": self.stop, "keep_last": self.keep_last, "processes": processes}
        with meter, Trainer(self.config, self.folder, meter, **how) as trainer:
            self.facts = {
                "warm_start": trainer.warm_start,
                "reward_model": trainer.reward_facts,
                "critic": trainer.critic_facts,
                "identity": trainer.identity,
                "dropped": trainer.dropped,
                "repaired": trainer.logs.repaired,
            }
            refuse_changes(self.inputs, trainer.identity)
            start = trainer.resume() if self.before else 0
            self.seconds_before = trainer.seconds_before
            try:
                trainer.run(start=start)
            finally:
                self.facts |= trainer.facts() | {"memory": meter.sources()}


def _further_meters(processes: Processes) -> tuple[Meter, ...]:
    if processes.size == 1:
        return ()
    from rlvr_bench.harness.engines.deepspeed.start import collectives
    from rlvr_bench.harness.meters.communication import CommunicationMeter

    return (CommunicationMeter(collectives(), processes.size),)


MODULE = "rlvr_bench.harness.runs.process"
LAST, PLAN = "last", "plan"  # words behind the others: see `run_here`


def main(arguments: list[str]) -> int:
    """Entry of the suite's child processes: FOLDER PART CELL new|resume [last] [plan].

    A run that trains with DeepSpeed starts its processes, each of which comes here again.  Where torchrun has started
    them, as on several nodes, they are there.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    end_with_parent()
    folder, part, cell, how, *more = arguments
    try:
        config = _config_of(Path(folder))
        several = config.train.engine.name == "deepspeed"
        if several and "RANK" not in os.environ:
            return launch(MODULE, arguments, config.launch.processes, Path(folder))
        if several and os.environ["RANK"] != "0":
            status = accompany(Path(folder), config, keep_last=LAST in more)
            return int(status in ("failed", "oom"))  # the rest is how the run ended, which the first process says
        resume = how == "resume"
        summary, stopped = run_here(
            Path(folder), part=part, cell=cell, resume=resume, keep_last=LAST in more, plan=PLAN in more
        )
    except UserError as error:
        print(error)
        tell(str(error))
        return 2
    print(f"{summary.status} {summary.reason}".strip())
    return 128 + stopped if stopped else 0 if summary.status == "completed" else 1


def _config_of(folder: Path) -> RunConfig:
    from rlvr_bench.harness.config.load import from_dict

    return from_dict(read_json(folder / "config.json")["config"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
