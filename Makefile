# Needs Python 3.11 or 3.12 with pip, make and gcc; nothing else, and no root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python

.PHONY: run demo training test test-slow lint wheel bench soak install-service clean

run: $(VENV)/run.stamp
	mkdir -p inbox outbox
	exec $(BIN)/tintd run --config config.yaml

demo: $(VENV)/run.stamp
	$(BIN)/python -m demo

# Installs what tintd train, evaluate and export need.
training: $(VENV)/train.stamp

# Tests wait about as long as they compute, so three processes keep two cores busy. With more than one thread each, they
# would wait for each other.
test: $(VENV)/test.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist worksteal -m "not slow"

test-slow: $(VENV)/test.stamp
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Writes to dist/, or to WHEELS. An old build/ would add its files to the wheel.
wheel: $(VENV)/test.stamp
	rm -rf build
	$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir $(or $(WHEELS),dist) .

bench: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks

# Takes an hour, or MINUTES; as root, disks are filled too.
soak: $(VENV)/test.stamp
	$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),60)

install-service:
	systemd/install.sh

clean:
	rm -rf $(VENV) build dist *.egg-info

# A stamp that is newer than its sources means that all is installed.
$(BIN)/python:
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/run.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/train.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train]'
	touch $@ $(VENV)/run.stamp

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train,test]'
	touch $@ $(VENV)/train.stamp $(VENV)/run.stamp
