"""Grey in, colour out: knows files, frames and tensors; knows no folders, queues or services."""
