"""`rlvr-bench train`: one configuration in this process; what runs share is made in others before, as for a suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rlvr_bench.harness.commands.display import train_display
from rlvr_bench.harness.commands.folders import fresh_folder
from rlvr_bench.harness.config.load import config_hash, load_run
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import read_json, write_json
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.harness.runs.prepare import prepare
from rlvr_bench.harness.runs.process import run_here
from rlvr_bench.harness.runs.slots import alone


def train(
    config: Path,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    unsafe: bool = False,
) -> bool:
    """Train and say how it ended; returns whether it completed.

    Raises:
        ConfigError: the settings or the folder cannot be used.
        SandboxUnavailable: the task runs code, and no tier of the sandbox works here.
    """
    resolved = load_run(config, overrides, unsafe=unsafe)
    folder = out or fresh_folder(config.stem)
    if resume and out is None:
        raise ConfigError(["--resume: give --out, the run to go on with"])
    _check_folder(folder, resolved, resume=resume)
    preflight([resolved])
    prepare([resolved], alone(), notice=print)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"hash": config_hash(resolved), "config": resolved.to_dict()})
    with train_display(folder, resolved.train.steps):
        summary = run_here(folder, resume=resume)
    print(f"{summary.status}{': ' if summary.reason else ''}{summary.reason}  {folder}")
    return summary.status == "completed"


def _check_folder(folder: Path, config: RunConfig, *, resume: bool) -> None:
    there = (folder / "config.json").exists()
    if there and not resume:
        raise ConfigError([f"{folder}: holds a run already; add --resume to go on, or choose another --out"])
    if resume and read_json(folder / "config.json")["hash"] != config_hash(config):
        raise ConfigError([f"{folder}: holds a run with other settings; resume it with its own"])
