"""The `evaluate` modules around the estimators: found by name, loaded by path, without a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr_bench.harness import accuracy

PROBE = """
import sys
from rlvr_bench.harness import accuracy
assert "evaluate" not in sys.modules and "torch" not in sys.modules
passing, majority = accuracy.load("pass_at_k"), accuracy.load("maj_at_k")
print(passing.compute(rewards=[[1, 0, 0, 0], [1, 1, 1, 1]], k=[1, 2]), passing.compute(rewards=[[1, 0]]))
answers, correct = [["4", "5", "4", None], [None] * 4], [[True, False, True, False], [False] * 4]
print(majority.compute(answers=answers, correct=correct, k=4))
import evaluate
print(evaluate.load(sys.argv[1]).compute(rewards=[[0, 1]], k=2))
"""


@pytest.mark.slow
def test_modules_load_offline_by_path_in_several_processes_at_once(tmp_path):
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-c", PROBE, str(Path(accuracy.__file__).parent / "pass_at_k")]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = {process.communicate()[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert outputs == {"{'pass@1': 0.625, 'pass@2': 0.75} {'pass@1': 0.5}\n{'maj@4': 0.5}\n{'pass@2': 1.0}\n"}


def test_unknown_metric():
    with pytest.raises(ValueError, match=r"'bleu'; there are maj_at_k, pass_at_k"):
        accuracy.load("bleu")
