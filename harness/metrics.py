"""Every metric that a run records: its name, unit and one formula.  METRICS.md is printed from this table.

`rlvr-bench list metrics --markdown > METRICS.md` rewrites the page; a test compares them, and another
checks that a run records nothing that is not here.  <phase>, <k> and <name> are placeholders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    formula: str


def _self_checks(where: str, completions: str) -> tuple[Metric, ...]:
    """Of a task that counts them (`tasks/self_checks.py`): the same of the steps and of the evaluations."""
    share, null = "share of self-checks with", "null without any"
    rows = (
        ("check_fraction", f"{completions} with a self-check; this and the next six only with a task that counts them"),
        ("checks_mean", f"self-checks / {completions}"),
        ("checks_corrected", f"{share} a wrong value before and a right one after; {null}"),
        ("checks_harmed", f"{share} a right value before and a wrong one after; {null}"),
        ("checks_unchanged", f"{share} one value before and after; {null}"),
        ("right_checked", f"share of right ones of the {completions} with a self-check; {null}"),
        ("right_unchecked", f"share of right ones of the {completions} without one; null if all have one"),
    )
    return tuple(
        Metric(f"{where}/{name}", "checks" if name == "checks_mean" else "[0, 1]", formula) for name, formula in rows
    )


METRICS = (
    Metric("rollout/reward_mean", "reward", "mean of the reward that the algorithm is given"),
    Metric("rollout/reward_std", "reward", "standard deviation of that reward over completions, n - 1"),
    Metric(
        "rollout/true_reward_mean", "reward", "mean of the verifier's reward, which the policy need not be trained on"
    ),
    Metric(
        "rollout/proxy_reward_mean", "reward", "mean of the learned reward model's normalized score; absent without one"
    ),
    Metric(
        "rollout/proxy_true_gap",
        "base SD",
        "proxy mean - (true mean - p) / sqrt(p (1 - p)), p the base model's pass rate; null if p is unknown, 0 or 1",
    ),
    Metric(
        "rollout/proxy_pair_accuracy",
        "[0, 1]",
        "share of pairs (right, wrong) of one prompt that the proxy ranks correctly, ties half; null without pairs",
    ),
    Metric("rollout/component/<name>", "[0, 1]", "mean of one named verdict (correct, format)"),
    Metric("rollout/outcome/<name>", "[0, 1]", "share of completions with this outcome of the true reward"),
    Metric("rollout/masked_fraction", "[0, 1]", "completions left out because the verifier failed"),
    Metric(
        "rollout/verdict_retries", "jobs", "jobs of the verifier that were given to another worker because theirs died"
    ),
    Metric(
        "rollout/rewards_skipped",
        "completions",
        "completions left out because the reward of the policy is not a finite number; absent if none; where it is so "
        "for all of a step, its optimizer steps are skipped",
    ),
    Metric(
        "rollout/sampler_gap",
        "nats/token",
        "mean of |log-probability of a sampled token by the engine that sampled - by the scorer|; absent with `torch`",
    ),
    Metric("rollout/sampler_gap_max", "nats", "its largest"),
    Metric("rollout/length_mean", "tokens", "mean completion length, first EOS included"),
    Metric("rollout/length_max", "tokens", "longest completion"),
    Metric("rollout/length_correct_mean", "tokens", "mean length where the true reward is > 0; null if it never is"),
    Metric("rollout/length_wrong_mean", "tokens", "mean length where the true reward is <= 0; null if it never is"),
    Metric("rollout/truncated_fraction", "[0, 1]", "completions that reached the length limit without EOS"),
    Metric(
        "rollout/zero_std_groups", "[0, 1]", "groups whose rewards are all equal, which give a group method no signal"
    ),
    *_self_checks("rollout", "completions"),
    Metric("train/policy_loss", "-", "loss of the actor, mean over the optimizer batches of the step"),
    Metric(
        "train/value_loss",
        "reward^2",
        "loss of the critic, mean over the optimizer batches of the step; null without a critic",
    ),
    Metric("train/approx_kl", "nats/token", "token mean of k3: exp(d) - 1 - d, d = logprobs - old_logprobs; step mean"),
    Metric(
        "train/kl_to_reference", "nats/token", "token mean of k3(old policy || reference); absent without a reference"
    ),
    Metric(
        "train/exact_kl_to_reference",
        "nats/token",
        "mean over the positions of the step's completions of sum over the vocabulary of p (log p - log q), p the "
        "policy that sampled, q the reference, both at the rollout's temperature; with `measure.exact_kl` alone, and "
        "absent without a reference",
    ),
    Metric("train/entropy", "nats/token", "token mean of the entropy of the sampling distribution; step mean"),
    Metric("train/clip_fraction", "[0, 1]", "tokens where the clip sets the gradient to zero; step mean"),
    Metric("train/value_clip_fraction", "[0, 1]", "tokens where the value clip is active; step mean"),
    Metric("train/ratio_max", "-", "largest exp(logprobs - old_logprobs) in the step"),
    Metric("train/ratio_min", "-", "smallest exp(logprobs - old_logprobs) in the step"),
    Metric(
        "train/actor_skipped",
        "steps",
        "optimizer steps of the actor that were left out because their loss or gradient was not finite; absent if none",
    ),
    Metric("train/critic_skipped", "steps", "those of the critic, likewise"),
    Metric("train/grad_norm", "-", "L2 norm of the actor's gradient before clipping; step mean"),
    Metric("train/critic_grad_norm", "-", "L2 norm of the critic's gradient before clipping; step mean"),
    Metric(
        "train/explained_variance",
        "-",
        "1 - Var(returns - values) / Var(returns) over tokens; null if Var(returns) = 0",
    ),
    Metric("train/lr", "-", "learning rate of the actor"),
    Metric("train/critic_lr", "-", "learning rate of the critic"),
    Metric("eval/items", "items", "held-out items of this evaluation; evaluate.final_items before and after training"),
    Metric("eval/masked_fraction", "[0, 1]", "missing verdicts; their items are left out of the sampled metrics"),
    Metric("eval/pass@1", "[0, 1]", "mean over held-out items of the share of k sampled completions that pass"),
    Metric("eval/greedy", "[0, 1]", "share of held-out items whose greedy completion passes"),
    Metric("eval/pass@<k>", "[0, 1]", "unbiased: mean of 1 - C(n - c, k) / C(n, k), n samples, c of them correct"),
    Metric("eval/maj@<k>", "[0, 1]", "share of items whose most frequent answer of k passes; ties share the credit"),
    Metric("eval/length_mean", "tokens", "mean length of the sampled completions"),
    Metric("eval/length_correct_mean", "tokens", "mean length of those that pass; null if none does"),
    Metric(
        "eval/length_wrong_mean",
        "tokens",
        "mean length of those that do not; null if all do, missing verdicts left out",
    ),
    Metric("eval/truncated_fraction", "[0, 1]", "sampled completions without EOS"),
    *_self_checks("eval", "sampled completions"),
    Metric("cost/seconds", "s", "wall clock of the step, evaluation and checkpoint left out"),
    Metric("cost/seconds/<phase>", "s", "wall clock of one phase, devices synchronized at its edges"),
    Metric(
        "cost/verdict_seconds", "s", "from the request for the verdicts to the last of them; the models score meanwhile"
    ),
    Metric("cost/verdict_wait", "s", "time in which the step waited for the verdicts and did nothing else"),
    Metric(
        "cost/processor_wait",
        "s",
        "time in which threads of the process were ready to compute and had no processor, summed over the threads, "
        "evaluation and checkpoint left out; null where the system does not tell",
    ),
    Metric("cost/verdict_wait_share", "[0, 1]", "cost/verdict_wait / cost/seconds"),
    Metric("cost/tokens", "tokens", "completion tokens sampled in the step"),
    Metric("cost/samples", "completions", "completions sampled in the step"),
    Metric("cost/tokens_per_second", "tokens/s", "cost/tokens / cost/seconds"),
    Metric("cost/flops", "FLOP", "model FLOPs of the step: the sum over phases, evaluation and checkpoint left out"),
    Metric(
        "cost/flops/<phase>",
        "FLOP",
        "per model and position read 2 N forward, 6 N forward and backward (4 F + 6 (N - F) where F of them are frozen "
        "under adapters), and attention; of a completion's n tokens "
        "n - 1 are read, by the reward model n; logits of all n; see meters/flops.py",
    ),
    Metric(
        "cost/flops_done",
        "FLOP",
        "the part of cost/flops that was computed: equal completions and equal beginnings are computed once; "
        "equal to cost/flops where nothing is shared",
    ),
    Metric("cost/utilization", "[0, 1]", "cost/flops_done / cost/seconds / peak FLOP/s of the device; null if unknown"),
    Metric("cost/memory/allocated_peak/<phase>", "bytes", "peak of the allocator in the phase; null without CUDA"),
    Metric(
        "cost/memory/reserved_peak/<phase>",
        "bytes",
        "peak of the allocator's reserved bytes in the phase; null without CUDA",
    ),
    Metric(
        "cost/memory/device_peak/<phase>",
        "bytes",
        "largest NVML sample in the phase; without a GPU the resident set's peak in it (VmHWM, reset as it begins), "
        "or the largest sample where the system cannot reset that; the summary says which",
    ),
    Metric(
        "cost/memory/workers",
        "bytes",
        "resident bytes of the processes that the run started (verifiers' workers, sandboxes) and of theirs, summed, "
        "which are in no other metric; pages that several share count in each; the larger of a sample as phase reward "
        "begins and one as it ends; null where the system does not list children",
    ),
    Metric(
        "cost/communication/bytes/<phase>/<name>",
        "bytes",
        "messages that one process gives to or takes from the collective operation <name> in the phase: of all_reduce "
        "and reduce the tensor, of all_gather* and reduce_scatter* the whole that the processes have shares of; by the "
        "phase `update_*` one knows the role, in `gather` it is the actor's, in `reward` the reward model's, and "
        "`score` has those of reference and critic; absent with one process, and without a call; rollouts and metrics, "
        "which are exchanged as objects, are not in it",
    ),
    Metric("cost/communication/calls/<phase>/<name>", "calls", "calls of that operation by one process in the phase"),
    Metric(
        "cost/communication/sent",
        "bytes",
        "what one of n processes sends in the step if every operation goes round a ring, evaluation and checkpoint "
        "left out: (n - 1) / n of each operation's bytes, twice that of all_reduce*",
    ),
    Metric(
        "cost/energy",
        "J",
        "energy counter of the device over the step, evaluation and checkpoint left out; null without NVML",
    ),
    Metric("cost/energy/<phase>", "J", "energy counter of the device over the phase; null without NVML"),
    Metric("cost/gpu/utilization", "[0, 1]", "mean of the NVML samples of the step; null without NVML"),
    Metric("cost/gpu/temperature_max", "C", "largest NVML sample of the step; null without NVML"),
    Metric("cost/gpu/sm_clock_min", "MHz", "smallest NVML sample of the step; null without NVML"),
    Metric(
        "cost/gpu/throttled_fraction",
        "[0, 1]",
        "share of NVML samples with a throttle reason other than idle; null without NVML",
    ),
)

_PATTERNS = {
    m.name: re.compile(re.sub(r"<k>", r"\\d+", re.sub(r"<(?:phase|name)>", r"[\\w.-]+", m.name))) for m in METRICS
}


def find_metric(name: str) -> Metric | None:
    """The table's entry for a recorded name, None if there is none."""
    return next((m for m in METRICS if _PATTERNS[m.name].fullmatch(name)), None)


def markdown() -> str:
    """METRICS.md, whole."""
    head = (
        "# Metrics\n\n"
        "Every name that a run writes into `metrics.jsonl`, with its one formula. Token means run over\n"
        "`response_mask` (generated tokens including the first EOS) of the whole optimizer batch. Of a run of several\n"
        "processes seconds, memory, energy and what a GPU reports are those of the first process; counts and FLOPs\n"
        "are of all together.\n"
        "Printed by `rlvr-bench list metrics --markdown`.\n\n"
        "| name | unit | formula |\n|---|---|---|\n"
    )
    return head + "".join(f"| `{m.name}` | {m.unit} | {m.formula.replace('|', chr(92) + '|')} |\n" for m in METRICS)
