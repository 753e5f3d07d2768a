"""`make bench`: all measurements, one after the other."""

from benchmarks import film, loading, memory, network

for measurement in (network, film, memory, loading):
    measurement.main()
