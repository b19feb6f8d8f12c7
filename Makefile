# `make help` lists the targets. Each target does its own set-up in $(VENV).
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
EXTRAS := train,report,review,thumbnails,metrics,notify,cluster,demo,docs,release,dev
# Bytecode is kept whatever the environment says: tests start some thousand processes of sources that were just edited.
# Threads of numpy's matrices wait for the next by spinning: beside four tests that takes a fifth more of the processors.
PYTEST := PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -p no:cacheprovider

.PHONY: help install demo demo-train test test-quick check lint format test-root test-faults test-browser test-systemd test-shared bench bench-detection bench-teaching bench-wide screenshots docs release check-release clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22

install: $(VENV)/.installed  ## create the environment, with every extra

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "imgwatch needs Python 3.11 to 3.13 with venv; name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[$(EXTRAS)]'
	@$(BIN)/python -m compileall -q daemon train  # as pip does for installs that are not editable
	@touch $@

demo: $(VENV)-demo/.installed  ## watch a folder, drop photographs and junk into it, show what is moved and why, restore one
	$(VENV)-demo/bin/python demo/run.py

# Only the light packages, and scikit-image without its dependencies: its wheel has the sample photographs.
$(VENV)-demo/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)-demo
	$(VENV)-demo/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	$(VENV)-demo/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt --no-deps scikit-image
	@touch $@

demo-train: install  ## the same with a trained model (TensorFlow, some minutes)
	$(BIN)/python demo/run.py --train

test: install  ## all tests that run anywhere (five minutes on two processors)
	IMGWATCH_TESTS_IN_MEMORY=1 $(PYTEST) -n 4 --dist loadgroup -m "not root and not browser and not systemd and not shared"

test-quick: install  ## the half of the tests that starts no real processes (about a minute)
	IMGWATCH_TESTS_IN_MEMORY=1 $(PYTEST) -n 2 --dist loadfile -m "not e2e and not faults and not train and not root and not browser and not systemd and not shared" --ignore tests/train

test-root: install  ## tests that mount, fill and break file systems (root)
	$(PYTEST) -n 6 --dist loadgroup -m "root and not systemd and not browser and not shared"

test-browser: install  ## the gallery in a real Chromium
	$(PYTEST) -n 3 --dist loadgroup -m "browser and not shared"

test-systemd: install  ## the unit under a real systemd (root)
	$(PYTEST) -n 6 --dist loadgroup -m systemd

test-shared: install  ## tests on the shared real pictures ($$IMGWATCH_SHARED or ../shared)
	$(PYTEST) -n 2 -m shared

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install  ## format the code, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install  ## the documentation as a site, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q --strict

release: install  ## build wheel, source, Debian packages, site, bill of materials, notes and digests into dist/ (five minutes)
	$(BIN)/python release/build.py

check-release: install  ## install and use the files in dist/, each in a fresh environment (root on Debian, half an hour; STEPS: some)
	$(BIN)/python release/check.py $(STEPS)

SHARED ?= $(if $(IMGWATCH_SHARED),$(IMGWATCH_SHARED),../shared)

bench-detection: install bench/peers/.installed  ## measure how well junk is detected, beside plain methods: docs/detection.md (hours)
	$(BIN)/python benchmarks/detection/run.py --data $(SHARED)/data --results bench/detection \
	  --peers bench/peers/bin/python --table docs/detection.md

bench-teaching: install  ## measure what deleting and restoring teaches: docs/teaching.md (ten minutes)
	$(BIN)/python benchmarks/teaching.py

bench: install bench/speed-peers/.installed  ## measure speed and memory: the table of docs/performance.md (twenty minutes)
	$(BIN)/python benchmarks/speed/run.py --peers bench/speed-peers/bin/python --table docs/performance.md

bench/speed-peers/.installed:
	$(PYTHON) -m venv bench/speed-peers
	bench/speed-peers/bin/python -m pip install -q --disable-pip-version-check 'cleanvision>=0.3.7'
	@touch $@

bench-wide: install  ## measure judging on a cluster: docs/scaling.md (ten minutes)
	$(BIN)/python benchmarks/cluster.py

screenshots: install  ## take the gallery's screenshots in docs/images, of sample photographs and drawn junk (Chromium)
	$(BIN)/python docs/screenshots.py

bench/peers/.installed:
	$(PYTHON) -m venv bench/peers
	bench/peers/bin/python -m pip install -q --disable-pip-version-check 'pyod>=2'
	@touch $@

check: lint test  ## format, lint, types and tests: must pass before a commit

clean:  ## remove everything that make created
	rm -rf $(VENV) $(VENV)-demo demo/out build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
