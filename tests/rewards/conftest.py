"""Verifiers and sandboxes that the tests share: opening them takes most of the time."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

import pytest

from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.math.verifier import MathVerifier
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import Sandbox
from tests.rewards.sandboxes import TIERS, open_tested


@pytest.fixture(scope="session")
def math_verifier() -> Iterator[MathVerifier]:
    """Two workers."""
    with MathVerifier(workers=2) as verifier:
        yield verifier


@pytest.fixture(scope="session")
def code_verifier() -> Iterator[CodeVerifier]:
    """Two workers of the best tier here, 2 seconds a completion."""
    try:
        verifier = CodeVerifier(workers=2, time_limit_s=2.0, memory_bytes=256 << 20)
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with verifier:
        yield verifier


@pytest.fixture(scope="session", params=TIERS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One worker, in each tier."""
    opened = open_tested(request.param, workers=1, memory_bytes=256 << 20)
    yield opened
    opened.close()


@pytest.fixture
def ends_within() -> Callable[[int], AbstractContextManager[None]]:
    """A safety net around what would take minutes if it were not linear.

    The regular expression engine looks for signals while it runs, so the alarm ends it.
    """

    @contextmanager
    def ends(seconds: int) -> Iterator[None]:
        def fail(number: int, frame: FrameType | None) -> None:
            raise TimeoutError(f"did not end in {seconds} s")

        before = signal.signal(signal.SIGALRM, fail)
        signal.alarm(seconds)
        try:
            yield
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)

    return ends
