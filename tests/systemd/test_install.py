"""Tests of systemd/install.sh: `make install-service` installs a program that runs, its configuration and its unit."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHANGED = ("/etc", "/opt", "/srv", "/usr/lib")
"""The system's folders that the installation changes: here they are changed in a mount namespace alone."""

SCRIPT = """
set -eu
mount -t tmpfs none "$LAYERS" || exit 77
for place in $CHANGED; do
    mkdir -p "$LAYERS/upper$place" "$LAYERS/work$place"
    options="lowerdir=$place,upperdir=$LAYERS/upper$place,workdir=$LAYERS/work$place"
    mount -t overlay none -o "$options" "$place" || exit 77
done
"$SOURCE/systemd/install.sh"
/opt/tintd/venv/bin/tintd --version
id -un tintd
stat -c '%U %G %n' /srv/tintd/inbox /srv/tintd/outbox
ls /etc/systemd/system/tintd.service /etc/tintd/config.yaml /opt/tintd/README.md /opt/tintd/docs/operations.md
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("systemd-sysusers"), reason="installing needs root and systemd's programs"
)
def test_the_service_is_installed(tmp_path: Path) -> None:
    """Everything but systemd itself, which runs nowhere here: `systemctl` does nothing."""
    source, programs, layers = tmp_path / "source", tmp_path / "bin", tmp_path / "layers"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "dist", "tests", "runs", "state"))
    programs.mkdir()
    layers.mkdir()
    (programs / "systemctl").symlink_to("/bin/true")
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    environment = os.environ | {
        "SOURCE": str(source),
        "LAYERS": str(layers),
        "CHANGED": " ".join(CHANGED),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": ":".join(libraries),  # instead of gigabytes of downloads
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this one the other way round
    }
    command = ["unshare", "--mount", "sh", "-c", SCRIPT]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode == 77 or "unshare failed" in ended.stderr:
        pytest.skip("this system allows no mounts")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-8:] == [
        f"tintd {version('tintd')}",
        "tintd",
        "tintd tintd /srv/tintd/inbox",
        "tintd tintd /srv/tintd/outbox",
        "/etc/systemd/system/tintd.service",
        "/etc/tintd/config.yaml",
        "/opt/tintd/README.md",
        "/opt/tintd/docs/operations.md",
    ]
