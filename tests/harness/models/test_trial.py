"""Which families are scored exactly, and which are refused by name before anything is trained."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForCausalLM

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models import base, trial
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.roles import Policy, ScalarModel
from rlvr_bench.harness.models.scoring import recomputes, score_rollout
from rlvr_bench.harness.models.tiny import ModelError, character_tokenizer
from rlvr_bench.harness.models.trial import refuse_unscorable
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import SamplingParams, as_rollout
from tests.harness.models.decoders import VOCABULARY, alone, within_vocabulary
from tests.harness.models.families import GATED, REFUSED, SCORED, SPECIAL, family
from tests.harness.ragged import LENGTHS, padded, sequence
from tests.tolerance import assert_close

README = Path(__file__).parents[3] / "README.md"


def own_logprobs(model: Any, rollout: Rollout) -> list[list[float]]:
    """By the model's whole forward pass, head included, over each sequence alone."""
    rows = []
    for row in range(len(LENGTHS)):
        prompt, completion = sequence(rollout, row)
        with torch.no_grad():
            table = torch.log_softmax(model(input_ids=torch.tensor([prompt + completion])).logits[0], -1)
        rows.append([float(table[len(prompt) + t - 1, token]) for t, token in enumerate(completion)])
    return padded(rows)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("kind", SCORED)
def test_scores_are_those_of_the_models_own_pass(kind: str, checkpointing: bool, rollout: Rollout) -> None:
    """Left-padded prompts, read once for their completions, or whole sequences where activations are recomputed."""
    model, rollout = family(kind, SCORED[kind]), within_vocabulary(rollout)
    expected = own_logprobs(model, rollout)
    if checkpointing:
        base._enable_checkpointing(model)
    policy = Policy(model)
    assert bool(recomputes(model.base_model)) is checkpointing
    assert_close(expected, score_rollout(lambda part: policy(part, temperature=1.0)[0], rollout, 24), as_float32=True)


@pytest.mark.parametrize("kind", SCORED)
def test_values_are_of_the_models_own_states(kind: str, rollout: Rollout) -> None:
    scalar, rollout = ScalarModel.from_causal_lm(family(kind, SCORED[kind])), within_vocabulary(rollout)
    nn.init.normal_(scalar.head.weight)
    ends = []
    for row in range(len(LENGTHS)):
        prompt, completion = sequence(rollout, row)
        ends.append(float(alone(scalar.backbone, prompt + completion)[-1].detach() @ scalar.head.weight[0].detach()))
    assert_close(ends, scalar(rollout, at="end"))


@pytest.mark.parametrize("kind", SCORED)
def test_sampled_log_probabilities_are_the_scored_ones(kind: str) -> None:
    model = family(kind, SCORED[kind])
    engine = TorchRollout(model, pad=0, ends=[2, 3], max_rows=64, with_logprobs=True)
    samples = engine.generate([[5, 6, 7, 9, 11, 12], [8], [9, 10]], SamplingParams(4, 8, 5, 0.8), seed=0)
    policy = Policy(model, ends=[2, 3], min_tokens=5)
    scored, _ = policy(as_rollout(samples, max_tokens=8), temperature=0.8)
    assert samples.logprobs is not None
    assert_close(samples.logprobs, scored)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", SCORED)
def test_the_trial_lets_them_pass(kind: str, dtype: torch.dtype) -> None:
    model = family(kind, SCORED[kind]).to(dtype).train()
    refuse_unscorable(model, kind)
    assert model.training, "the mode is kept"


@pytest.mark.filterwarnings("ignore")  # of kernels that are not installed, for models that are not used
@pytest.mark.parametrize("kind", REFUSED)
def test_others_are_refused_by_name(kind: str) -> None:
    settings, reason = REFUSED[kind]
    with pytest.raises(ModelError, match=rf"^model.name: 'mine' \({kind}\) cannot be scored: {reason}"):
        refuse_unscorable(family(kind, settings), "mine")


