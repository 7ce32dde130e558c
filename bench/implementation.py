"""The Python side of bench/implementation: runs a TorchScript file as the worker of libtorch does.

usage: implementation.py MODULE INPUT.npy OUTPUT.npy THREADS BATCHES
"""
import json
import sys
import time

import numpy
import torch

module_path, input_path, output_path, threads, batches = sys.argv[1:]
torch.set_num_threads(int(threads))
torch.set_num_interop_threads(1)
given = torch.from_numpy(numpy.load(input_path))
module = torch.jit.load(module_path)
module.eval()
module = torch.jit.optimize_for_inference(torch.jit.freeze(module) if hasattr(module, "training") else module)
with torch.inference_mode():
    module(torch.ones_like(given))
    ready = time.monotonic_ns()
    for _ in range(2):  # the first inference, and one of warming up
        output = module(given)
    times = []
    for _ in range(int(batches)):
        begin = time.monotonic_ns()
        output = module(given)
        times.append((time.monotonic_ns() - begin) / 1e6)
numpy.save(output_path, output.numpy())
print(json.dumps({"ready_ns": ready, "batches_ms": times}))
