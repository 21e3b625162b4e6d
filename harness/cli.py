"""The command line.  Heavy libraries are imported inside the commands: `--help` must answer at once."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

CONFIG_ERROR = 2
FAILED_CELLS = 1
BAD_ROWS = 1

app = typer.Typer(
    name="rlvr-bench",
    help="PPO or GRPO for reinforcement learning with verifiable rewards? A fair, measured comparison.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in train.lr=1e-4.")
]


Unsafe = Annotated[
    bool,
    typer.Option("--unsafe-no-sandbox", help="Run untrusted code without isolation; written into every record."),
]


class Listed(StrEnum):
    algorithms = "algorithms"
    tasks = "tasks"
    models = "models"
    suites = "suites"
    metrics = "metrics"


class Tier(StrEnum):
    bwrap = "bwrap"
    landlock = "landlock"
    docker = "docker"


def main() -> None:
    """Run the command; what the user can put right is told in plain lines, without a traceback."""
    from rlvr_bench.harness.errors import UserError
    from rlvr_bench.rewards.sandbox.errors import EXIT_STATUS, SandboxUnavailable

    try:
        app()
    except UserError as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {line}", err=True)
        sys.exit(CONFIG_ERROR)
    except SandboxUnavailable as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(EXIT_STATUS)


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="A shipped suite (see `list suites`) or a TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Results folder; runs/SUITE-TIME if not given.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Only this part of the suite; repeatable.")] = None,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in --out; finished cells are skipped.")] = False,
    dry: Annotated[bool, typer.Option("--dry", help="The same path with the suite's shrunken sizes.")] = False,
    unsafe: Unsafe = False,
) -> None:
    """Run a suite, each cell in a fresh process, then print the comparison and write the report."""
    from rlvr_bench.harness.commands.display import run_with_display
    from rlvr_bench.harness.config.suite_file import load_suite, plan
    from rlvr_bench.harness.runs.preflight import preflight
    from rlvr_bench.harness.runs.suite import manifest, prepare_folder

    loaded = load_suite(suite)
    planned = plan(loaded, overrides=overrides or (), dry=dry, parts=part or (), unsafe=unsafe)
    preflight(cell.config for cell in planned)
    if out is None:
        if resume:
            raise typer.BadParameter("--resume needs --out, the folder to go on in")
        out = _fresh_folder(loaded.name + ("-dry" if dry else ""))
    words = ["rlvr-bench", "run", suite, *(["--dry"] if dry else [])]
    words += [word for name in part or () for word in ("--part", name)]
    words += [word for text in overrides or () for word in ("--set", text)]
    words += ["--unsafe-no-sandbox"] if unsafe else []
    described = manifest(loaded, planned, command=shlex.join(words), version=version("rlvr-bench"))
    prepare_folder(out, described, resume=resume)
    problems = run_with_display(out, planned)
    _report(out, None, allow_unlike=False)
    if problems:
        raise typer.Exit(FAILED_CELLS)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="A run's TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/NAME-TIME if not given.")] = None,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    unsafe: Unsafe = False,
) -> None:
    """Train one configuration in this process."""
    from rlvr_bench.harness.commands.display import train_display
    from rlvr_bench.harness.config.load import ConfigError, config_hash, load_run
    from rlvr_bench.harness.records import read_json, write_json
    from rlvr_bench.harness.runs.preflight import preflight
    from rlvr_bench.harness.runs.process import run_here

    resolved = load_run(config, overrides or (), unsafe=unsafe)
    folder = out or _fresh_folder(config.stem)
    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the run to go on with")
    if (folder / "config.json").exists() and not resume:
        raise ConfigError([f"{folder}: holds a run already; add --resume to go on, or choose another --out"])
    if resume and read_json(folder / "config.json")["hash"] != config_hash(resolved):
        raise ConfigError([f"{folder}: holds a run with other settings; resume it with its own"])
    preflight([resolved])
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"hash": config_hash(resolved), "config": resolved.to_dict()})
    with train_display(folder, resolved.train.steps):
        summary = run_here(folder, resume=resume)
    typer.echo(f"{summary.status}{': ' if summary.reason else ''}{summary.reason}  {folder}")
    if summary.status != "completed":
        raise typer.Exit(FAILED_CELLS)


@app.command("eval")
def evaluate(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder with a checkpoint.")],
    items: Annotated[int | None, typer.Option(min=1, help="Held-out items; the run's own number by default.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Completions per item.")] = None,
) -> None:
    """Evaluate a run's checkpoint on held-out items and print the metrics as JSON."""
    from rlvr_bench.harness.commands.evaluate import evaluate_run

    typer.echo(json.dumps(evaluate_run(run_folder, items=items, samples=samples), indent=1, sort_keys=True))


