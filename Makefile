# Needs Python 3.11 or 3.12 with pip, make and gcc; nothing else, and no root.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --disable-pip-version-check --python $(BIN)/python

# The index of torch for CPUs: without the libraries of CUDA, which take 4 GB.
CPU_TORCH := https://download.pytorch.org/whl/cpu

.PHONY: run demo training test test-slow lint wheel bench soak install-service uninstall-service clean

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

uninstall-service:
	systemd/install.sh uninstall

clean:
	rm -rf $(VENV) build dist *.egg-info

# pip would only say "ResolutionImpossible".
$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; v in ((3, 11), (3, 12)) or sys.exit("tintd needs Python 3.11 or 3.12, \
	and $(PYTHON) is %d.%d. Install one of them, and name it: make run PYTHON=python3.12" % v)'
	@echo "Installing tintd into $(VENV): 1.5 GB, or 6 GB with the libraries for GPUs. It needs 2 GB of memory."
	$(PYTHON) -m venv --without-pip $(VENV)

# On Linux without an NVIDIA driver: torch for CPUs, if a registry has it. What is installed next takes it as it is.
$(VENV)/torch.stamp: constraints.txt | $(BIN)/python
	@[ "$$(uname)" != Linux ] || [ -e /proc/driver/nvidia/version ] || $(PIP) install --quiet --retries 0 --timeout 20 \
	    --extra-index-url $(CPU_TORCH) "$$(grep '^torch==' constraints.txt)+cpu" 2>/dev/null \
	    || echo "No registry has torch for CPUs: the one with the libraries for GPUs (4 GB more) is installed."
	@touch $@

# A stamp that is newer than its sources means that all is installed.
$(VENV)/run.stamp: pyproject.toml constraints.txt $(VENV)/torch.stamp
	$(PIP) install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/train.stamp: pyproject.toml constraints.txt $(VENV)/torch.stamp
	$(PIP) install --quiet --constraint constraints.txt --editable '.[train]'
	touch $@ $(VENV)/run.stamp

$(VENV)/test.stamp: pyproject.toml constraints.txt $(VENV)/torch.stamp
	$(PIP) install --quiet --constraint constraints.txt --editable '.[ray,train,test]'
	touch $@ $(VENV)/train.stamp $(VENV)/run.stamp
