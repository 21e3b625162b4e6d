"""Every setting of a run.  The string under a field says its meaning, unit and range.

`load.py` makes these frozen dataclasses from TOML, strictly: unknown keys, wrong types and
impossible combinations are all reported at once, before a model is loaded.
"""

from __future__ import annotations

from dataclasses import asdict, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass

from rlvr_bench.harness.config.measuring import EvaluateConfig, MeasureConfig
from rlvr_bench.harness.config.ranges import STRICT, Count, Positive, Rate, Share

HELD_OUT = 0.2  # share of the label prompts whose pairs the reward model is tested on, never trained on


@dataclass(frozen=True, config=STRICT)
class AdapterConfig:
    rank: Positive = 16
    """Rank of the low-rank adapters (LoRA) of actor and critic, on one frozen base model that is the reference as well;
    only they, and the critic's head, are trained.  Without the table `model.adapter` all weights are.  Supervised
    steps of a warm start train the base model itself; the reward model has weights of its own."""
    alpha: Rate = 32.0
    """What an adapter adds is multiplied by alpha / rank, > 0."""
    targets: tuple[str, ...] = ()
    """Names of the linear layers that get an adapter, as `q_proj`; [] is all but the output embedding."""


@dataclass(frozen=True, config=STRICT)
class ModelConfig:
    name: str = "tiny:64x2"
    """`tiny:WIDTHxLAYERS`, `arch:NAME`, `smollm2-135m`, a hub name or a local path; see `rlvr-bench list models`."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Type of the weights; with bfloat16 the trained models keep float32 masters and optimizer states."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the models live; `auto` takes the GPU if there is one."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more computation."""
    offload_frozen: bool = False
    """Keep the reference and the reward model in CPU memory between uses."""
    chat_template: Literal["auto", "never"] = "auto"
    """`auto` wraps each prompt as the user's turn where the tokenizer has a chat template; `never` for base models."""
    critic: str = ""
    """Model that the critic is made from, where it is to be of another size than the actor, named as in `name`; it must
    have the actor's tokenizer.  It begins as `name` would: from its own weights, or random ones (`tiny:`, `arch:`), and
    after the supervised steps of `warm_start` if there are any.  "" is a copy of the base model."""
    adapter: AdapterConfig | None = None
    """Low-rank adapters instead of all weights; see `model.adapter.rank`."""


@dataclass(frozen=True, config=STRICT)
class WarmStartConfig:
    steps: Count = 0
    """Supervised steps on the task's demonstrations before anything else; 0 is off."""
    batch: Positive = 128
    """Demonstrations per supervised step."""
    lr: Rate = 3e-3
    """Peak learning rate of the supervised steps, > 0; linear decay to zero."""
    noise: Share = 0.4
    """Share of demonstrations that are well formed but wrong, in [0, 1]: it sets where learning begins."""
    habit: Share = 0.0
    """Share of the kinds of step at which the demonstrations mostly err, always in the same way, in [0, 1]: greedy
    accuracy begins below what the model can do."""
    seed: Count = 0
    """Seed of the initial weights and of the demonstrations; the runs of a suite share one warm start."""


