"""`make bench`: all measurements, one after the other."""

from benchmarks import film, loading, memory, network, scan

for measurement in (network, film, memory, scan, loading):
    measurement.main()
