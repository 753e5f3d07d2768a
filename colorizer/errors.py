"""The errors of tintd: each message is for the person who dropped the file."""


class TintdError(Exception):
    """What went wrong, with which file, and what to do about it."""


_LONGEST = 200


def one_line(said: str) -> str:
    """What a library said, as a part of one line."""
    line = " ".join(said.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + " ..."


class WeightsError(TintdError):
    """A weights file is missing, damaged, or not tintd's."""


class DeviceError(TintdError):
    """The configured device is not there or cannot be used."""


class SettingsError(TintdError):
    """A setting has a value that cannot be used."""


class MediaError(TintdError):
    """A file that should be a photograph or a film cannot be coloured."""


class UnsupportedError(MediaError):
    """A file is whole, but of a kind that tintd does not colour."""


AGAINST_NEGATIVES = "set `detection.negatives: invert` to colour its positive, or, if it is none, `colour`"
"""What a person can do about a negative."""


class NegativeError(UnsupportedError):
    """A file is a negative, whose tones are not those of things."""

    def __init__(self, name: str, *, in_colour: int = 0, obstacle: str = "") -> None:
        """Say what to do.

        Args:
            name: of the file.
            in_colour: number of its pages that are no negatives, but in colour already.
            obstacle: the kind of negative that it is, where tintd does not invert this kind.

        """
        what = "its pages are negatives, as it seems, or in colour already" if in_colour else "it looks like a negative"
        advice = AGAINST_NEGATIVES
        if obstacle:
            what = f"{what} {obstacle}, which tintd does not invert"
            advice = "if it is none, set `detection.negatives: colour`"
        super().__init__(f"{name}: {what}; {advice}")


class InColourError(TintdError):
    """A file is in colour already: there is nothing to do."""

    def __init__(self, name: str, *, width: int, height: int, frames: int = 1) -> None:
        super().__init__(f"{name}: already in colour")
        self.width, self.height, self.frames = width, height, frames


class ChangedError(TintdError):
    """An original is not the file that was to be coloured, or not any more."""


class TruncatedError(MediaError):
    """A file looks cut off: it may still be growing."""
