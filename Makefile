# `make bench` is the main job, `make test` the tests; CI calls the same verbs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed

.PHONY: bench test test-all check report peers format clean

bench: $(STAMP)
	$(BIN)/rlvr-bench run quick

test: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m 'not slow and not soak'

# Every test but those that load the machine for minutes (`pytest -m soak`).
test-all: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python

report: $(STAMP)
	$(BIN)/rlvr-bench report results/quick --paper
	$(BIN)/rlvr-bench report results --all

# TRL 1.11 is the last release with both PPO and GRPO; it needs other versions than ours, so its own environment.
peers: $(STAMP) .venv-peers/installed
	$(BIN)/python -m rlvr_bench.harness.peers.compare --trl-python .venv-peers/bin/python --threads 1 --out results/peers/1m.json
	$(BIN)/python -m rlvr_bench.harness.peers.compare --trl-python .venv-peers/bin/python --size smollm2-135m \
		--micro-batch 0 --rounds 2 --steps 4 --out results/peers/smollm2-135m.json

.venv-peers/installed:
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet torch==2.13.0 'trl==1.11.*' accelerate datasets requests
	touch $@

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "rlvr-bench needs Python 3.11 or newer; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	mkdir -p $(VENV)/types/rlvr_bench
	for room in algorithms rewards harness reports; do ln -sfn ../../../$$room $(VENV)/types/rlvr_bench/$$room; done
	touch $@

clean:
	rm -rf $(VENV) .venv-peers
