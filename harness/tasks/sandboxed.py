"""Settings of the sandbox, shared by tasks that run code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rlvr_bench.harness.tasks.settings import refuse_settings
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS

MAX_TIME_LIMIT_S = 60


@dataclass(frozen=True, kw_only=True)
class CodeSettings:
    time_limit_s: float = 5.0
    """Wall-clock time of a completion's program, all its cases together; seconds, in (0, 60]."""
    tier: Literal["auto", "bwrap", "landlock", "docker"] = "auto"
    """Kind of isolation that programs run in; `auto` takes the first of bwrap and landlock that works here."""
    unsafe_no_sandbox: bool = False
    """Run code without any isolation; set by --unsafe-no-sandbox; recorded in every row."""

    def __post_init__(self) -> None:
        refuse_settings(code_problems(self))


def code_problems(settings: CodeSettings) -> list[str]:
    """What is wrong with the settings, for a config's errors."""
    if 0 < settings.time_limit_s <= MAX_TIME_LIMIT_S:
        return []
    return [f"time_limit_s must lie in (0, {MAX_TIME_LIMIT_S}], got {settings.time_limit_s}"]


def code_verifier(settings: CodeSettings) -> CodeVerifier:
    """The verifier of programs, opened.

    Raises:
        SandboxUnavailable: no tier of isolation works here.
    """
    return CodeVerifier(
        tiers=DEFAULT_TIERS if settings.tier == "auto" else (settings.tier,),
        unsafe=settings.unsafe_no_sandbox,
        time_limit_s=settings.time_limit_s,
    )