@dataclass(frozen=True, config=STRICT)
class RewardConfig:
    source: Literal["verifier", "learned", "both", "random"] = "verifier"
    """What the policy is trained on; `both` adds the verifier's reward and the learned score, `random` gives each
    completion 0 or 1 by a fair coin (a control)."""
    components: dict[str, float] = field(default_factory=lambda: {"correct": 1.0})
    """Weight of each named verdict of the task in the verifier's reward, reward units."""
    false_positive_rate: Share = 0.0
    """Share of wrong completions that the policy is rewarded for as if right, in [0, 1]; records keep the truth.
    Seed, completion and target decide which ones."""
    false_negative_rate: Share = 0.0
    """Share of right completions that the policy is rewarded for as if wrong, in [0, 1]; chosen in the same way."""
    model: str = ""
    """Model that the reward model is made from, where it is to be of another size than the policy, named as in
    `model.name`; it begins as `model.critic` would, and must have the policy's tokenizer.  "" is a copy of the base
    model."""
    label_pairs: Count = 2000
    """Pairs (right, wrong) that the reward model is trained on; 0 leaves it untrained (memory and speed only)."""
    label_prompts: Positive = 512
    """Training prompts from which the base model samples the completions for the pairs."""
    label_samples: Positive = 8
    """Completions that the base model samples for each of those prompts."""
    label_seed: Count = 0
    """Seed of the label prompts, of these completions, of the pairs and of their order in training."""
    label_noise: Share = 0.0
    """Share of the training pairs, in [0, 1], that are taught the wrong way round; held-out pairs are as they are."""
    epochs: Positive = 2
    """Passes over the pairs; not used where `optimizer_steps` is set."""
    optimizer_steps: Count = 0
    """Optimizer steps of the reward model, over as many passes as they take: the same for any number of pairs.  0 is
    `epochs` passes."""
    batch: Positive = 64
    """Pairs per optimizer step of the reward model, at most all of them."""
    lr: Rate = 1e-3
    """Learning rate of the reward model, > 0; linear decay to zero."""
    deadline_s: Rate = 600.0
    """Seconds in which the verifiers must have judged a batch of completions, > 0; later the run fails and names
    them.  The verifiers' own limits for one completion are far below it."""
    max_masked: Share = 0.1
    """Largest share of a step's verdicts, in [0, 1], that may be missing because the verifier failed; more stop the
    run."""


@dataclass(frozen=True, config=STRICT)
class RolloutConfig:
    engine: str = "torch"
    """Which engine samples: `torch` with the trained model itself, in this process, the same number in sampling and in
    scoring; `vllm` faster, with kernels of its own, to which the weights are handed over after each update."""
    max_gap: Rate = 0.05
    """With `vllm`: nats a token, > 0, that its log-probabilities may be from those of the scorer, mean over a rollout;
    a run that is over it fails."""
    prompts: Positive = 32
    """Prompts per step."""
    group_size: Positive = 8
    """Completions sampled for each prompt, for every algorithm."""
    max_tokens: Positive = 32
    """Length limit of a completion, tokens."""
    min_tokens: Count = 0
    """No end of sequence can be sampled before this many tokens, and scoring gives it no probability there either;
    equal to max_tokens it fixes the length."""
    max_prompt_tokens: Positive = 512
    """Length limit of a prompt, tokens; see `long_prompts`."""
    long_prompts: Literal["error", "drop"] = "error"
    """What becomes of items whose prompt is longer than `max_prompt_tokens`: `error` refuses the run before it starts
    and names them, `drop` leaves them out and counts them."""
    temperature: Rate = 1.0
    """Divides the logits in sampling and in scoring, > 0."""


@dataclass(frozen=True, config=STRICT)
class EngineConfig:
    name: str = "torch"
    """Which engine trains: `torch` trains in one process, `deepspeed` in `launch.processes` of them."""
    stage: Literal[0, 1, 2, 3] = 2
    """What ZeRO deals out to the processes: 0 nothing, 1 optimizer states, 2 also gradients, 3 also weights."""
    offload: Literal["none", "optimizer", "all"] = "none"
    """What DeepSpeed keeps in CPU memory: `optimizer` the masters and optimizer states (stages 1 to 3), `all` the
    weights too (stage 3)."""


def _named(engine: Any) -> Any:
    """`engine = "torch"` is short for the table."""
    return {"name": engine} if isinstance(engine, str) else engine


@dataclass(frozen=True, config=STRICT)
class LaunchConfig:
    processes: Positive = 1
    """Processes that train a run together, of all nodes; each has a GPU of its own where there are GPUs."""


