"""The schema of a results folder, and the only way it is written and read.  No torch.

    <results>/suite.json                          what was planned: parts, cells, seeds, folders, hashes
    <results>/<part>/base-<hash>.json             what a base model of the part can do before any run: a BaseMeasurement
    <results>/<part>/<cell>/seed-<n>/             one run:
        config.json             {"hash", "config"}: the resolved configuration
        environment.json        hardware, drivers, versions, threads; environment-2.json ... of a resumed run's parts
        metrics.jsonl           one strict-JSON object a step; step 0 is the evaluation before training
        evaluations.jsonl.gz    right completions of each item, one EvaluationCounts an evaluation
        completions.jsonl.gz    a sample of what the model wrote, with verdicts
        ladder.jsonl            how well each baseline estimates the policy gradient, at the steps asked for
        values.jsonl.gz         what the critic says of states, and what their continuations earn, likewise
        many.jsonl.gz           what many samples of each item give at the end, one ManySamples
        summary.json            how it ended, models and their bytes, sources of the measurements

        checkpoints/            what the run goes on from; not part of the results

JSON files are written whole to a temporary file and renamed; JSONL files are append-only, and each of their lines has
its number ("seq") and a checksum ("crc").  A folder has one writer, which holds its `.lock`.  NaN and
infinities, which JSON does not have, are written as null, and the line's "not_finite" list
names such metrics, so that a run that diverged differs from one without the value.
"""

from rlvr_bench.harness.records import disk
from rlvr_bench.harness.records.counts import BaseMeasurement, EvaluationCounts, ItemCounts, ManySamples, SampledCounts
from rlvr_bench.harness.records.files import RecordError, canonical_json, file_digest, hash_of, read_json, write_json
from rlvr_bench.harness.records.lines import (
    Log,
    count_metrics,
    metrics_line,
    read_completions,
    read_evaluations,
    read_many,
    read_metrics,
)
from rlvr_bench.harness.records.lock import LOCK, Locked, is_live, only_writer
from rlvr_bench.harness.records.logs import RunLogs
from rlvr_bench.harness.records.run import (
    LEFT_OUT,
    PHASES,
    SCHEMA,
    DeviceSource,
    MemorySources,
    MetricsRow,
    Phase,
    RoleStates,
    Status,
    Summary,
    find_summary,
)
from rlvr_bench.harness.records.suite import (
    FROM_MANY,
    FROM_SEARCHES,
    CellInfo,
    Hypothesis,
    Measure,
    PartInfo,
    PlannedRun,
    SuiteManifest,
    hypotheses_hash,
)

__all__ = [
    "FROM_MANY",
    "FROM_SEARCHES",
    "LEFT_OUT",
    "LOCK",
    "PHASES",
    "SCHEMA",
    "BaseMeasurement",
    "CellInfo",
    "DeviceSource",
    "EvaluationCounts",
    "Hypothesis",
    "ItemCounts",
    "Locked",
    "Log",
    "ManySamples",
    "Measure",
    "MemorySources",
    "MetricsRow",
    "PartInfo",
    "Phase",
    "PlannedRun",
    "RecordError",
    "RoleStates",
    "RunLogs",
    "SampledCounts",
    "Status",
    "SuiteManifest",
    "Summary",
    "canonical_json",
    "count_metrics",
    "disk",
    "file_digest",
    "find_summary",
    "hash_of",
    "hypotheses_hash",
    "is_live",
    "metrics_line",
    "only_writer",
    "read_completions",
    "read_evaluations",
    "read_json",
    "read_many",
    "read_metrics",
    "write_json",
]
