"""Names of what is never an original: what downloads in progress, desktops and NAS boxes leave behind."""

from __future__ import annotations

LEFT_BEHIND = (
    "Thumbs.db",
    "desktop.ini",
    ".DS_Store",
    "._*",
    ".*",
    "*~",
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.filepart",
    "*.aria2",
    "*.!qB",
    "*.tmp",
    "*.temp",
    "@eaDir",
    "#recycle",
    "@Recycle",
    "@Recently-Snapshot",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    ".stversions",
    ".Trash-*",
)
"""Shell patterns, for files and folders."""