@dataclass(frozen=True, config=STRICT)
class TrainConfig:
    engine: Annotated[EngineConfig, BeforeValidator(_named)] = field(default_factory=EngineConfig)
    """What trains; `engine = "torch"` is short for a table with this name."""
    steps: Positive = 60
    """Rollouts, each followed by `epochs` x `minibatches` optimizer steps."""
    lr: Rate = 1e-3
    """Learning rate of the actor (AdamW, no weight decay), > 0."""
    critic_lr: Rate = 1e-3
    """Learning rate of the critic, > 0; used where the algorithm has one."""
    lr_warmup_steps: Count = 0
    """Steps over which both learning rates rise linearly from zero; constant after."""
    critic_pretrain_steps: Count = 0
    """Optimizer steps of the critic alone before the run, each on new completions of the base model, for the reward of
    the run, undiscounted; cached, and in no budget of the run.  0 is off; used where the algorithm has a critic."""
    critic_pretrain_batch: Positive = 256
    """Completions of each of these steps, one a prompt."""
    critic_pretrain_lr: Rate = 1e-3
    """Learning rate of these steps, > 0; linear decay to zero."""
    critic_warmup_steps: Count = 0
    """First steps in which only the critic is updated; used where the algorithm has one."""
    epochs: Positive = 1
    """Passes over each rollout."""
    minibatches: Positive = 1
    """Optimizer steps per pass, each on whole groups; must divide rollout.prompts."""
    grad_clip: Rate = 1.0
    """Largest L2 norm of a gradient, per model, > 0."""
    micro_tokens: Positive = 65536
    """Most tokens (prompt and completion, padding included) in one forward pass; bounds the memory."""
    checkpoint_every: Count | Literal["auto"] = "auto"
    """Steps between checkpoints; `auto` is as often as they take at most 1 % of the run's time; 0 is off."""
    max_skipped: Count = 3
    """Optimizer steps of one model in a row whose loss or gradient may be not finite; they are skipped and counted, and
    one more ends the run as diverged."""


@dataclass(frozen=True, config=STRICT)
class ComputeConfig:
    threads: Count = 0
    """Processor threads that torch computes with; 0 is all cores.  With 1, numbers do not depend on the cores."""
    share: bool = True
    """Compute equal completions of a prompt, and equal beginnings in sampling, once.  It changes no sample and no
    number beyond rounding; `false` where seconds must not depend on how repetitive a policy is."""
    autocast: Literal["off", "bfloat16"] = "off"
    """`bfloat16` computes matrix products of float32 models in bfloat16, where the processor or GPU has it."""


@dataclass(frozen=True, config=STRICT)
class PluginChoice:
    """A plugin and its options, resolved to every field of the plugin's own Config."""

    name: str
    options: dict[str, Any]


@dataclass(frozen=True, config=STRICT)
class RunConfig:
    task: PluginChoice
    """Which task, and the task's own fields."""
    algorithm: PluginChoice
    """Which algorithm, and the algorithm's own fields."""
    seed: Count = 1
    """Seed of the prompts' order, of sampling, of minibatches and of the actor's adapter."""
    model: ModelConfig = field(default_factory=ModelConfig)
    """The model that the roles are made from."""
    warm_start: WarmStartConfig = field(default_factory=WarmStartConfig)
    """Supervised training of the base model, cached."""
    reward: RewardConfig = field(default_factory=RewardConfig)
    """What a completion earns."""
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    """How completions are sampled."""
    train: TrainConfig = field(default_factory=TrainConfig)
    """The optimization."""
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    """Held-out accuracy."""
    compute: ComputeConfig = field(default_factory=ComputeConfig)
    """How the machine computes it; the same for every role and algorithm."""
    measure: MeasureConfig = field(default_factory=MeasureConfig)
    """The meters."""
    launch: LaunchConfig = field(default_factory=LaunchConfig)
    """How many processes a run is."""

    @property
    def completions(self) -> int:
        """Completions per step."""
        return self.rollout.prompts * self.rollout.group_size

    @property
    def has_reward_model(self) -> bool:
        """Whether the policy is trained on a learned score."""
        return self.reward.source in ("learned", "both")

    @property
    def max_rows(self) -> int:
        """Most completions sampled at once: a step's own are one batch, evaluations and labels come in several."""
        return 2 * self.completions

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; task and algorithm flattened to {"name", **options} as in TOML.

        What came after the first records is left out where it is not used, so that their hashes stay what they were.
        """
        data = asdict(self)
        data["model"] = {k: v for k, v in data["model"].items() if v or k not in ("critic", "adapter")}
        for section in ("task", "algorithm"):
            data[section] = {"name": data[section]["name"], **data[section]["options"]}
        if (data["algorithm"]["name"], data["algorithm"].get("kl_placement")) == ("grpo", "loss"):
            del data["algorithm"]["kl_placement"]
        if self.train.engine.name == "torch":  # which has no options
            data["train"]["engine"] = "torch"
        return data
