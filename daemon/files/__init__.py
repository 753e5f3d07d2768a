"""Files and disks: identities, mounts, free space, and names that are given durably.

May import: daemon.config, colorizer's top-level values.
Imported by: daemon.runtime and all packages above it.
"""
