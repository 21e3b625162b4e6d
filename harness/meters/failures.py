"""Calls that may fail: the answer or None, the reason kept, one warning for all of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

log = logging.getLogger("rlvr_bench")


class Failures:
    """What could not be measured, and why.  The first failure is logged; later ones are only kept."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}  # by quantity
        self._warned = False

    def add(self, quantity: str, reason: str) -> None:
        self.reasons.setdefault(quantity, reason)
        self.warn(f"{quantity} is not measured: {reason}")

    def warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("%s; see the summary for anything else that is missing", message)

    def ask(self, quantity: str, call: Callable[[], T]) -> T | None:
        """The answer, or None.  A quantity that failed once is not asked for again.

        Any exception: a driver's library raises several kinds, and none may end a run.
        """
        if quantity in self.reasons:
            return None
        try:
            return call()
        except Exception as error:
            self.add(quantity, f"{type(error).__name__}: {error}")
            return None
