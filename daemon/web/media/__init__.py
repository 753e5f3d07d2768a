"""The files that the page shows: previews, trials and the newest frames, from disks of which some may not answer."""
