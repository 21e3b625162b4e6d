"""Bytes by hand: a float32 number is 4 bytes, an int64 one 8."""

from __future__ import annotations

from typing import Any

import torch

from rlvr_bench.harness.planner.ledger import META, OUTSIDE, Ledger, Piece


def by_type(func: Any, args: tuple[Any, ...], tensor: torch.Tensor) -> str:
    return "floats" if tensor.is_floating_point() else "integers"


def test_bytes_are_counted_from_their_making_to_their_end() -> None:
    with Ledger(by_type) as ledger:
        ledger.begin()
        a = torch.zeros(100, device=META)  # 400 B
        b = a + 1  # 400 B
        view = b[:10]  # of the same storage
        assert ledger.live["floats"] == 800
        del b
        assert ledger.live["floats"] == 800, "its view holds the storage"
        del view
        assert ledger.live["floats"] == 400
        del a
        assert ledger.live["floats"] == 0
        (piece,) = ledger.pieces()
        assert piece == Piece(OUTSIDE, {"floats": 800})


def test_what_is_kept_for_a_backward_pass_is_counted() -> None:
    weight = torch.zeros(10, 10, device=META, requires_grad=True)
    with Ledger(by_type) as ledger:
        ledger.know([weight])
        x = torch.zeros(50, 10, device=META)  # 2,000 B
        y = torch.tanh(x @ weight)  # the product, 2,000 B, is not needed; tanh keeps its result
        assert ledger.live["floats"] == 4000
        y.sum().backward()
        assert weight.grad is not None
        del x, y
        assert ledger.live["floats"] == 400, "the gradient"


def test_a_block_is_the_least_that_is_given_out() -> None:
    with Ledger(by_type, block=512) as ledger:
        kept = [torch.zeros(1, device=META), torch.zeros(129, device=META)]  # 4 B and 516 B
        assert ledger.live["floats"] == 512 + 1024
        del kept


def test_a_share_is_what_this_process_holds() -> None:
    with Ledger(by_type, shares={"gradients": 0.25}) as ledger:
        tensor = torch.zeros(100, device=META)
        ledger.rename(tensor, "gradients")
        assert (ledger.live["floats"], ledger.live["gradients"]) == (0, 100)
        del tensor
        assert ledger.live["gradients"] == 0


def test_integers_are_real_and_decide_shapes() -> None:
    with Ledger(by_type):
        ids = torch.tensor([3, 1, 3]).to(META)  # as a rollout is moved to the models' device
        kinds, place = torch.unique(ids, return_inverse=True)
        assert kinds.tolist() == [1, 3] and place.tolist() == [1, 0, 1]
        states = torch.zeros(3, 5, 7, device=META)
        mask = torch.tensor([[True] * 5, [False] * 5, [True, False, False, False, False]])
        assert states[mask].shape == (6, 7)
        assert float(states.sum()) == 1.0, "a number that there is none of"


def test_an_integer_is_counted_as_it_is() -> None:
    with Ledger(by_type) as ledger:
        ids = torch.arange(10) + 1
        assert ledger.live["integers"] == 80
        del ids


def test_large_masks_have_no_data() -> None:
    with Ledger(by_type) as ledger:
        row, column = torch.ones(9, 1, 1000, dtype=torch.bool), torch.ones(1, 1000, 1, dtype=torch.bool)
        both = row & column
        assert both.is_meta and both.shape == (9, 1000, 1000)
        assert ledger.live["integers"] == 9_000 + 1_000 + 9_000_000


def test_in_place_on_something_real_changes_nothing_of_it() -> None:
    with Ledger(by_type):
        real = torch.zeros(3)
        real += torch.zeros(3, device=META)
        assert real.tolist() == [0, 0, 0]


def test_pieces_end_where_the_layer_changes() -> None:
    weights = [torch.zeros(4, 4, device=META) for _ in range(2)]
    with Ledger(by_type) as ledger:
        for layer, weight in enumerate(weights):
            ledger.know([weight], layer)
        ledger.begin()
        x = torch.zeros(8, 4, device=META)  # 128 B
        kept = [x]
        for weight in weights:
            kept.append(kept[-1] @ weight)
        assert ledger.pieces() == [
            Piece(OUTSIDE, {"floats": 128}),
            Piece(0, {"floats": 256}),
            Piece(1, {"floats": 384}),
        ]
