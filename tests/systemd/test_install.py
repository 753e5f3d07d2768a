"""Tests of systemd/install.sh: `make install-service` installs a program that runs, its configuration and its unit."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHANGED = ("/etc", "/opt", "/srv", "/usr/lib", "/usr/local/bin")
"""The system's folders that the installation changes: here they are changed in a mount namespace alone."""

MOUNTS = """
set -eu
mount -t tmpfs none "$LAYERS" || exit 77
for place in $CHANGED; do
    mkdir -p "$LAYERS/upper$place" "$LAYERS/work$place"
    options="lowerdir=$place,upperdir=$LAYERS/upper$place,workdir=$LAYERS/work$place"
    mount -t overlay none -o "$options" "$place" || exit 77
done
umask 077
"$SOURCE/systemd/install.sh" >/dev/null
"""

INSTALLED = """
/usr/local/bin/tintd --version
id -un tintd
stat -c '%U %G %n' /srv/tintd/inbox /srv/tintd/outbox
ls /etc/systemd/system/tintd.service /etc/tintd/config.yaml /opt/tintd/README.md /opt/tintd/docs/operations.md
find /opt/tintd /usr/lib/sysusers.d/tintd.conf -not -type l -not -perm -o+r
"""

UPGRADED = """
echo first > /opt/tintd/mark
PIP_CONSTRAINT=/nowhere "$SOURCE/systemd/install.sh" >/dev/null 2>&1 || echo refused; cat /opt/tintd/mark
touch "$LAYERS/fails"
"$SOURCE/systemd/install.sh" >/dev/null 2>&1 || echo not started; cat /opt/tintd/mark
rm "$LAYERS/fails"
"$SOURCE/systemd/install.sh" 2>&1 | tail -1
/usr/local/bin/tintd --version
ls -d /opt/tintd*
"$SOURCE/systemd/install.sh" uninstall >/dev/null
ls -d /opt/tintd /usr/local/bin/tintd /etc/systemd/system/tintd.service /etc/tintd/config.yaml 2>/dev/null || true
cat "$LAYERS/systemctl"
"""

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$LAYERS/systemctl"
[ "$1" != try-restart ] || [ ! -e "$LAYERS/fails" ]
"""

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("systemd-sysusers"), reason="installing needs root and systemd's programs"
)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Installs tintd once in a mount namespace, then upgrades and uninstalls it; the lines that each script prints.

    systemd itself runs nowhere here: `systemctl` notes how it is called.

    """
    folder = tmp_path_factory.mktemp("installed")
    source, programs, layers = folder / "source", folder / "bin", folder / "layers"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "dist", "tests", "runs", "state"))
    programs.mkdir()
    layers.mkdir()
    (programs / "systemctl").write_text(SYSTEMCTL)
    (programs / "systemctl").chmod(0o755)
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
    command = ["unshare", "--mount", "sh", "-c", f"{MOUNTS}{INSTALLED}echo ---\n{UPGRADED}"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode == 77 or "unshare failed" in ended.stderr:
        pytest.skip("this system allows no mounts")
    assert ended.returncode == 0, ended.stderr
    installed, upgraded = ended.stdout.split("---\n")
    return {"installed": installed.splitlines(), "upgraded": upgraded.splitlines()}


def test_the_service_is_installed(printed: dict[str, list[str]]) -> None:
    """Everything but systemd itself; the service's user can read it, whatever root's umask is."""
    assert printed["installed"] == [
        f"tintd {version('tintd')}",
        "tintd",
        "tintd tintd /srv/tintd/inbox",
        "tintd tintd /srv/tintd/outbox",
        "/etc/systemd/system/tintd.service",
        "/etc/tintd/config.yaml",
        "/opt/tintd/README.md",
        "/opt/tintd/docs/operations.md",
    ]


def test_an_upgrade_that_fails_leaves_the_old_version(printed: dict[str, list[str]]) -> None:
    """Whether it cannot be installed or does not start. One that works restarts the service; then it is uninstalled."""
    lines = printed["upgraded"]
    assert lines[:8] == [
        "refused",
        "first",
        "not started",
        "first",
        "tintd is upgraded; a service that ran was restarted.",
        f"tintd {version('tintd')}",
        "/opt/tintd",
        "/etc/tintd/config.yaml",
    ]
    assert lines[8:] == [
        "daemon-reload",
        *("daemon-reload", "try-restart tintd", "restart tintd"),
        *("daemon-reload", "try-restart tintd"),
        *("disable --now tintd", "daemon-reload"),
    ]
