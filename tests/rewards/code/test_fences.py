"""Which code block of a completion counts."""

from __future__ import annotations

import pytest

from rlvr_bench.rewards.code.fences import last_block


@pytest.mark.parametrize(
    ("completion", "code"),
    [
        ("```python\nx\n```", "x\n"),
        ("```\nx\n```", "x\n"),
        ("```py\r\nx\r\n```\r\n", "x\r\n"),
        ("```\na\n```\ntext\n```\nb\n```", "b\n"),
        ("```\na\n```\n```\nb", "a\n"),  # the last complete one
        ("```python\nx = 1", None),
        ("x = 1", None),
        ("", None),
        ("use ```x = 1``` inline", None),
        ("```\ns = '```'\n```", "s = '```'\n"),
        ("````\n```\n````", "```\n"),
        ("1. So:\n   ```python\n   x\n     y\n   ```", "x\n  y\n"),
        ("```\n    '''\n    ```\n    '''\n```", "    '''\n    ```\n    '''\n"),
        ("<think>```\nx\n```</think>", None),
        ("<think>\n```\nx\n```\n</think>\n```\ny\n```", "y\n"),
        ("<think>\n```\nx\n```", None),
        ("</think>\n```\nx\n```\n</think>", None),
    ],
)
def test_the_last_complete_block_counts(completion: str, code: str | None) -> None:
    assert code == last_block(completion)
