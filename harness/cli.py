"""The verbs of the command line and their options; what a verb does is in `commands/`, imported when it is called."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from rlvr_bench.harness.commands.choices import Exported, Listed, Tier, Where

FAILED = 1
"""Exit status: the command ran, and something in it did not end well; each verb says what."""
USER_ERROR = 2
"""Exit status: nothing was done, because of what the user gave."""

app = typer.Typer(
    name="rlvr-bench",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Change a setting, as in train.lr=1e-4.")
]
Unsafe = Annotated[
    bool,
    typer.Option("--unsafe-no-sandbox", help="Run untrusted code without isolation; written into every record."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def main() -> None:
    """Run the command; errors that the user can correct are shown as plain lines, without a traceback."""
    from rlvr_bench.harness.errors import UserError
    from rlvr_bench.harness.state.stop import Ended
    from rlvr_bench.rewards.sandbox.errors import EXIT_STATUS, SandboxUnavailable

    try:
        app()
    except UserError as error:
        _complain(*(f"error: {line}" for line in str(error).splitlines()))
        sys.exit(USER_ERROR)
    except Ended as ended:
        _complain(str(ended))
        sys.exit(ended.status)
    except SandboxUnavailable as error:
        _complain(f"error: {error}")
        sys.exit(EXIT_STATUS)


def _complain(*lines: str) -> None:
    """Lines on standard error; where nobody can read them, the exit status says enough."""
    with contextlib.suppress(OSError):
        for line in lines:
            typer.echo(line, err=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rlvr-bench {version('rlvr-bench')}")
        raise typer.Exit


@app.callback()
def _every_verb(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """PPO or GRPO for reinforcement learning with verifiable rewards? A fair, measured comparison."""


@app.command()
def run(
    suite: Annotated[str, typer.Argument(help="A shipped suite (see `list suites`) or a TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Results folder; runs/SUITE-TIME by default.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Only this part of the suite; repeatable.")] = None,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on in --out; finished runs are skipped.")] = False,
    dry: Annotated[bool, typer.Option("--dry", help="A trial: every step of the suite in small sizes.")] = False,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="So many seeds in each part, with --resume also more than before.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Runs side by side where a part allows it; by default one a core, or one a GPU of --devices.",
        ),
    ] = None,
    devices: Annotated[str | None, typer.Option(help="GPUs to spread runs over, as in 0,1.")] = None,
    executor: Annotated[Where, typer.Option(help="Where the runs go: this machine, or a scheduler's.")] = Where.local,
    executor_set: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="For the scheduler, as in partition=gpu; repeatable."),
    ] = None,
    unsafe: Unsafe = False,
) -> None:
    """Run a suite, each run in a fresh process, then print the comparison and write the report.

    Exit status 1: a run did not complete.
    """
    from rlvr_bench.harness.commands.run import run as run_the_suite

    incomplete = run_the_suite(
        suite,
        out=out,
        parts=part or (),
        overrides=overrides or (),
        resume=resume,
        dry=dry,
        unsafe=unsafe,
        seeds=seeds,
        jobs=jobs,
        devices=devices,
        executor=executor.value,
        executor_set=executor_set or (),
    )
    _exit(ok=not incomplete)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="A run's TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/NAME-TIME by default.")] = None,
    overrides: Overrides = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    unsafe: Unsafe = False,
    dry: Annotated[bool, typer.Option("--dry", help="Check it, and print how two nodes would start it.")] = False,
) -> None:
    """Train one configuration.  Exit status 1: it did not complete."""
    from rlvr_bench.harness.commands.train import train as train_here

    _exit(ok=train_here(config, out=out, overrides=overrides or (), resume=resume, unsafe=unsafe, dry=dry))


@app.command("eval")
def evaluate(
    run: Annotated[
        Path | None, typer.Argument(help="A run folder with a checkpoint, or a run's TOML file for its base model.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="A model's name or path, instead of the run's.")] = None,
    task: Annotated[str | None, typer.Option(help="A task's name, instead of the run's.")] = None,
    overrides: Overrides = None,
    items: Annotated[int | None, typer.Option(min=1, help="Held-out items; the run's own number by default.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Completions per item.")] = None,
    out: Annotated[Path | None, typer.Option(help="A JSON file for what was found.")] = None,
    as_json: AsJson = False,
    unsafe: Unsafe = False,
) -> None:
    """Evaluate a run's checkpoint, or any model on any task, on held-out items."""
    from rlvr_bench.harness.commands.evaluate import show_evaluation, subject_of

    subject = subject_of(
        run, model=model, task=task, overrides=overrides or (), items=items, samples=samples, unsafe=unsafe
    )
    show_evaluation(subject, out=out, as_json=as_json)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    to: Annotated[Exported, typer.Option(help="The model, or the metrics for a program that draws them.")] = (
        Exported.huggingface
    ),
    out: Annotated[Path | None, typer.Option(help="The new folder; RUN/huggingface, ... by default.")] = None,
) -> None:
    """Write a run's model as a Hugging Face folder, or its metrics for TensorBoard or W&B; offline."""
    from rlvr_bench.harness.commands.runs.export import export as export_run

    export_run(run, to.value, out)


