"""Report the progress of libvips, so that a picture that takes minutes does not seem to hang."""

from __future__ import annotations

from collections.abc import Callable

import pyvips


def watch(image: pyvips.Image, on_progress: Callable[[], None]) -> pyvips.Image:
    """Call a function whenever libvips has done some lines of an image, or of one made from it.

    Args:
        image: an image that is not in memory; the function is called as long as this object exists.
        on_progress: the function.

    Returns:
        The image.

    """
    image.set_progress(True)
    image.signal_connect("eval", lambda _image, _progress: on_progress())
    return image
