"""Names of files and folders that are never originals: temporary and hidden files of other programs."""

from __future__ import annotations

IGNORED_NAMES = (
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
