"""The settings of the sandbox, and what they make of the verifier."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.tasks import sandboxed
from rlvr_bench.harness.tasks.sandboxed import CodeSettings, code_verifier
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable

TARGET = {"type": "call", "entry": "f", "cases": [{"args": [], "want": 1}]}


def test_settings_reach_the_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(sandboxed, "CodeVerifier", lambda **options: seen.append(options))
    code_verifier(CodeSettings())
    code_verifier(CodeSettings(time_limit_s=2.5, tier="docker", unsafe_no_sandbox=True))
    assert seen == [
        {"tiers": ("bwrap", "landlock"), "unsafe": False, "time_limit_s": 5.0},
        {"tiers": ("docker",), "unsafe": True, "time_limit_s": 2.5},
    ]


def test_no_isolation_only_by_name() -> None:
    with code_verifier(CodeSettings(unsafe_no_sandbox=True, time_limit_s=0.5)) as verifier:
        assert verifier.tier == "unsafe"
        (verdict,) = verifier.verify(["```\nwhile 1: pass\n```"], [TARGET])
    assert verdict.outcome == "timeout"


def test_a_tier_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailable, match="docker"):
        code_verifier(CodeSettings(tier="docker"))


def test_a_time_limit_is_positive_and_at_most_a_minute() -> None:
    for limit in (0, 61, float("nan")):
        with pytest.raises(ValueError, match=rf"time_limit_s must lie in \(0, 60\], got {limit}"):
            CodeSettings(time_limit_s=limit)
