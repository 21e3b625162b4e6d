"""What the base models of a suite can do, measured once each in processes of their own, before the first run.

`python -m rlvr_bench.harness.runs.base_models CONFIG.json RESULT.json CELL...` measures one.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from rlvr_bench.harness.config.load import from_dict
from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.records import hash_of, read_json, write_json
from rlvr_bench.harness.runs.children import run_jobs
from rlvr_bench.harness.runs.jobs import Job
from rlvr_bench.harness.runs.machine import use_threads
from rlvr_bench.harness.runs.prepare import Notice
from rlvr_bench.harness.runs.slots import Slot
from rlvr_bench.harness.state.stop import end_with_parent


def wanted(out: Path, planned: Iterable[RunPlan]) -> dict[Path, list[RunPlan]]:
    """The runs that start from each base model that is to be measured, by the file of its measurement.

    Those whose runs ask for no items (`measure.base_items`) and those that were measured before are not in it.
    """
    from rlvr_bench.harness.state.identity import base_inputs_of
    from rlvr_bench.harness.training.base_measure import settings_of

    found: dict[Path, list[RunPlan]] = {}
    asked = [run for run in planned if run.config.measure.base_items]
    for run, inputs in zip(asked, base_inputs_of(run.config for run in asked), strict=True):
        name = f"base-{hash_of(settings_of(run.config, inputs))[:8]}.json"
        found.setdefault(out / run.part / name, []).append(run)
    return {path: runs for path, runs in found.items() if not path.exists()}


def measure_base_models(out: Path, planned: Iterable[RunPlan], slots: Sequence[Slot], *, notice: Notice) -> None:
    """Measure what is not measured yet; what cannot be measured is said, and tried again by `--resume`.

    Args:
        notice: called with a line for a person.
    """
    todo = wanted(out, planned)
    if not todo:
        return
    notice(f"measuring {len(todo)} base model{'s' if len(todo) > 1 else ''}")
    with tempfile.TemporaryDirectory(prefix="base-models-") as folder:
        jobs = [_job(path, runs, Path(folder) / str(i)) for i, (path, runs) in enumerate(todo.items())]
        for ending in run_jobs(jobs, slots):
            if ending.code:
                reason = "it took too long" if ending.timed_out else ending.last_line
                notice(f"a base model could not be measured: {reason}")


def _job(path: Path, runs: Sequence[RunPlan], folder: Path) -> Job:
    folder.mkdir()
    config = runs[0].config
    write_json(folder / "config.json", config.to_dict())
    return Job(
        path,
        "rlvr_bench.harness.runs.base_models",
        [str(folder / "config.json"), str(path), *dict.fromkeys(run.cell for run in runs)],
        folder / "log",
        threads=config.compute.threads,
        timeout_s=runs[0].timeout_s,
    )


def main(arguments: list[str]) -> None:
    """Entry of the child process: CONFIG.json RESULT.json CELL..."""
    from rlvr_bench.harness.training.base_measure import measure_base

    end_with_parent()
    source, target, *cells = arguments
    config = from_dict(read_json(Path(source)))
    use_threads(config.compute.threads)
    measured = measure_base(config, cells)
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    write_json(Path(target), measured)


if __name__ == "__main__":
    main(sys.argv[1:])
