"""`make bench`: all measurements, one after the other."""

from benchmarks import film, idle, loading, memory, network

for measurement in (network, film, memory, loading, idle):
    measurement.main()
