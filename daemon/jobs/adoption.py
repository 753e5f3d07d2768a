"""Adoption: a new file whose result exists already is not coloured a second time, after the journal was lost, say."""

from __future__ import annotations

from typing import Literal

from daemon.files.identity import Result
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord
from daemon.watch import FingerprintedFile

Adopted = Literal["adopted", "unclear"]
"""unclear: a file lies under the name of the result, and only a person can say whether it is the result."""


def adopt_existing(job: JobRecord, made: FingerprintedFile, journal: Journal, now: float) -> Adopted | None:
    """Adopt the result of a new job, if it exists and its provenance names the original.

    A file without provenance is left alone, and its job is skipped until a person has said what it is, unless the
    configuration says so.

    Args:
        job: has just been entered into the journal.
        made: its file, with the files that lie under the names of its result.
        journal: knows the results of other jobs.
        now: seconds since the epoch.

    Returns:
        What became of the job; None if it is to be coloured.

    """
    unknown = [one for one in made.existing if not journal.results_at(one.path)]
    own = next((one for one in unknown if made.fingerprint in one.originals), None)
    if own is not None:
        journal.adopt(job.id, Result(own.path, own.identity), ("its result existed already",), now)
        return "adopted"
    foreign = next((one for one in unknown if not one.originals), None)
    if foreign is None or made.file.folder.existing == "beside":
        return None
    if made.file.folder.existing == "adopt":
        journal.adopt(job.id, Result(foreign.path, foreign.identity), ("its result existed already",), now)
        return "adopted"
    reason = (
        f"{foreign.path} exists, and does not say from which original it was made:"
        " `tintd adopt` takes it as the result, `tintd recolor` colours the original beside it"
    )
    journal.leave(job.id, foreign.path, reason, now)
    return "unclear"
