"""Tests of daemon/workers/cluster/inspection.py that need no cluster; test_executor.py has the others."""

import pytest

from daemon.config.work import RaySettings
from daemon.workers.cluster.inspection import slots_on


@pytest.mark.parametrize(
    ("resources", "settings", "slots"),
    [
        ({"CPU": 8.0}, RaySettings(cpus_per_slot=2), 4),
        ({"CPU": 8.0}, RaySettings(gpus_per_slot=0.5), 0),
        ({"CPU": 8.0, "GPU": 1.0}, RaySettings(gpus_per_slot=0.5), 2),
        ({}, RaySettings(), 0),
    ],
)
def test_room_depends_on_what_is_scarce(resources: dict[str, float], settings: RaySettings, slots: int) -> None:
    """Processors or GPUs, whichever allows fewer slots."""
    assert slots_on(resources, settings) == slots
