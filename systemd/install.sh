#!/bin/sh
# Installs or upgrades tintd as a system service: the program, a configuration, a user and a unit. `make install-service`
# runs it. `systemd/install.sh uninstall` removes all but the configuration, the journal and the folders of files.
set -eu
umask 022 # the service's user reads what root installs, whatever root's own mask is
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

if [ "$(id -u)" -ne 0 ]; then
    echo "This changes /opt, /etc and systemd: run it as root (sudo make install-service)." >&2
    exit 1
fi

uninstall() {
    systemctl disable --now tintd 2>/dev/null || true
    rm -rf /opt/tintd /opt/tintd.new /opt/tintd.old
    rm -f /usr/local/bin/tintd /etc/systemd/system/tintd.service /usr/lib/sysusers.d/tintd.conf \
        /usr/lib/tmpfiles.d/tintd.conf
    systemctl daemon-reload
    cat <<'END'
tintd is removed. These stay; remove them yourself if you do not need them:
    /etc/tintd       the configuration
    /var/lib/tintd   the journal
    /srv/tintd       the originals and the results
    the user and the group tintd (userdel tintd)
END
}

if [ "${1:-}" = uninstall ]; then
    uninstall
    exit 0
fi

# The new version is installed and tried beside the old one, which works until the new one has taken its place.
rm -rf /opt/tintd.new
install -d /opt/tintd.new /etc/tintd
trap 'rm -rf /opt/tintd.new; echo "tintd was not installed; an earlier version is as it was." >&2' EXIT
make --silent PYTHON="$python" VENV=/opt/tintd.new/venv /opt/tintd.new/venv/torch.stamp
"$python" -m pip --disable-pip-version-check --python /opt/tintd.new/venv/bin/python install --quiet \
    --constraint constraints.txt .
install -m 644 README.md /opt/tintd.new/README.md
install -D -m 644 -t /opt/tintd.new/docs docs/*.md
[ -e /etc/tintd/config.yaml ] || install -m 644 systemd/config.yaml /etc/tintd/config.yaml
/opt/tintd.new/venv/bin/tintd --version >/dev/null
/opt/tintd.new/venv/bin/python -c 'import colorizer.engine'
# Scripts of a virtual environment begin with its path, which changes now.
grep -rlIZ '^#!/opt/tintd.new/' /opt/tintd.new/venv/bin | xargs -0r sed -i '1s|^#!/opt/tintd.new/|#!/opt/tintd/|'
rm -rf /opt/tintd.old
[ ! -e /opt/tintd ] || mv /opt/tintd /opt/tintd.old
mv /opt/tintd.new /opt/tintd
trap - EXIT

install -d /usr/local/bin
ln -sf /opt/tintd/venv/bin/tintd /usr/local/bin/tintd
install -D -m 644 systemd/tintd.sysusers /usr/lib/sysusers.d/tintd.conf
install -D -m 644 systemd/tintd.tmpfiles /usr/lib/tmpfiles.d/tintd.conf
install -D -m 644 systemd/tintd.service /etc/systemd/system/tintd.service
systemd-sysusers tintd.conf
systemd-tmpfiles --create tintd.conf
systemctl daemon-reload

if [ -e /opt/tintd.old ]; then
    if systemctl try-restart tintd; then
        rm -rf /opt/tintd.old
        echo "tintd is upgraded; a service that ran was restarted."
        exit 0
    fi
    rm -rf /opt/tintd
    mv /opt/tintd.old /opt/tintd
    systemctl restart tintd || true
    echo "The new version does not start (journalctl -u tintd says why); the old one runs again." >&2
    exit 1
fi

cat <<'END'
tintd is installed. Edit /etc/tintd/config.yaml, check it, then start the service, and watch its log:
    tintd check
    systemctl enable --now tintd
    journalctl -fu tintd
To use folders outside /srv/tintd, allow them: run `systemctl edit tintd` and write
    [Service]
    ReadWritePaths=/your/folder
END
