"""What a run depends on is known by content: whatever changes under its path or name is seen and named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import ModelConfig, RunConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.records import hash_of
from rlvr_bench.harness.state import identity
from rlvr_bench.harness.state.identity import (
    Changed,
    base_inputs_of,
    changed,
    inputs_of,
    refuse_changes,
    weights_digest,
)
from tests.harness.small_runs import config


def inputs(settings: RunConfig) -> identity.Inputs:
    return inputs_of(settings, build(plugins.TASKS, settings.task))


def rows(path: Path, answers: list[str]) -> Path:
    lines = [json.dumps({"prompt": f"question {i}", "answer": answer}) for i, answer in enumerate(answers)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_equal_runs_have_equal_inputs() -> None:
    assert inputs(config()) == inputs(config(train={"steps": 9}, seed=3))


def test_flipped_answers_under_the_same_path_are_seen(tmp_path: Path) -> None:
    path = rows(tmp_path / "data.jsonl", [str(i % 2) for i in range(40)])
    settings = config(task={"name": "jsonl", "path": str(path), "test_share": 0.3})
    before = inputs(settings)
    rows(path, [str(1 - i % 2) for i in range(40)])
    assert changed(before, inputs(settings)) == ["items of the task jsonl"]
    with pytest.raises(Changed, match="since the run was planned, this changed: items of the task jsonl; put it back"):
        refuse_changes(before, inputs(settings))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as `save_pretrained` leaves it."""
    found = tmp_path_factory.mktemp("model")
    model, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=1)
    model.save_pretrained(found)
    tokenizer.save_pretrained(found)
    return found


def test_a_changed_byte_in_any_file_of_a_model_is_seen(folder: Path) -> None:
    settings = config(model={"name": str(folder)})
    before = inputs(settings)
    names = {path.name for path in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert changed(before, inputs(settings)) == [f"model {folder}"], path.name
        path.write_bytes(whole)
    assert inputs(settings) == before


def test_the_code_of_another_package_s_plugin_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it: a task may score with another of its modules."""
    helper = tmp_path / "package" / "below" / "helper.py"
    helper.parent.mkdir(parents=True)
    helper.write_text("1")
    monkeypatch.setattr("tests.__path__", [str(tmp_path / "package")])
    before = inputs(config())
    helper.write_text("22")
    assert changed(before, inputs(config())) == ["code of tests"]


def test_versions_of_libraries_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = inputs(config())
    assert "torch " in before["versions of libraries"] and "sympy " in before["versions of libraries"]
    monkeypatch.setattr(identity, "_libraries", lambda: "torch 0")
    assert changed(before, inputs(config())) == ["versions of libraries"]


def test_our_own_code_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "algorithms").mkdir()
    (tmp_path / "algorithms" / "a.py").write_text("1")
    monkeypatch.setattr(identity, "ROOMS", ("algorithms",))
    monkeypatch.setattr("rlvr_bench.algorithms.__path__", [str(tmp_path / "algorithms")])
    found = []
    for text in ("1", "2"):
        (tmp_path / "algorithms" / "a.py").write_text(text)
        identity._code.cache_clear()
        found.append(inputs(config())["code of rlvr-bench"])
    identity._code.cache_clear()
    assert found[0] != found[1]


def test_each_of_several_runs_has_its_own() -> None:
    one, two = config(), config(task={"distinct": 5})
    assert base_inputs_of([one, two, one]) == [inputs(one), inputs(two), inputs(one)]
    assert inputs(one) != inputs(two)


def test_a_changed_weight_name_type_or_shape_is_seen() -> None:
    torch.manual_seed(0)
    model = nn.Linear(2, 3)
    found = {weights_digest(model), weights_digest(model.to(torch.bfloat16)), weights_digest(nn.Sequential(model))}
    with torch.no_grad():
        model.weight[0, 0] += 1
    assert len(found | {weights_digest(model)}) == 4
    assert weights_digest(model) == weights_digest(model)


def test_a_critics_own_model_and_the_package_of_adapters_are_known(folder: Path) -> None:
    """To the runs that have them; what their base model is made from stays the same."""
    plain = config()
    own, adapted = config(model={"critic": str(folder)}), config(model={"adapter": {}})
    assert changed(inputs(plain), inputs(own)) == [f"model {folder} of the critic"]
    assert changed(inputs(plain), inputs(adapted)) == ["version of peft"]
    assert len({hash_of(one) for one in base_inputs_of([plain, own, adapted])}) == 1
