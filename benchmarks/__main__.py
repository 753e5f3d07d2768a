"""`make bench`: the measurements, one after the other, then all figures with their bars.

`python -m benchmarks film memory` takes those alone, and writes no file. `film_lengths` takes a quarter of an hour, and
is measured only where it is named.
"""

import sys

from benchmarks import contention, film, film_lengths, idle, loading, memory, network, photograph, scan, web
from benchmarks.figures import Figure, Neighbours, print_figures, this_machine, write_figures

MEASUREMENTS = {
    module.__name__.rpartition(".")[2]: module.main
    for module in (network, photograph, film, film_lengths, memory, scan, loading, idle, contention, web)
}
_LONG = {"film_lengths"}
"""Measurements that take too long to be made with the others."""


def main(names: list[str]) -> None:
    """Measure, print, and write the file of this machine where everything was measured."""
    neighbours = Neighbours()
    figures: list[Figure] = []
    for name in names or [name for name in MEASUREMENTS if name not in _LONG]:
        figures += MEASUREMENTS[name]()
    share = neighbours.share()
    print_figures(figures)
    if not names:
        print(f"written to {write_figures(figures, this_machine(), share)}; others used {share:.0%} of the machine")


if __name__ == "__main__":
    main(sys.argv[1:])
