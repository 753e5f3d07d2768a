#!/bin/bash
# What is to be measured on a machine with a GPU, in at most five minutes: the network alone, then a film.
# The path on a GPU has not been measured yet. Bars: 8,000 pictures/s on an H100, and 1.2 times decoding and encoding.
# usage: benchmarks/gpu.sh [PYTHON]   (PYTHON has tintd's packages; without it, that of .venv)
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}

"$python" -c 'import sys, torch; torch.cuda.is_available() or sys.exit("torch finds no GPU here")'
nvidia-smi --query-gpu=name,driver_version,memory.used,utilization.gpu --format=csv
timeout 90 "$python" -m benchmarks network
timeout 200 "$python" -m benchmarks.film 8
