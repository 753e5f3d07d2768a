"""Tests of monitoring/: dashboard and alert rules ask for what the service serves."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "monitoring" / "grafana-dashboard.json").read_text())
RULES = yaml.safe_load((ROOT / "monitoring" / "alerts.yaml").read_text())["groups"][0]["rules"]
SERVED = set(re.findall(r"^\| `(tintd_\w+)`", (ROOT / "docs" / "operations.md").read_text(), re.MULTILINE))
"""The metrics of the operations page, which another test compares with those that are served."""
PANELS = DASHBOARD["panels"]


@pytest.mark.parametrize("expression", [one["targets"][0]["expr"] for one in PANELS] + [one["expr"] for one in RULES])
def test_every_metric_is_served(expression: str) -> None:
    """And each expression is about one at least."""
    named = set(re.findall(r"\b(tintd_\w+)\b", expression))
    assert named <= SERVED
    assert named or "process_resident_memory_bytes" in expression or expression.startswith("up{")


def test_panels_lie_beside_each_other() -> None:
    """None covers another, and each has a number of its own."""
    cells: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & cells
        assert place["x"] + place["w"] <= 24
        cells |= own
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    """With its severity, and the machine where it is."""
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert "$labels.instance" in rule["annotations"]["summary"]
    assert rule["annotations"]["description"]
