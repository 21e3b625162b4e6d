"""Real processes that train with DeepSpeed: `python -m tests.harness.engines.deepspeed.several CASES OUT`, by torchrun.

Importing DeepSpeed takes seconds, so a launch goes through several cases, one after the other.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import resolve
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.start import collectives, start
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.engines.state_files import load_states, save_states
from rlvr_bench.harness.meters.communication import CommunicationMeter
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.meters.states import numbers
from rlvr_bench.harness.records import read_json, write_json
from rlvr_bench.harness.training.loop import Trainer
from tests.harness.small_runs import CPU, PLUGINS

ROOT = Path(__file__).parents[4]


@dataclass(frozen=True)
class Result:
    """What a case has come to, in the first process."""

    rows: list[dict[str, Any]]
    weights: Mapping[str, Mapping[str, torch.Tensor]]
    """By role and name."""
    facts: dict[str, Any]


def train_in_processes(
    cases: Mapping[str, RunConfig], size: int, folder: Path, *, resume: Sequence[str] = (), logged: bool = False
) -> dict[str, Result]:
    """All cases, one after the other, by so many processes; each in FOLDER/NAME.

    Args:
        resume: cases that go on from the checkpoint in their folder.
        logged: facts have what DeepSpeed's own log says of the collectives, and how often models were called.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = {n: {"config": c.to_dict(), "resume": n in resume, "logged": logged} for n, c in cases.items()}
    write_json(folder / "cases.json", told)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]
    command += ["-m", "tests.harness.engines.deepspeed.several", str(folder)]
    environment = dict(os.environ) | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    return {name: _read(folder / name) for name in cases}


def _read(folder: Path) -> Result:
    found = load_states(folder / "result")
    rows = [{name: float(v) if v == "nan" else v for name, v in row.items()} for row in found["rows"]]
    return Result(rows, load_states(folder / "weights"), found["facts"])


class Log:
    """Step by step: how often each model is called, and what DeepSpeed's log has of the collectives."""

    def __init__(self, trainer: Trainer) -> None:
        import deepspeed.comm

        deepspeed.comm.configure(enabled=True, prof_all=True, verbose=False)
        self._log: Any = deepspeed.comm.comm.comms_logger
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in ("forward", "backward", "step")}
        for role, model in trainer.models.by_role.items():
            model.register_forward_pre_hook(lambda *_, role=role: self._called("forward", role))
        for role, engine in trainer.learner.engines.items():
            for name in ("backward", "step"):
                setattr(engine, name, self._spied(name, role, getattr(engine, name)))
        tensors = {role: [numbers(p) for p in model.parameters()] for role, model in trainer.models.by_role.items()}
        self.facts: dict[str, Any] = {"calls": [], "logged": [], "tensors": tensors}

    def _called(self, name: str, role: str) -> None:
        self._counts[name][role] += 1

    def _spied(self, name: str, role: str, method: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            self._called(name, role)
            return method(*args, **named)

        return call

    def begin(self) -> None:
        self._log.reset_data()
        for counts in self._counts.values():
            counts.clear()

    def end(self) -> None:
        self.facts["calls"].append({name: dict(counts) for name, counts in self._counts.items()})
        sums = {
            name: [sum(v[0] for v in sizes.values()), sum(size * v[0] for size, v in sizes.items())]
            for name, sizes in self._log.get_raw_data().items()
        }
        self.facts["logged"].append({name: found for name, found in sums.items() if name != "barrier"})


def kept_by(engine: Any) -> list[int]:
    """Numbers of the buckets and of the flat gradients that DeepSpeed keeps between two steps."""
    buckets = getattr(engine.optimizer, "ipg_buckets", {}).values()
    buffers = [b.buffer if isinstance(b.buffer, list) else [b.buffer] for b in buckets]
    flat = getattr(engine.optimizer, "grad_partitions_flat_buffer", torch.empty(0))
    return [sum(t.numel() for found in buffers for t in found), flat.numel()]


def one_case(config: RunConfig, folder: Path, processes: Processes, *, resume: bool, logged: bool) -> None:
    """Train, and let the first process write what came of it."""
    folder.mkdir(exist_ok=True)
    rows = []
    further = (CommunicationMeter(collectives(), processes.size),) if logged else ()
    with (
        Recorder(CPU, 1.0, further=further) as meter,
        Trainer(config, folder, meter, processes=processes) as trainer,
    ):
        log = Log(trainer) if logged else None
        begin = trainer.resume() if resume else 0
        if config.evaluate.every:
            trainer.run(start=begin)
        else:
            for step in range(begin + 1, config.train.steps + 1):
                if log:
                    log.begin()
                rows.append(trainer.step(step) | meter.finish_step())
                if log:
                    log.end()
                if config.train.checkpoint_every == step:
                    trainer._save(step)
        engines = trainer.learner.engines
        weights = {role: {name: t.clone() for name, t in engine.weights()} for role, engine in engines.items()}
        facts = {
            "states": {role: vars(states) for role, states in trainer.learner.states().items()},
            "kept": {role: kept_by(engine) for role, engine in engines.items()},
        }
        facts |= log.facts if log else {}
    if processes.first:
        rows = [{name: str(v) if v is not None and v != v else v for name, v in row.items()} for row in rows]
        save_states({"rows": rows, "facts": facts}, folder / "result")
        save_states(weights, folder / "weights")


def main(folder: Path) -> None:
    """Entry of each process."""
    torch.set_num_threads(1)
    known = plugins.entry_points

    def with_ours(*, group: str) -> Any:
        return [*known(group=group), *(plugins.EntryPoint(n, v, group) for n, v in PLUGINS.get(group, {}).items())]

    plugins.entry_points = with_ours  # type: ignore[assignment]
    processes = start(int(os.environ["WORLD_SIZE"]), CPU)
    for name, case in read_json(folder / "cases.json").items():
        one_case(resolve(case["config"]), folder / name, processes, resume=case["resume"], logged=case["logged"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
