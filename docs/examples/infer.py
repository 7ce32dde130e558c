"""A program in Python that marks what it does, without any library.

  isojoule measure --batch 8 -- python3 docs/examples/infer.py

time.monotonic_ns() is the clock of isojoule on Linux: a mark with its time may come late.
"""
import time


def mark(words):
    print(f"isojoule: {words} {time.monotonic_ns()}", flush=True)


def work(seconds):
    """In place of a network."""
    time.sleep(seconds)


mark("begin load")
work(0.02)
mark("end load")
mark("begin inference")
for _ in range(10):
    mark("batch begin")
    work(0.005)
    mark("batch end")
mark("end inference")