class Odd(nn.Module):
    """A head that does something of its own to its logits, as the forward pass sees them."""

    def __init__(self, model: Any, change: Any) -> None:
        super().__init__()
        self.model, self.change = model, change
        self.config, self.dtype, self.base_model = model.config, model.dtype, model.base_model

    def get_output_embeddings(self) -> Any:
        return self.model.get_output_embeddings()

    def forward(self, **inputs: Any) -> Any:
        output = self.model(**inputs)
        output.logits = self.change(output.logits)
        return output


CHANGES: dict[str, Any] = {
    "scaled": lambda logits: logits / 4,
    "capped": lambda logits: 5 * torch.tanh(logits / 5),
    "shifted": lambda logits: logits + torch.linspace(0, 5, logits.shape[-1]),
    "not finite": lambda logits: logits * torch.nan,
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("change", CHANGES)
def test_a_head_that_no_setting_tells_of_is_found_out(change: str, dtype: torch.dtype) -> None:
    model = family("llama", GATED).to(dtype)
    refuse_unscorable(Odd(model, lambda logits: logits), "plain")
    with pytest.raises(ModelError, match=r"cannot be scored: log-probabilities are off by .*its cache or its head"):
        refuse_unscorable(Odd(model, CHANGES[change]), "odd")


def test_a_pass_that_forgets_its_cache_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    model = family("gpt2", SCORED["gpt2"])
    inner = type(model.base_model).forward

    def forgetful(self: Any, *args: Any, past_key_values: Any = None, **inputs: Any) -> Any:
        return inner(self, *args, **inputs)

    monkeypatch.setattr(type(model.base_model), "forward", forgetful)
    with pytest.raises(ModelError, match=r"'mine' \(gpt2\) cannot be scored"):
        refuse_unscorable(model, "mine")


def test_encoder_decoders_and_models_that_see_are_refused() -> None:
    bart = AutoConfig.for_model(
        "bart", **SPECIAL, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=8, decoder_ffn_dim=8
    )
    text = GATED | {"model_type": "llama"}
    llava = AutoConfig.for_model("llava", text_config=text, vision_config={"model_type": "clip_vision_model"})

    class Named:
        def __init__(self, config: Any) -> None:
            self.config = config

    for config, reason in ((bart, "it is an encoder-decoder"), (llava, "it reads more than text")):
        with pytest.raises(ModelError, match=f"cannot be scored: {reason}"):
            refuse_unscorable(Named(config), "mine")


def saved(folder: Path, kind: str, settings: dict[str, Any]) -> str:
    """A folder that a user could name."""
    tokenizer = character_tokenizer()
    config = AutoConfig.for_model(kind, **settings | {"vocab_size": len(tokenizer)})
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_model_from_a_folder_goes_through_the_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(trial, "refuse_unscorable", lambda model, name: tried.append(name))
    names = [saved(tmp_path, "bloom", SCORED["bloom"]), "tiny:16x1"]
    for name in names:
        load_base(ModelConfig(name), seed=0)
    assert tried == names[:1]


def test_a_folder_with_an_odd_head_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\(granite\) cannot be scored: its head uses logits_scaling"):
        load_base(ModelConfig(saved(tmp_path, "granite", GATED | {"logits_scaling": 8.0})), seed=0)


def test_the_table_of_the_readme_is_what_is_tested_here() -> None:
    scored, refused = re.findall(r"^\| (?:Scored|Refused)[^|]*\| (.*) \|$", README.read_text(), re.MULTILINE)
    assert re.findall(r"`(\w+)`", scored) == sorted(SCORED)
    assert re.findall(r"`(\w+)`", refused) == sorted([*REFUSED, "bart", "llava"])


def test_the_trial_pads_on_the_left_and_repeats_a_prompt() -> None:
    rollout = trial._few_tokens(VOCABULARY)
    assert not rollout.prompt_mask.all() and rollout.prompt_mask[:, -1].all()
    assert rollout.group_ids.tolist() == [0, 0, 1]
    assert isinstance(rollout.completion_ids, Tensor) and int(rollout.completion_ids.max()) < VOCABULARY
