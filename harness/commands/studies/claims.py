"""`rlvr-bench run claims`: every suite that has a rank, the most important first, each in a folder of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr_bench.harness.commands import run as one
from rlvr_bench.harness.commands.folders import check_writable, fresh_folder
from rlvr_bench.harness.commands.studies.overview import show_overview
from rlvr_bench.harness.config.suite_file import SuiteFile, load_suite, plan, shipped
from rlvr_bench.harness.errors import ConfigError, UserError
from rlvr_bench.harness.runs.planned import check_kind
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.harness.state.stop import Ended
from rlvr_bench.harness.text_table import text_table

NAME = "claims"


def run_claims(
    name: str = NAME, *, out: Path | None = None, parts: Sequence[str] = (), resume: bool = False, **options: Any
) -> int:
    """Run them one after the other into OUT/<suite>, then write the overview; returns how many runs did not complete.

    A suite that cannot go on (its folder was damaged, say) is told and counted as one, and the others are run.

    Args:
        options: those of `commands.run.run`, the same for every suite.
    Raises:
        ConfigError: all that is wrong with any of the suites or of their folders, before the first run.
        SandboxUnavailable: a task runs code, and no tier of the sandbox works here.
        Ended: a signal came.
    """
    if parts:
        raise ConfigError(["--part: parts are of one suite; run that suite by its name"])
    if resume and out is None:
        raise ConfigError(["--resume: give --out, the folder to go on in"])
    suites = ranked()
    out = out or fresh_folder(NAME + ("-dry" if options.get("dry") else ""))
    check_writable(out)
    begun = {suite: resume and (out / suite / "suite.json").exists() for suite in suites}
    runs = _checked(suites, out, begun, options)
    print(schedule(suites, runs, begun, out))
    incomplete = 0
    for suite in suites:
        try:
            incomplete += one.run(suite, out=out / suite, resume=begun[suite], **options)
        except Ended as ended:
            more = f"interrupted; go on with the same options and --out {shlex.quote(str(out))} --resume"
            raise Ended(ended.status - 128, more) from None
        except UserError as error:
            print(f"error: {suite}: {error}", file=sys.stderr)
            incomplete += 1
    show_overview(out)
    return incomplete


def ranked() -> dict[str, SuiteFile]:
    """The shipped suites that have a rank, in its order."""
    loaded = {name: load_suite(name) for name in shipped()}
    found = [(suite.rank, name) for name, suite in loaded.items() if suite.rank is not None]
    return {name: loaded[name] for _, name in sorted(found)}


def schedule(suites: Mapping[str, SuiteFile], runs: Mapping[str, int], begun: Mapping[str, bool], out: Path) -> str:
    """What is about to be run and how long it takes, for a terminal.

    Args:
        runs: how many each suite has now, by name.
        begun: whether it goes on from what its folder has.
    """
    rows = [
        (name, str(runs[name]), "not measured" if s.minutes is None else str(s.minutes), _begins(begun[name]), s.title)
        for name, s in suites.items()
    ]
    known = [s.minutes for s in suites.values() if s.minutes is not None]
    minutes = f"Together {sum(known) // 60} h {sum(known) % 60} min" + (
        "" if len(known) == len(suites) else f", and {len(suites) - len(known)} that were not measured"
    )
    table = text_table(["suite", "runs", "minutes", "", "what"], rows, title="In this order")
    return f"{table}\n\nMinutes of the whole suite on two processor cores. {minutes}. Each goes to {out}/SUITE.\n"


def _begins(begun: bool) -> str:
    return "goes on" if begun else "begins"


def _checked(
    suites: Mapping[str, SuiteFile], out: Path, begun: Mapping[str, bool], options: Mapping[str, Any]
) -> dict[str, int]:
    """How many runs each has; nothing of any suite may be wrong."""
    changes = {key: options[key] for key in ("overrides", "dry", "unsafe", "seeds") if key in options}
    here = options.get("executor", "local") == "local"
    problems: list[str] = []
    runs = {}
    for name, suite in suites.items():
        try:
            check_kind(out / name, resume=begun[name])
            planned = plan(suite, **changes)
            preflight((run.config for run in planned), lambda line: None, here=here)
            runs[name] = len(planned)
        except ConfigError as error:
            problems += [f"{name}: {line}" for line in error.problems]
    if problems:
        raise ConfigError(problems)
    return runs
