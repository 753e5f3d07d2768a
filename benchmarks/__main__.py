"""`make bench`: all measurements, one after the other."""

from benchmarks import film, memory, network, scan

for measurement in (network, film, memory, scan):
    measurement.main()
