"""`rlvr-bench plan`: checks the options, and prints the answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

from rlvr_bench.harness.commands.plan.question import Question, cases_of
from rlvr_bench.harness.errors import ConfigError

UNITS = {"GiB": 2**30, "MiB": 2**20, "TiB": 2**40, "GB": 10**9, "MB": 10**6, "TB": 10**12, "G": 2**30, "M": 2**20}


def bytes_of(text: str) -> int:
    """`80GiB` as bytes.  Raises ValueError where it is no size."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    unit = next((u for u in UNITS if match and u.lower() == match[2].lower()), None)
    if match is None or unit is None or not float(match[1]):
        raise ValueError(f"{text!r} is no size; give a number with GiB, GB, MiB or MB, as in 80GiB")
    return int(float(match[1]) * UNITS[unit])


def answer(question: Question, *, solve: bool, bandwidth: str | None, table: Path | None, as_json: bool) -> None:
    """Print the plan of each algorithm.

    Args:
        bandwidth: bytes that a device sends in a second, as text.

    Raises:
        ConfigError: every option that cannot be used.
        ModelError: there is no such model.
    """
    from rlvr_bench.harness.commands.plan import show

    limit, speed = _checked(question, bandwidth, needs_gpu=solve or table is not None, for_table=table is not None)
    if table is not None:
        from rlvr_bench.harness.commands.plan.page import write_table

        assert limit is not None
        write_table(question, limit, table, speed)
        return
    cases = cases_of(question)
    answers = [show.found(case, limit, solve=solve, bandwidth=speed) for case in cases]
    if as_json:
        print(json.dumps([one.to_json() for one in answers], indent=1))
    else:
        print("\n\n".join(show.described(one) for one in answers))


def _checked(
    question: Question, bandwidth: str | None, *, needs_gpu: bool, for_table: bool
) -> tuple[int | None, int | None]:
    """Bytes of a device and bytes a second, those that were named; every mistake in the options at once."""
    from rlvr_bench.harness.config import plugins

    problems: list[str] = []
    named: dict[str, int] = {}
    for option, text in (("--gpu", question.gpu), ("--bandwidth", bandwidth)):
        try:
            if text is not None:
                named[option] = bytes_of(text)
        except ValueError as error:
            problems.append(f"{option}: {error}")
    if question.gpu is None and needs_gpu:
        problems.append("--gpu: missing; --solve and --table need the memory of one device, as in --gpu 80GiB")
    if not for_table and not question.model:
        problems.append("MODEL: missing; name a model, as in `rlvr-bench plan qwen2.5-7b --gpu 80GiB`")
    known = plugins.available(plugins.ALGORITHMS)
    problems += [
        f"--algorithm: no algorithm {name!r} (installed: {', '.join(known)})"
        for name in question.algorithms or ("",)
        if name not in known
    ]
    if question.devices > question.prompts:
        problems.append(
            f"--devices: {question.devices} devices for {question.prompts} prompts; a device needs at least one"
        )
    if bandwidth is not None and question.devices == 1 and not for_table:
        problems.append("--bandwidth: one device sends nothing; set --devices")
    if question.stage and question.devices == 1:
        problems.append(f"--stage: ZeRO stage {question.stage} divides states over devices; set --devices")
    if question.adapter is not None and question.devices > 1:
        problems.append(
            "--adapter: the models share a base, which DeepSpeed would deal out twice; leave out --adapter or --devices"
        )
    if problems:
        raise ConfigError(problems)
    return named.get("--gpu"), named.get("--bandwidth")