@app.command("reward-model")
def reward_model(
    config: Annotated[Path, typer.Argument(help="A run's TOML file.")],
    overrides: Overrides = None,
    as_json: AsJson = False,
    unsafe: Unsafe = False,
) -> None:
    """Train the reward model of a run, keep it for the runs that use it, and show how good it is."""
    from rlvr_bench.harness.commands.reward_model import show_reward_model

    show_reward_model(config, overrides=overrides or (), as_json=as_json, unsafe=unsafe)


@app.command()
def score(
    file: Annotated[
        Path, typer.Argument(help="Rows {kind, completion, target} as JSON lines, plain or gzip; - for standard input.")
    ],
    out: Annotated[Path | None, typer.Option(help="Where the rows go; standard output by default.")] = None,
    tier: Annotated[Tier | None, typer.Option(help="Kind of sandbox; the first that works by default.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; by cores and memory by default.")] = None,
    unsafe: Unsafe = False,
) -> None:
    """Give each row of a file its verdict: what does a reward really accept?

    Exit status 1: a row has no verdict.
    """
    from rlvr_bench.harness.commands.score import score_file

    _exit(ok=score_file(file, out, tier=tier.value if tier else None, workers=workers, unsafe=unsafe))


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="A results folder, or run folders to be compared.")],
    out: Annotated[Path | None, typer.Option(help="Where the pages go; RESULTS/report by default.")] = None,
    allow_unlike: Annotated[
        bool,
        typer.Option("--allow-unlike", help="Compare runs of unlike machines or budgets, and say so on every page."),
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="Figures also as PDF and PNG, in the width of a page and of a column.")
    ] = False,
) -> None:
    """Turn the records of a results folder, or of single runs, into a page, figures and tables."""
    from rlvr_bench.harness.commands.report import report_of

    report_of(results, out, allow_unlike=allow_unlike, paper=paper)


@app.command()
def watch(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    once: Annotated[bool, typer.Option("--once", help="Draw once and exit.")] = False,
) -> None:
    """The curves of a run in the terminal, live until it ends."""
    from rlvr_bench.harness.commands.runs.watch import watch as watch_run

    watch_run(run, once=once)


@app.command("list")
def list_(
    what: Annotated[Listed, typer.Argument(help="What to list.")],
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="METRICS.md, for `list metrics`.")] = False,
) -> None:
    """What is installed: algorithms, tasks, verifiers, models, suites, metrics."""
    from rlvr_bench.harness.commands.listing import show_list

    show_list(what.value, as_json=as_json, markdown=markdown)


@app.command()
def explain(
    setting: Annotated[str, typer.Argument(help="As in train.lr; a table, as in train, for all of it.")],
) -> None:
    """What a setting means, its type and range, and its default."""
    from rlvr_bench.harness.commands.settings.explain import show_setting

    show_setting(setting)


@app.command()
def init(file: Annotated[Path, typer.Argument(help="The new file.")] = Path("run.toml")) -> None:
    """Write a run's configuration to begin with, which trains as it is."""
    from rlvr_bench.harness.commands.settings.init import write_first

    write_first(file)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """What this machine has, what is missing, and how to get it.

    Exit status 1: something is missing that every use needs.
    """
    from rlvr_bench.harness.commands.doctor import doctor as check_machine

    _exit(ok=check_machine(as_json=as_json))


def _exit(*, ok: bool) -> None:
    if not ok:
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    main()
