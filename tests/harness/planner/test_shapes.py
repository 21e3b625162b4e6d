from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.tiny import ModelError
from rlvr_bench.harness.planner.shapes import full_name, random_ids, shape_of, shell


@pytest.mark.parametrize(
    ("name", "parameters"),
    # Published counts: Qwen2.5-0.5B 494 M, 7B 7.62 B, 14B 14.8 B, 32B 32.8 B, 72B 72.7 B; SmolLM2-135M 134.5 M.
    [
        ("qwen2.5-0.5b", 494_032_768),
        ("qwen2.5-7b", 7_615_616_512),
        ("qwen2.5-14b", 14_770_033_664),
        ("qwen2.5-32b", 32_763_876_352),
        ("qwen2.5-72b", 72_706_203_648),
        ("smollm2-135m", 134_515_008),
    ],
)
def test_built_in_architectures_have_their_published_sizes(name: str, parameters: int) -> None:
    model, _ = shell(shape_of(name), ModelConfig(name=full_name(name)))
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert all(p.is_meta for p in model.parameters())


def test_a_folder_needs_its_config_alone(tmp_path: Path) -> None:
    shape_of("tiny:32x2").save_pretrained(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["config.json"]
    assert shape_of(str(tmp_path)).hidden_size == 32


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "no config.json there"), ("{", "is no model's config"), ('{"a": 1}', "is no model's config")],
)
def test_what_is_no_model_is_named(tmp_path: Path, content: str | None, told: str) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match=told) as error:
        shape_of(str(tmp_path))
    assert str(tmp_path) in str(error.value)


def test_unknown_names() -> None:
    with pytest.raises(ModelError, match=r"'qwen9-1b' is no folder here.*qwen2\.5-7b"):
        shape_of("qwen9-1b")
    with pytest.raises(ModelError, match="no architecture 'nothing'"):
        shape_of("arch:nothing")
    with pytest.raises(ModelError, match=r"the hub does not give its config\.json"):
        shape_of("nobody/nothing")


def test_a_config_without_a_causal_language_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(ModelError, match="no causal language model"):
        shell(shape_of(str(tmp_path)), ModelConfig(name=str(tmp_path)))


def test_ids_differ() -> None:
    assert len(random_ids(100, 5, 20).unique(dim=0)) == 5
