"""The phases of a step on models without data: what each holds at its peak, besides the states.

What runs is the run's own code: the roles' modules, `score_rollout`, the sampler's reader and its draw, the learner's
losses, autograd.  Only these are shortened, and none of them can be a peak of its own:
- of many equal micro-batches one is run, in an update with all gradients there, as the second finds them; where the
  second is smaller, both are;
- of the tokens sampled, the first is run, the one at which the key-value cache grows for the last time, and the last;
- the optimizer's step is counted (`states.step_bytes`), and `prepare`, which handles (B, T) numbers, is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import BatchCounts, Role, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models import decoder, scoring
from rlvr_bench.harness.models.decoder import is_lean
from rlvr_bench.harness.models.ends import end_ids
from rlvr_bench.harness.models.roles import TRAINED, Models, ScalarModel, build_models
from rlvr_bench.harness.models.scoring import micro_batches, part_of, score_rollout
from rlvr_bench.harness.planner.attention import attention_on
from rlvr_bench.harness.planner.ledger import META, OUTSIDE, Kind, Ledger, Piece
from rlvr_bench.harness.planner.sampling import sample
from rlvr_bench.harness.planner.shapes import random_ids, shell
from rlvr_bench.harness.planner.states import States, deep, layer_of, states_of, step_bytes
from rlvr_bench.harness.records import Phase
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.training.update import UPDATES, Learner, minibatches, old_logprobs_of

STEP = -2  # place of the optimizer's step
CUDA_BLOCK = 512  # bytes: what the CUDA allocator gives out is a multiple of it
SAMPLED: tuple[Phase, ...] = ("rollout", "evaluate")


@dataclass(frozen=True)
class Pass:
    """What one role's pass in a phase holds besides the states, piece by piece."""

    phase: Phase
    role: Role
    pieces: list[Piece]


_SAMPLINGS: dict[str, list[Piece]] = {}


