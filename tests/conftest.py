"""What every test gets: checked tensor shapes, one thread, seeded generators and no network."""

from __future__ import annotations

import os
import random
import socket

from jaxtyping import install_import_hook

import tests.typecheck  # noqa: F401 - the hook names it but does not import it

os.environ["HF_HUB_OFFLINE"] = "1"
install_import_hook("rlvr_bench.algorithms", "tests.typecheck.checked")  # before the first import of `algorithms`

import pytest  # noqa: E402 - after the hook, lest something imports `algorithms` first
import torch  # noqa: E402
from hypothesis import settings  # noqa: E402

torch.set_num_threads(1)
settings.register_profile("repo", deadline=None, derandomize=True, max_examples=20)
settings.load_profile("repo")

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(autouse=True)
def seeds() -> None:
    """The same random numbers in every test, whatever ran before."""
    random.seed(0)
    torch.manual_seed(0)


@pytest.fixture
def generator() -> torch.Generator:
    """A generator of the test's own."""
    return torch.Generator().manual_seed(0)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting anywhere but to this machine fails, and says so."""

    def guard(connect: object) -> object:
        def guarded(self: socket.socket, address: object) -> object:
            host = address[0] if isinstance(address, tuple) else address
            if self.family != socket.AF_UNIX and not str(host).startswith(LOOPBACK):
                raise RuntimeError(f"tests use no network, but something connects to {address!r}")
            return connect(self, address)  # type: ignore[operator]

        return guarded

    monkeypatch.setattr(socket.socket, "connect", guard(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", guard(socket.socket.connect_ex))
