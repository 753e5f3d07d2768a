"""Recipes of runs that take seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def write_recipe(photographs: Path, root: Path, **changes: Any) -> Path:  # noqa: ANN401 (settings of any kind)
    """Write the recipe of a run on few small photographs; sections are changed key by key, all else as a whole."""
    settings: dict[str, Any] = {
        "name": "quick",
        "data": {
            "train": str(photographs / "train"),
            "validation": str(photographs / "val"),
            "cache": str(root / "cache"),
            "crop": 64,
            "workers": 0,
        },
        "schedule": {"batch": 4, "steps": 12, "rate": 0.002, "average": 0.5},
        "runs": str(root / "runs"),
        "evaluate_every": 4,
        "log_every": 2,
        "sanity_steps": 0,
    }
    for key, value in changes.items():
        settings[key] = settings.get(key, {}) | value if isinstance(value, dict) else value
    path = root / "recipe.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path
