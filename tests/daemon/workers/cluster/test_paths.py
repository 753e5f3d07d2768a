"""Tests of daemon/workers/cluster/paths.py."""

from pathlib import Path

from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings, PhotoSettings
from daemon.workers import CheckDuplicate, ColouredFile, ColourFiles
from daemon.workers.cluster.paths import on_node, task_on_node

PATHS = {Path("/srv"): Path("/mnt/nas"), Path("/srv/films"): Path("/mnt/films")}


def test_the_deepest_folder_decides() -> None:
    """A folder in a folder may be mounted elsewhere; what is not named has the same path on the nodes."""
    assert on_node(Path("/srv/photos/a.png"), PATHS) == Path("/mnt/nas/photos/a.png")
    assert on_node(Path("/srv/films/a.mkv"), PATHS) == Path("/mnt/films/a.mkv")
    assert on_node(Path("/srv2/a.png"), PATHS) == Path("/srv2/a.png")


def test_every_path_of_a_task_is_mapped() -> None:
    """No path of the service's machine is left in what a node is sent."""
    settings = JobSettings(
        colour=ColourSettings(weights=Path("/srv/w.safetensors")), photo=PhotoSettings(profile=Path("/srv/p.icc"))
    )
    job = Job(Path("/srv/a.png"), Path("/srv/out/result"), Path("/srv/out"), settings)
    check = CheckDuplicate(2, job, ColouredFile(Path("/srv/b.png"), Path("/srv/out/b.png")))
    for task in (ColourFiles({1: job}), check):
        assert "/srv" not in repr(task_on_node(task, PATHS))
        assert task_on_node(task, {}) == task
