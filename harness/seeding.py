"""Seeds by hashing, so that no two purposes, steps or runs share a stream of random numbers by accident."""

from __future__ import annotations

import hashlib

import torch


def derive_seed(*parts: object) -> int:
    """63 bits of the SHA-256 of the parts: `seed + step` would make seed 1 step 2 the same as seed 2 step 1."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(device: torch.device | str, *parts: object) -> torch.Generator:
    """A torch generator for one purpose, e.g. `generator("cpu", run_seed, "minibatches", step)`."""
    return torch.Generator(device=device).manual_seed(derive_seed(*parts))
