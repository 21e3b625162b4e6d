"""Messages are counted by phase and operation, and what a ring sends of them is computed, with a backend of our own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from rlvr_bench.harness.meters.communication import CommunicationMeter, size_of


class Backend:
    """Has some of the operations, called as DeepSpeed calls them, and answers with what it was given."""

    def all_reduce(self, tensor: Tensor, group: Any = None) -> Tensor:
        return tensor

    def all_gather_into_tensor(self, output_tensor: Tensor, input_tensor: Tensor, group: Any = None) -> Tensor:
        return output_tensor

    def all_to_all(self, output_tensor_list: list[Tensor], input_tensor_list: list[Tensor]) -> None:
        """Answers nothing."""

    def barrier(self) -> str:
        return "all there"


def test_messages_by_phase_and_operation_and_what_four_processes_send() -> None:
    backend = Backend()
    with CommunicationMeter(backend, 4) as meter:
        backend.all_reduce(torch.zeros(100))  # in no phase
        meter.begin("gather")
        whole, share = torch.zeros(8, dtype=torch.bfloat16), torch.zeros(2, dtype=torch.bfloat16)
        assert backend.all_gather_into_tensor(output_tensor=whole, input_tensor=share) is whole
        meter.end("gather")
        meter.begin("update_actor")
        for _ in range(2):
            backend.all_reduce(tensor=torch.zeros(10))
        backend.all_to_all([torch.zeros(3), torch.zeros(1)], [torch.zeros(2), torch.zeros(2)])
        assert backend.barrier() == "all there"
        meter.end("update_actor")
        meter.begin("evaluate")
        backend.all_reduce(torch.zeros(5))
        meter.end("evaluate")
        assert meter.row() == {
            "cost/communication/sent": 3 / 4 * (16 + 2 * 80 + 16),
            "cost/communication/bytes/gather/all_gather_into_tensor": 16,
            "cost/communication/calls/gather/all_gather_into_tensor": 1,
            "cost/communication/bytes/update_actor/all_reduce": 80,
            "cost/communication/calls/update_actor/all_reduce": 2,
            "cost/communication/bytes/update_actor/all_to_all": 16,
            "cost/communication/calls/update_actor/all_to_all": 1,
            "cost/communication/bytes/evaluate/all_reduce": 20,
            "cost/communication/calls/evaluate/all_reduce": 1,
        }
        assert meter.row() == {"cost/communication/sent": 0.0}


def test_what_came_before_the_step_is_forgotten_and_the_backend_is_left_as_it_was() -> None:
    backend = Backend()
    with CommunicationMeter(backend, 2) as meter:
        meter.begin("score")
        backend.all_reduce(torch.zeros(5))
        meter.reset()
        assert meter.row() == {"cost/communication/sent": 0.0}
        assert vars(backend)
    assert not vars(backend)


@pytest.mark.parametrize(
    ("argument", "size"),
    [
        (torch.zeros(2, 3), 24),
        (torch.zeros(3, dtype=torch.uint8), 3),
        ([torch.zeros(1)] * 2, 8),
        (None, 0),
        ("sum", 0),
        (7, 0),
    ],
)
def test_sizes(argument: Any, size: int) -> None:
    assert size_of(argument) == size
