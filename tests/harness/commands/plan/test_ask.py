"""The verb as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlvr_bench.harness.commands.plan.ask import bytes_of
from tests.harness.cli_calls import call, main

SMALL = ("--prompts", "2", "--group", "2", "--max-tokens", "8", "--prompt-tokens", "8", "--micro-tokens", "64")


@pytest.mark.parametrize(
    ("text", "size"), [("80GiB", 80 * 2**30), ("80 gib", 80 * 2**30), ("24GB", 24 * 10**9), ("1.5MiB", 3 * 2**19)]
)
def test_sizes(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["80", "eighty", "80 potatoes", "-1GiB", "0GiB", ""])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="as in 80GiB"):
        bytes_of(text)


def test_a_plan_is_printed() -> None:
    status, out, _ = call("plan", "tiny:64x2", "--gpu", "1GiB", *SMALL)
    assert status == 0
    assert "ppo of tiny:64x2" in out and "grpo of tiny:64x2" in out
    assert "fits in 1.00 GiB" in out and "update_actor (actor)" in out


def test_adapters_and_a_smaller_critic() -> None:
    status, out, _ = call("plan", "tiny:64x3", "--algorithm", "ppo", "--adapter", "4", "--json", *SMALL)
    (found,) = json.loads(out)
    assert status == 0 and found["states"]["reference"]["weights"] == 0, "it is the actor's base"
    status, out, _ = call("plan", "tiny:64x3", "--algorithm", "ppo", "--critic", "tiny:32x2", "--json", *SMALL)
    (found,) = json.loads(out)
    assert status == 0 and found["states"]["critic"]["parameters"] < found["states"]["actor"]["parameters"] / 2


def test_json_adds_up() -> None:
    status, out, _ = call("plan", "tiny:64x2", "--algorithm", "grpo", "--gpu", "10KiB"[:-3] + "MB", "--json", *SMALL)
    assert status == 0
    (found,) = json.loads(out)
    assert found["peak"]["total"] == max(p["total"] for p in found["phases"])
    assert all(p["total"] == sum(p["kinds"].values()) for p in found["phases"])
    assert found["fits"] is (found["peak"]["total"] <= 10_000_000)


def test_what_is_sent_and_how_long_it_takes() -> None:
    words = ("plan", "tiny:64x2", "--algorithm", "ppo,grpo", "--devices", "2", "--stage", "3", "--bandwidth", "1MB")
    status, out, _ = call(*words, "--json", *SMALL)
    ppo, grpo = json.loads(out)
    assert status == 0 and ppo["sent"] > 1.3 * grpo["sent"] > 0
    assert grpo["communication_seconds"] == grpo["sent"] / 1e6
    status, out, _ = call(*words, *SMALL)
    assert status == 0 and "each device sends" in out and "s at 0.001 GB a second" in out
    status, out, _ = call(*words[:-2], *SMALL)
    assert status == 0 and "each device sends" in out and "a second" not in out


def test_solve_names_what_fits() -> None:
    status, out, _ = call("plan", "tiny:64x3", "--algorithm", "grpo", "--gpu", "3MiB", "--solve", *SMALL)
    assert status == 0
    assert "largest micro-batch that fits" in out or "no micro-batch fits" in out
    assert "no built-in model fits" in out


def test_every_bad_option_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--gpu", "much", "--algorithm", "ppo,reinforce", "--devices", "8", "--prompts", "2")
    status, told = main(monkeypatch, capsys, "plan", "tiny:64x2", *words)
    assert status == 2
    for part in ("--gpu: 'much' is no size", "no algorithm 'reinforce'", "8 devices for 2 prompts"):
        assert part in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nosuchmodel",), "'nosuchmodel' is no folder here"),
        (("tiny:63x2",), "multiple of 16"),
        (("--gpu", "1GiB"), "MODEL: missing"),
        (("tiny:64x2", "--solve"), "--gpu: missing"),
        (("tiny:64x2", "--stage", "2"), "set --devices"),
        (("tiny:64x2", "--bandwidth", "1GB"), "--bandwidth: one device sends nothing"),
        (("tiny:64x2", "--bandwidth", "fast", "--devices", "2"), "--bandwidth: 'fast' is no size"),
        (("tiny:64x2", "--adapter", "4", "--devices", "2", "--stage", "2"), "leave out --adapter or --devices"),
        (("tiny:64x2", "--adapter", "4", "--critic", "tiny:32x2"), "model.critic"),
        (("tiny:64x2", "--critic", "nosuchmodel"), "'nosuchmodel'"),
        (("tiny:64x2", "--group", "1", "--algorithm", "grpo"), "group_size"),
    ],
)
def test_bad_input_is_named(
    words: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, error = main(monkeypatch, capsys, "plan", *words)
    assert status == 2 and told in error


def test_a_folder_without_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, error = main(monkeypatch, capsys, "plan", str(tmp_path))
    assert status == 2 and "no config.json there" in error
