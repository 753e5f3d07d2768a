"""`make bench`: all measurements, one after the other."""

from benchmarks import film, memory, network

for measurement in (network, film, memory):
    measurement.main()
