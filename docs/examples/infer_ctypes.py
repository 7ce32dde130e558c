"""The same over libisojoule_mark.so: nothing is printed, and a mark costs about a microsecond.

  isojoule measure --batch 8 -- python3 docs/examples/infer_ctypes.py [libisojoule_mark.so.1]

Without the library, or where nobody measures, it runs all the same.
"""
import ctypes
import sys
import time


def open_isojoule():
    try:
        return ctypes.CDLL(sys.argv[1] if len(sys.argv) > 1 else "libisojoule_mark.so.1")
    except OSError:
        return None


isojoule = open_isojoule()
if isojoule:
    isojoule.isojoule_phase_begin(b"inference")
for _ in range(10):
    if isojoule:
        isojoule.isojoule_batch_begin()
    time.sleep(0.005)  # in place of a network
    if isojoule:
        isojoule.isojoule_batch_end()
if isojoule:
    isojoule.isojoule_phase_end(b"inference")
print("measured" if isojoule and isojoule.isojoule_open() else "not measured")
