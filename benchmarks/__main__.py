"""`make bench`: all measurements, one after the other."""

from benchmarks import film, idle, memory, network

for measurement in (network, film, memory, idle):
    measurement.main()