class Passes:
    """The models of a run without data, and the passes through them."""

    def __init__(
        self,
        config: RunConfig,
        algorithm: Any,
        shape: Any,
        *,
        critic: Any | None = None,
        prompts: list[int],
        cuda: bool,
        how: Sharding,
    ) -> None:
        """
        Args:
            shape: the transformers config of the model.
            critic: that of the model that the critic is made from, if it is another.
            prompts: tokens of each prompt of a step that this process samples.
            cuda: whether the run's device is a GPU.
        """
        self.config, self.algorithm, self.cuda, self.prompts, self.how = config, algorithm, cuda, prompts, how
        base, tokenizer = shell(shape, config.model)
        sharing: dict[str, Any] = {"share": config.compute.share, "precision": config.compute.autocast}
        learned = ScalarModel.from_causal_lm(base, **sharing) if config.has_reward_model else None
        resident = replace(config, model=replace(config.model, offload_frozen=False))  # the plan counts what is moved
        self.models: Models = build_models(
            base,
            tokenizer,
            algorithm.roles,
            resident,
            device=META,
            reward_model=learned,
            critic=None if critic is None else shell(critic, replace(config.model, name=config.model.critic))[0],
        )
        engines: dict[Role, Any] = {r: _Engine(m) for r, m in self.models.by_role.items() if r in TRAINED}
        self.learner = Learner(algorithm, self.models, engines, config)
        self.old = old_logprobs_of(algorithm, config)
        text = shape.get_text_config()
        self.vocabulary, self.width = text.vocab_size, text.hidden_size
        heads = text.num_attention_heads
        self.kv_heads = getattr(text, "num_key_value_heads", None) or heads
        self.head_size = getattr(text, "head_dim", None) or text.hidden_size // heads
        self.depth, self.sampling = text.num_hidden_layers, False
        self.block = CUDA_BLOCK if cuda else 1
        self.sampler = TorchRollout(
            self.models.actor.lm,
            pad=0,
            ends=end_ids(base, tokenizer),
            max_rows=config.max_rows,
            with_logprobs=self.old.kept,
            **sharing,
        )
        self.ledger = Ledger(self._kind, block=self.block, shares={"gradients": how.kept_of_gradients})
        for model in self.models.by_role.values():
            self.ledger.know(model.buffers())
            for name, parameter in model.named_parameters():
                layer = layer_of(name)
                self.ledger.know([parameter], OUTSIDE if layer is None else layer)
                if parameter.requires_grad:
                    parameter.register_post_accumulate_grad_hook(self._is_gradient)

    def states(self, layers: Mapping[Role, int] | None = None) -> dict[Role, States]:
        """Of every role, with so many layers."""
        return {
            role: states_of(
                model,
                trained=role in TRAINED,
                block=self.block,
                layers=None if layers is None else layers[role],
                borrowed=model.borrowed,
                how=self.how,
            )
            for role, model in self.models.by_role.items()
        }

    def step_bytes(self, role: Role, layers: int | None = None) -> int:
        """What an optimizer step of a role holds for a moment; where it is divided, the plan counts it apart."""
        return 0 if self.how.divides else step_bytes(self.models.by_role[role], layers)

    def run(self, layers: int | None = None) -> list[Pass]:
        """Every pass in every phase that handles tensors, as it is in a model of so many layers."""
        self.found: list[Pass] = []
        backbone = self.models.actor.lm.base_model
        in_layers = [p.numel() for p in deep(backbone.layers, layers)] if is_lean(backbone) else []
        packs = sum(in_layers) <= decoder.PACKED_NUMBERS
        with ExitStack() as stack:
            stack.enter_context(_limits(cuda=self.cuda, packs=packs))
            stack.enter_context(self.ledger)
            stack.enter_context(attention_on(cuda=self.cuda))
            self._sampling("rollout", self.prompts, self.config.rollout.group_size, layers)
            c = self.config.evaluate
            if c.every:
                items = min(max(c.items, c.final_items), max(1, self.config.max_rows // c.samples))
                self._sampling("evaluate", [max(self.prompts)] * items, c.samples, layers)
            if self.how.stage == 3:
                stack.enter_context(_whole_sequences())
            self._learn(self._rollout())
        return self.found

    def _sampling(self, phase: Phase, prompts: list[int], group: int, layers: int | None) -> None:
        """Sampling asks for nothing of how a run learns: of several plans of a model it is run once."""
        c, sampler = self.config, self.sampler
        key = (
            f"{c.model.name} {c.model.dtype} {c.model.adapter} {self.depth} {layers} {prompts} {group} "
            f"{c.rollout.max_tokens} {c.rollout.min_tokens} {sampler.share} {sampler.with_logprobs} {self.cuda}"
        )
        if key not in _SAMPLINGS:
            with self._pass(phase, "actor"):
                sample(sampler, c.rollout, prompts, group)
            _SAMPLINGS[key] = self.found.pop().pieces
        self.found.append(Pass(phase, "actor", _SAMPLINGS[key]))

    def _learn(self, rollout: Rollout) -> None:
        """Scores of the rollout, rewards, and the optimizer steps of the first minibatch."""
        limit, models = self.config.train.micro_tokens, self.models
        few = rollout.select(next(micro_batches(rollout, limit)))
        zeros = torch.zeros(rollout.response_mask.shape, device=META)
        scores = {}
        temperature = self.config.rollout.temperature
        for role in ("actor", "reference"):
            if models.holds(role) if role == "reference" else self.old.needed:
                if role == "reference" or self.old.scored:
                    with self._pass("score", role):
                        model = models.by_role[role]
                        score_rollout(lambda part, m=model: m(part, temperature=temperature)[0], few, limit)
                scores["old_logprobs" if role == "actor" else "reference_logprobs"] = zeros.clone()
        if models.holds("critic"):
            with self._pass("score", "critic"):
                score_rollout(models.by_role["critic"], few, limit)
            scores |= {"values": zeros.clone(), "returns": zeros.clone()}
        if models.holds("reward"):
            with self._pass("reward", "reward"):
                score_rollout(lambda part: models.by_role["reward"](part, at="end"), few, limit)
        rollout = rollout.with_scores(advantages=zeros, **scores)
        del few, zeros, scores
        rows = minibatches(rollout.group_ids, self.config.train.minibatches, torch.Generator())[0]
        counts = BatchCounts.of(rollout.response_mask[rows], self.config.rollout.max_tokens)
        batch = rollout.select(rows, counts=counts)
        for role in ("actor", "critic"):
            if models.holds(role):
                self._update(role, batch)

    def _update(self, role: Role, batch: Rollout) -> None:
        model = self.models.by_role[role]
        with self._pass(UPDATES[role], role):
            parts = list(micro_batches(batch, self.config.train.micro_tokens))[:2]
            if len(parts) == 2 and len(parts[1]) == len(parts[0]):
                parts = parts[1:]
                for parameter in model.parameters():
                    if parameter.requires_grad:
                        parameter.grad = torch.empty_like(parameter)
                        self._is_gradient(parameter)
            metrics: dict[str, Tensor] = {}
            for rows in parts:
                loss = self.learner.loss(role, part_of(batch, rows))
                loss.scalar.backward()
                metrics = dict(loss.metrics)
                del loss
            del metrics
            self.ledger.enter(STEP)
            model.zero_grad()

    def _rollout(self) -> Rollout:
        """A rollout in which every completion has the full length, and differs from the others."""
        c = self.config.rollout
        width, group = max(self.prompts), c.group_size
        lengths = torch.tensor(self.prompts).repeat_interleave(group)
        rows = len(lengths)
        mask = torch.arange(width) >= width - lengths.unsqueeze(1)
        ids = random_ids(self.vocabulary, len(self.prompts), width).repeat_interleave(group, dim=0)
        response = torch.ones(rows, c.max_tokens, dtype=torch.bool)
        return Rollout(
            prompt_ids=ids,
            completion_ids=random_ids(self.vocabulary, rows, c.max_tokens),
            prompt_mask=mask,
            response_mask=response,
            truncated=torch.ones(rows, dtype=torch.bool),
            group_ids=torch.arange(len(self.prompts)).repeat_interleave(group),
            rewards=torch.zeros(rows),
            counts=BatchCounts.of(response, c.max_tokens),
        )

    @contextmanager
    def _pass(self, phase: Phase, role: Role) -> Iterator[None]:
        self.ledger.begin()
        self.sampling = phase in SAMPLED
        yield
        self.found.append(Pass(phase, role, self.ledger.pieces()))

    def _is_gradient(self, parameter: Tensor) -> None:
        assert parameter.grad is not None
        self.ledger.rename(parameter.grad, "gradients")

    def _kind(self, func: Any, args: tuple[Any, ...], tensor: Tensor) -> Kind:
        shape = tuple(tensor.shape)
        if self.sampling and len(shape) == 4 and shape[3] == self.head_size and self.kv_heads in shape[1:3]:
            return "key-value cache"
        if not tensor.is_meta and len(shape) < 3:
            return "rollout"
        if shape == (self.vocabulary, self.width):
            return "embeddings"  # a float32 copy of the output embedding, and gradients on their way
        if len(shape) == 2 and shape[-1] == self.vocabulary:
            return "logits"
        return "activations"


class _Engine:
    """What the learner's losses ask of an engine."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module


@contextmanager
def _whole_sequences() -> Iterator[None]:
    """As models read whose weights are dealt out (ZeRO-3), which tensors without data do not show.

    Only while they learn: the rollout samples with a copy of the whole weights.
    """
    before = scoring.reads_whole
    scoring.reads_whole = lambda backbone: True
    try:
        yield
    finally:
        scoring.reads_whole = before


@contextmanager
def _limits(*, cuda: bool, packs: bool) -> Iterator[None]:
    """Two decisions of the run's code that tensors without data, and a model with few layers, would turn otherwise.

    Args:
        cuda: on a GPU a chunk has eight times the logits.
        packs: whether weights are copied for sampling, which depends on how many there are in all layers.
    """
    before = scoring.CHUNK_LOGITS, decoder.PACKED_NUMBERS
    scoring.CHUNK_LOGITS *= scoring.CUDA_CHUNKS if cuda else 1
    decoder.PACKED_NUMBERS = sys.maxsize if packs else 0
    try:
        yield
    finally:
        scoring.CHUNK_LOGITS, decoder.PACKED_NUMBERS = before
