#!/bin/sh
# Starts tintd as the user and group that PUID and PGID name: results belong to them.
set -eu
umask "${UMASK:-0002}"

if [ "$(id -u)" -ne 0 ]; then
    [ -w /state ] || { echo "tintd: /state cannot be written by user $(id -u); see PUID in docs/operations.md" >&2; exit 1; }
    exec "$@"
fi

user=${PUID:-1000}
group=${PGID:-1000}
case "$user$group" in
    *[!0-9]*) echo "tintd: PUID and PGID are numbers (\`id -u\`, \`id -g\`)" >&2; exit 1 ;;
esac
if [ "$user" -eq 0 ] && [ "${ALLOW_ROOT:-}" != yes ]; then
    echo "tintd: PUID=0 would decode files of strangers as root; choose another user, or set ALLOW_ROOT=yes" >&2
    exit 1
fi
# Without CAP_DAC_OVERRIDE, root cannot look into a folder that is closed to it: that is no reason not to start.
chown 0 /state
chown -hR "$user:$group" /state 2>/dev/null || chown "$user:$group" /state
exec setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs "$@"
