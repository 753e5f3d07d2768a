"""The sub-commands of `tintd`, one file each."""