@app.command("reward-model")
def reward_model(
    config: Annotated[Path, typer.Argument(help="A run's TOML file.")],
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    unsafe: Unsafe = False,
) -> None:
    """Train the reward model of a run, keep it for the runs that use it, and tell how good it is."""
    from rlvr_bench.harness.config.load import load_run

    # Labels are the verifier's true verdicts, whatever the run itself would be rewarded for.
    labelled = ["reward.source=learned", "reward.false_positive_rate=0.0", "reward.false_negative_rate=0.0"]
    resolved = load_run(config, [*(overrides or ()), *labelled], unsafe=unsafe)
    from rlvr_bench.harness.commands.reward_model import described, train_reward_model

    facts = train_reward_model(resolved)
    typer.echo(json.dumps(facts, indent=1, sort_keys=True) if as_json else described(facts))


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="Rows {kind, completion, target} as JSON lines; - for standard input.")],
    out: Annotated[Path | None, typer.Option(help="Where the rows go; standard output if not given.")] = None,
    tier: Annotated[Tier | None, typer.Option(help="Kind of sandbox; the first that works by default.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by cores and memory by default.")] = None,
    unsafe: Unsafe = False,
) -> None:
    """Give the rows of a file their verdicts: what does a reward really accept?"""
    if unsafe and tier:
        raise typer.BadParameter("--tier names an isolation and --unsafe-no-sandbox is none; give one of them")
    from rlvr_bench.harness.commands.score import score as score_file
    from rlvr_bench.harness.commands.score import verifiers

    chosen = verifiers(tier=tier.value if tier else None, unsafe=unsafe, workers=workers)
    tally = score_file(file, out, chosen)
    if tally.bad or tally.missing:
        raise typer.Exit(BAD_ROWS)


@app.command()
def report(
    results: Annotated[Path, typer.Argument(help="A results folder.")],
    out: Annotated[Path | None, typer.Option(help="Where the pages go; RESULTS/report if not given.")] = None,
    allow_unlike: Annotated[
        bool, typer.Option("--allow-unlike", help="Compare runs of unlike machines, and say so on every page.")
    ] = False,
) -> None:
    """Turn the records of a results folder into a page, figures and tables."""
    _report(results, out, allow_unlike=allow_unlike)


@app.command("list")
def list_(
    what: Annotated[Listed, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="METRICS.md, for `list metrics`.")] = False,
) -> None:
    """What is installed: algorithms, tasks, models, suites, metrics."""
    from rlvr_bench.harness import metrics
    from rlvr_bench.harness.commands import listing

    if markdown:
        if what is not Listed.metrics:
            raise typer.BadParameter("--markdown goes with `list metrics`")
        typer.echo(metrics.markdown(), nl=False)
        return
    rows: list[dict[str, Any]] = listing.rows(what.value)
    typer.echo(json.dumps(rows, indent=1) if as_json else listing.text(rows))


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """What this machine has, what is missing, and how to get it."""
    from dataclasses import asdict

    from rlvr_bench.harness.meters.environment import doctor as checks

    found = checks()
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in found], indent=1))
    else:
        signs = {True: "ok     ", False: "MISSING", None: "--     "}
        for check in found:
            remedy = f"  -> {check.remedy}" if check.remedy and check.ok is not True else ""
            typer.echo(f"{signs[check.ok]}  {check.name}: {check.found}{remedy}")
    if any(check.ok is False for check in found):
        raise typer.Exit(1)


def _report(results: Path, out: Path | None, *, allow_unlike: bool) -> None:
    from textwrap import fill

    from rlvr_bench import reports
    from rlvr_bench.harness.text_table import WIDTH, text_table

    page = reports.build(results, out, allow_unlike=allow_unlike)
    tables = reports.comparison_tables(results)
    for table in tables:
        typer.echo(text_table(table.columns, table.rows, title=table.title) + "\n")
    typer.echo(fill(tables[-1].note, WIDTH) if tables else "")
    typer.echo(f"\n{page}")


def _fresh_folder(name: str, now: Callable[[], str] | None = None) -> Path:
    """runs/NAME-YYYYMMDD-HHMMSS in the current folder."""
    from datetime import datetime

    stamp = now() if now else datetime.now().strftime("%Y%m%d-%H%M%S")
    return Path("runs") / f"{name}-{stamp}"


if __name__ == "__main__":
    main()
