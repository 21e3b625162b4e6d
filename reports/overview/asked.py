"""The claims under test, and what it takes to test each.

Each is put in the direction of the propositions that are judged for it, so that "supported" means the same in both.

A finding is about the claim that names the first word of its id as a topic; a hypothesis whose id begins with another
word is about the claim that has its question.  So every finding has exactly one place in the overview.

A suite that `takes` names stands in `suites` too, and is shipped: a test holds them to that.
"""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_bench.reports.claims.finding import Finding, Question


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One claim."""

    id: str
    claim: str  # a sentence
    topics: tuple[str, ...]  # first words of the ids of the findings that are about it
    questions: tuple[Question, ...] = ()  # of the hypotheses whose own topic is not listed with any claim
    suites: tuple[str, ...] = ()  # shipped ones that `takes` names
    takes: str  # which suite and which hardware


ASKED: tuple[Asked, ...] = (
    Asked(
        id="accuracy",
        claim="PPO and GRPO end at one accuracy for the same samples.",
        topics=("accuracy",),
        questions=("accuracy",),
        suites=("core", "gpu-learning"),
        takes="The suite core on two processor cores, with tiny models; of a language model gpu-learning, on one GPU "
        "of 80 GB.",
    ),
    Asked(
        id="budget",
        claim="GRPO reaches an accuracy with less: fewer samples, fewer seconds.",
        topics=("budget", "target"),
        questions=("budget",),
        suites=("core",),
        takes="The suite core on two processor cores that nothing else uses, since a claim about seconds on a busy "
        "machine is not decided.",
    ),
    Asked(
        id="time",
        claim="A step of PPO costs about twice a step of GRPO.",
        topics=("time",),
        questions=("cost",),
        suites=("quick", "core", "gpu-systems"),
        takes="The suite quick or core on two processor cores that nothing else uses; at 0.5 and 1.5 B parameters "
        "gpu-systems, on one GPU of 80 GB.",
    ),
    Asked(
        id="models",
        claim="PPO keeps four models, GRPO two.",
        topics=("models",),
        takes="Any suite, on any machine: it is counted, not measured.",
    ),
    Asked(
        id="memory",
        claim="GRPO saves about half of the memory.",
        topics=("memory",),
        questions=("memory",),
        suites=("memory", "gpu-systems"),
        takes="The suite memory on two processor cores, up to 135 M parameters; at 0.5 and 1.5 B gpu-systems, on one "
        "GPU of 80 GB.",
    ),
    Asked(
        id="stability",
        claim="PPO is sensitive to its hyper-parameters and collapses; GRPO is stable.",
        topics=("stability",),
        questions=("stability",),
        suites=("core", "stability", "tuning"),
        takes="Collapse and spread over seeds: the suite core, or stability at the default settings, on two processor "
        "cores. Sensitivity: stability, likewise, which draws 32 settings for each; tuning has 12, too few for a test. "
        "Of a language model: stability with the settings under [base] of gpu-learning, on one GPU of 80 GB.",
    ),
    Asked(
        id="critic",
        claim="The critic is noisy on long chains of reasoning.",
        topics=("critic",),
        questions=("critic",),
        suites=("chains", "gpu-chains"),
        takes="The suite chains on two processor cores, with tiny models: 64 continuations from each state, by its "
        "place and the length of the chain; of a language model gpu-chains, on one GPU of 80 GB.",
    ),
    Asked(
        id="groups",
        claim="The mean of a group is an adaptive baseline, until every completion of the group earns the same.",
        topics=("groups", "size", "scale"),
        suites=("core", "baselines"),
        takes="The suite core on two processor cores: silent groups, and the table of what each baseline does to the "
        "gradient; of the size of a group baselines, likewise.",
    ),
    Asked(
        id="reward",
        claim="Verifiable rewards cannot be hacked; learned ones are.",
        topics=("reward", "noise"),
        questions=("reward",),
        suites=("hacking", "overoptimization", "noise"),
        takes="The suite hacking on two processor cores; overoptimization for what labels, size and errors of a reward "
        "model change, and of a verifier that errs noise, likewise.",
    ),
    Asked(
        id="length",
        claim="Completions grow longer and check themselves under PPO as under GRPO.",
        topics=("length",),
        questions=("length",),
        suites=("length",),
        takes="The suite length on two processor cores, with tiny models and self-checks of single steps; of a "
        "language model, which has words of its own for a check, the same cells on one GPU of 80 GB.",
    ),
    Asked(
        id="lengthening",
        claim="A loss averaged by sequence lengthens wrong answers; a KL in the reward shortens all.",
        topics=("lengthening",),
        suites=("length",),
        takes="The suite length on two processor cores, with tiny models; of a language model, one GPU of 80 GB.",
    ),
    Asked(
        id="samples",
        claim="GRPO raises pass@k and maj@k as PPO does.",
        topics=("samples",),
        suites=("core", "samples"),
        takes="The suite samples on two processor cores, up to k = 256 and beside the base model; core has k = 2. Of a "
        "language model: samples with the settings under [base] of gpu-learning, on one GPU of 80 GB.",
    ),
    Asked(
        id="communication",
        claim="GRPO communicates less between devices.",
        topics=("communication",),
        suites=("communication",),
        takes="The suite communication, which counts the bytes that two and four processes send, on two processor "
        "cores; what they cost in time needs two GPUs or more.",
    ),
)


def claim_of(finding: Finding) -> Asked:
    """The claim that a finding is about.

    Raises:
        LookupError: no claim has its topic or its question.
    """
    topic = finding.id.partition(".")[0]
    for asked in ASKED:
        if topic in asked.topics:
            return asked
    for asked in ASKED:
        if finding.question in asked.questions:
            return asked
    raise LookupError(f"{finding.id}: no claim of reports/overview/asked.py has the topic {topic!r}; add it to one")
