#!/bin/sh
# Installs tintd as a system service: the program, a configuration, a user and a unit. `make install-service` runs it.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

if [ "$(id -u)" -ne 0 ]; then
    echo "This installs into /opt, /etc and systemd: run it as root (sudo make install-service)." >&2
    exit 1
fi

install -d /opt/tintd /etc/tintd
[ -x /opt/tintd/venv/bin/python ] || "$python" -m venv --without-pip /opt/tintd/venv
"$python" -m pip --disable-pip-version-check --python /opt/tintd/venv/bin/python install --quiet --upgrade \
    --constraint constraints.txt .
install -m 644 README.md /opt/tintd/README.md
install -D -m 644 -t /opt/tintd/docs docs/*.md
[ -e /etc/tintd/config.yaml ] || install -m 644 systemd/config.yaml /etc/tintd/config.yaml
install -D -m 644 systemd/tintd.sysusers /usr/lib/sysusers.d/tintd.conf
install -D -m 644 systemd/tintd.tmpfiles /usr/lib/tmpfiles.d/tintd.conf
install -D -m 644 systemd/tintd.service /etc/systemd/system/tintd.service
systemd-sysusers tintd.conf
systemd-tmpfiles --create tintd.conf
systemctl daemon-reload

cat <<'END'
tintd is installed. Edit /etc/tintd/config.yaml, then start the service, and watch its log:
    systemctl enable --now tintd
    journalctl -fu tintd
To use folders outside /srv/tintd, allow them: run `systemctl edit tintd` and write
    [Service]
    ReadWritePaths=/your/folder
END
