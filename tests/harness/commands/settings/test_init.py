"""`rlvr-bench init`: a file that trains as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.commands.settings.init import FIRST, first_config
from rlvr_bench.harness.config.load import load_run
from rlvr_bench.harness.errors import UserError
from tests.harness.cli_calls import call

SHORT = (
    "warm_start.steps=2",
    "rollout.prompts=4",
    "rollout.group_size=2",
    "train.steps=1",
    "evaluate.items=4",
    "rollout.max_tokens=4",
)


@pytest.mark.slow
def test_what_it_writes_is_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init")[1] == "run.toml; train it with: rlvr-bench train run.toml\n"
    loaded = load_run(Path("run.toml")).to_dict()
    for section, values in FIRST.items():
        assert {key: loaded[section][key] for key in values} == values
    words = [word for text in SHORT for word in ("--set", text)]
    assert call("train", "run.toml", "--out", "out", *words)[0] == 0


def test_every_setting_has_a_comment_above_it() -> None:
    lines = first_config("a.toml").splitlines()
    at = [i for i, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert len(at) == sum(map(len, FIRST.values()))
    assert all(lines[i - 1].startswith("# ") for i in at)
    assert any("rlvr-bench train a.toml" in line for line in lines)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("seed = 7\n")
    with pytest.raises(UserError, match=r"mine.toml: is there already and is left as it is"):
        call("init", str(tmp_path / "mine.toml"))
    assert (tmp_path / "mine.toml").read_text() == "seed = 7\n"
    with pytest.raises(UserError, match=r"nowhere/x.toml: No such file or directory; name another file"):
        call("init", str(tmp_path / "nowhere" / "x.toml"))
