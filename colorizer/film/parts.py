"""Parts of one film, coloured by several workers: each writes its segments to the workspace, and one joins them all."""

from __future__ import annotations

from colorizer.errors import MediaError
from colorizer.film.encode.segment import read_segment
from colorizer.film.outline import Outline, begin_outline, divide, is_long, recall_outline, survey_outline
from colorizer.film.plan import plan_film, probe_wanted
from colorizer.film.resume import frames_since, segment_path
from colorizer.film.segments import Begin, write_segments
from colorizer.film.shot_state import ShotState
from colorizer.film.survey import make_survey, recall_survey, spans_of
from colorizer.job import Job, Part, ProgressCallback, ReadCallback, Span
from colorizer.model.colorist import Colorist


def plan_parts(
    job: Job, colorist: Colorist, on_read: ReadCallback, *, may_share: bool
) -> tuple[Span, ...] | tuple[Part, ...]:
    """Divide a film into parts; the outline is kept in the workspace, or is there from an earlier attempt.

    Args:
        job: the film's.
        colorist: chooses the colours.
        on_read: called often.
        may_share: whether others can look where its segments begin.

    Returns:
        Two spans or more, in which others look first by `survey_span`, before this is called again; or two parts or
        more, which `colour_part` colours in any order, and `colorize_film` then joins; none if the film is short, or
        cannot be divided: `colorize_film` colours it as a whole.

    Raises:
        TintdError: see `probe_wanted` and `plan_film`.

    """
    outline = recall_outline(job, colorist)
    if outline is None:
        info = probe_wanted(job, on_read)
        if not is_long(info):
            return ()
        outline = begin_outline(job, plan_film(job, info, colorist, on_read), colorist)
    if not outline.edges:
        spans = [span for span in spans_of(outline.plan.info, job.excerpt) if recall_survey(job, span) is None]
        if may_share and len(spans) > 1:
            return tuple(spans)
        outline = survey_outline(job, outline, colorist, on_read)
    parts = divide(outline)
    return parts if len(parts) > 1 else ()


def survey_span(job: Job, span: Span, colorist: Colorist, on_read: ReadCallback) -> None:
    """Look where segments may begin in a span of a film.

    Raises:
        MediaError: the film is damaged, or its workspace has gone.

    """
    make_survey(job, _outline_of(job, colorist).plan, span, colorist, on_read)


def colour_part(job: Job, part: Part, colorist: Colorist, on_progress: ProgressCallback) -> None:
    """Colour one part of a film, apart from the segments that are finished.

    Args:
        job: the film's.
        part: one of those that `plan_parts` has returned.
        colorist: chooses the colours.
        on_progress: called with the number of frames of the part that are done, and of all.

    Raises:
        MediaError: the film is damaged, or its workspace has gone.

    """
    outline = _outline_of(job, colorist)
    first, state = part.first, ShotState()
    while first < part.end and (segment := read_segment(segment_path(job.workspace, first))) is not None:
        first, state = first + 1, segment.record.state
    if first == part.end:
        return
    done = outline.edges[first].frames - outline.edges[part.first].frames
    edge, plan = outline.edges[first], outline.plan
    decoded = frames_since(
        edge.before,
        edge.checksums,
        plan.info,
        job.excerpt,
        keep_fields=plan.encoding.interlaced,
        on_progress=lambda: on_progress(done, part.frames),
    )
    begin = Begin(first, done, state)
    written = write_segments(
        decoded, job, plan, colorist, begin, on_frame=lambda frames: on_progress(frames, part.frames), end=part.end
    )
    for _segment in written:
        pass


def _outline_of(job: Job, colorist: Colorist) -> Outline:
    outline = recall_outline(job, colorist)
    if outline is None:
        raise MediaError(f"{job.source.name}: the plan of the film has gone from its work folder")
    return outline
