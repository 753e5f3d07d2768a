"""`make bench`: all measurements, one after the other."""

from benchmarks import contention, film, idle, loading, memory, network, scan, web

for measurement in (network, film, memory, scan, loading, idle, contention, web):
    measurement.main()
