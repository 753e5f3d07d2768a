"""The executor of many machines: slots on a Ray cluster, each with a worker whose weights are loaded.

`ClusterExecutor` runs in the service. It starts the driver (`driver_main`), a child process that is connected to the
cluster: Ray ends its drivers when the head of the cluster is away, and the service must not end. The driver has one
actor for each slot (`slot_actor`), which Ray starts on any node, and starts again when its node is lost. An actor has
a `WorkerPool` of one worker, so that limits and crashes are treated as on one machine. Paths travel, never pixels.

Everything that a slot sends carries the number of the attempt. What comes from an attempt that has been given up is
dropped. Each attempt writes to a file of its own, so a node that comes back late overwrites nothing.
"""
