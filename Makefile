# Thin on purpose: .venv is made by suite/environment.py, everything else by python -m suite.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PROFILE ?= default
JOBS ?= 2
SET ?=
VERBOSE ?=
VENV_PYTHON = .venv/bin/python
SUITE = $(VENV_PYTHON) -m suite
# runs a command with the pinned arithmetic, on one thread
PINNED = OMP_NUM_THREADS=1 $(VENV_PYTHON) -m suite.arithmetic
# tests that share what is slow to make stay together as long as no worker is idle
WORKERS = -n $(JOBS) --dist worksteal --durations=10
COMPILE = $(VENV_PYTHON) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --override .torch-override.txt --no-emit-package torch --quiet
SECTIONS = $(notdir $(basename $(wildcard notebooks/*.ipynb)))
export VERBOSE
export MTL_SET = $(value SET)
export MTL_SWEEP = $(value SWEEP)
export MTL_SCHEDULER = $(value SCHEDULER)
export MTL_TABLE = $(value TABLE)
export MTL_TASK = $(value TASK)
export MTL_TARGET = $(value TARGET)
export MTL_GROUP = $(value GROUP)
export MTL_KEEP = $(value KEEP)
export MTL_LOSS = $(value LOSS)
export MTL_TIME = $(value TIME)
export MTL_WEIGHT = $(value WEIGHT)
export MTL_TEXT = $(value TEXT)
export MTL_SEED = $(value SEED)

.PHONY: all env cluster flower lint test test-all atlas protocol test-data test-pages test-distributed test-readme sweep lab verify why diagnose bench bench-flower data data-list reference \
  publish publish-check lock clean help $(SECTIONS)
.DEFAULT_GOAL = help

all: env ## everything: environment, data, notebooks, site, comparison with reference/
	@$(SUITE) build --profile $(PROFILE) --jobs $(JOBS) --set "$$MTL_SET"

$(SECTIONS): env
	@$(SUITE) build $@ --profile $(PROFILE) --set "$$MTL_SET" --table "$$MTL_TABLE" --task "$$MTL_TASK" --target "$$MTL_TARGET"

env: ## .venv from requirements.lock (TORCH_INDEX=... chooses torch's index)
	@$(PYTHON) suite/environment.py

cluster: env ## Dask, for sweeps, into .venv/.cluster from requirements-cluster.lock
	@$(PYTHON) suite/environment.py cluster

test: env ## the tests: no network, no browser; at the end the ten slowest
	@$(PINNED) $(VENV_PYTHON) -m pytest $(WORKERS)

test-all: env ## the same and what is marked slow: more cases, and the runner with kernels
	@$(PINNED) $(VENV_PYTHON) -m pytest $(WORKERS) -m "not data and not pages and not distributed"

lint: env ## one width, one format, types: ruff on code and notebooks, mypy on the core
	@$(VENV_PYTHON) -m ruff check --quiet
	@$(VENV_PYTHON) -m ruff format --check --quiet
	@$(VENV_PYTHON) -m mypy

test-data: env ## opens the real data archives
	@$(PINNED) $(VENV_PYTHON) -m pytest -m data

test-pages: env ## opens the pages of results/smoke in headless Chromium
	@$(PYTHON) suite/environment.py pages
	@$(VENV_PYTHON) -m pytest -m pages

test-distributed: cluster flower ## sweeps on a local Dask cluster; Flower's simulation and processes on the loopback interface
	@OMP_NUM_THREADS=1 PYTHONPATH="$(CURDIR)/.venv/.cluster" $(VENV_PYTHON) -m pytest -m distributed tests/suite
	@OMP_NUM_THREADS=1 .flower/bin/python -m pytest -m distributed tests/mtl_lib/federated/test_flower.py

test-readme: env ## README's longer commands, on the smoke profile
	@$(MAKE) --no-print-directory diagnose TABLE=tests/tables/clinics.csv TASK=clinic TARGET=pain
	@$(MAKE) --no-print-directory 01_classical_mtl TABLE=tests/tables/clinics.csv PROFILE=smoke
	@$(MAKE) --no-print-directory 02_federated_vs_classical TABLE=tests/tables/clinics.csv PROFILE=smoke
	@$(MAKE) --no-print-directory 01_classical_mtl SET="splits=4 n_lams=12" PROFILE=smoke
	@$(MAKE) --no-print-directory sweep SWEEP=params/sweeps/second_task.yaml

sweep: cluster ## a grid of parameters and seeds: SWEEP=params/sweeps/X.yaml [JOBS=2 | SCHEDULER=tcp://...]
	@PYTHONPATH="$(CURDIR)/.venv/.cluster" $(SUITE) sweep "$$MTL_SWEEP" --scheduler "$$MTL_SCHEDULER" --jobs $(JOBS) --set "$$MTL_SET" \
	  --profile "$(if $(filter-out file,$(origin PROFILE)),$(PROFILE))"

bench: env ## seconds beside the goals, and ratios to other solvers (installed into .bench, not into .venv)
	@test -d .bench || $(VENV_PYTHON) -m pip install -qq --disable-pip-version-check --no-deps --target .bench -r benchmarks/requirements.txt \
	  || { rm -rf .bench; echo "bench: its other solvers could not be installed; their columns say so"; }
	@OMP_NUM_THREADS=1 PYTHONPATH=.:.bench $(VENV_PYTHON) -m benchmarks
	@OMP_NUM_THREADS=1 PYTHONPATH=.:.bench $(VENV_PYTHON) -m benchmarks.one_table
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m benchmarks.wide
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m benchmarks.growth
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m benchmarks.federated
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m benchmarks.many
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m benchmarks.mocha
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m benchmarks.neural

flower: ## .flower, Flower's own environment, from requirements-flower.lock
	@$(PYTHON) suite/environment.py flower

bench-flower: flower ## seconds and bytes of a round in one process, in Flower's simulation and deployed on this machine
	@OMP_NUM_THREADS=1 .flower/bin/python -m benchmarks.flower

lab: env ## JupyterLab on the notebooks
	@JUPYTER_PREFER_ENV_PATH=1 $(PINNED) $(VENV_PYTHON) -m jupyterlab notebooks

verify: env ## build, then compare with reference/: verdicts, bits, standard errors; exits 1 where one is not as published
	@$(SUITE) verify --profile $(PROFILE) --jobs $(JOBS)

why: env ## which input is new (SECTION=... for one section)
	@$(SUITE) why $(SECTION) --profile $(PROFILE) --set "$$MTL_SET"

diagnose: env ## what relating buys on your tables: TABLE="my.csv ..." TASK=school TARGET=score [GROUP= TIME= WEIGHT= TEXT= LOSS= KEEP= SEED=]
	@OMP_NUM_THREADS=1 $(VENV_PYTHON) -m suite.own_table --table "$$MTL_TABLE" --task "$$MTL_TASK" --target "$$MTL_TARGET" \
	  --group "$$MTL_GROUP" --loss "$$MTL_LOSS" --keep "$$MTL_KEEP" --time "$$MTL_TIME" --weight "$$MTL_WEIGHT" --text "$$MTL_TEXT" --seed "$$MTL_SEED" \
	  --words "$(foreach word,$(.VARIABLES),$(if $(filter command line,$(origin $(word))),$(filter-out MAKE%,$(word))))"

data: env ## fetch the data (PROFILE=full: also what only the web has)
	@$(SUITE) data --profile $(PROFILE)

data-list: env ## what is there, what is missing and how to get it
	@$(SUITE) data-list

atlas: env ## count and measure what the suite loads of the atlas (study/atlas.yaml) into study/atlas_measured.yaml
	@$(PINNED) $(VENV_PYTHON) -m study.atlas.measure

protocol: env ## compute the worked example of the protocol's page (study/protocol.yaml) into study/protocol_measured.yaml
	@$(PINNED) $(VENV_PYTHON) -m study.guide.example

reference: env ## build, and make reference/PROFILE of it: one run with the pinned arithmetic
	@$(SUITE) reference $(SECTION) --profile $(PROFILE)

publish: env ## copy results of the default profile to rendered/
	@$(SUITE) publish $(SECTION) --profile default

publish-check: env ## before a release: is rendered/ what today's sources would give?
	@$(SUITE) publish-check --profile default

lock: env ## resolve all locks anew (torch stays out: see environment.py): the base, what Dask needs beyond it, and Flower's own
	@$(VENV_PYTHON) -m pip install -qq uv
	@echo 'torch; sys_platform == "never"' > .torch-override.txt; echo 'pytest>=8.3' > .flower-tests.txt
	@$(COMPILE) pyproject.toml --extra neural --extra notebooks --extra test -o requirements.lock
	@for extra in cluster pages; do $(COMPILE) pyproject.toml --extra $$extra -c requirements.lock -o requirements-$$extra.lock \
	  $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock) || exit 1; done
	@$(COMPILE) pyproject.toml .flower-tests.txt --extra flower --no-emit-package mtl-lib -o requirements-flower.lock
	@rm .torch-override.txt .flower-tests.txt

clean: ## delete results/, .venv, .flower and .bench (downloaded data stay in the cache)
	@rm -rf results .venv .venv.lock .flower .bench

help: ## this list
	@echo "make TARGET [PROFILE=smoke|default|full] [SET=\"splits=4 n_lams=12\"] [JOBS=2] [VERBOSE=1]"; echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-17s %s\n", $$1, $$2}'
	@echo; echo "sections: $(SECTIONS)"
