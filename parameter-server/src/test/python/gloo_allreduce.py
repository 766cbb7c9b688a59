"""PyTorch's gloo all-reduce between two processes on the loopback interface.

The counterpart of PushPullBenchmark: a float32 vector of N bytes summed over 2 processes. Any
all-reduce of W processes has to send 2(W-1)/W * N bytes from each, so with W = 2 as many as push
and pull do: N bytes each way. A rate is N over the time of one all-reduce, best of the rounds.

Run (PyTorch 1.13 or later; on Debian: apt-get install python3-torch):

    /usr/bin/python3 parameter-server/src/test/python/gloo_allreduce.py
"""

import os
import tempfile
import time

os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch  # noqa: E402 (reads the environment)
import torch.distributed as dist  # noqa: E402
import torch.multiprocessing as mp  # noqa: E402

MODEL_BYTES = (1 << 20, 100 << 20)
ROUNDS = 9
ROUND_BYTES = 400 << 20
PROCESSES = 2


def rate(vector, steps):
    """Bytes a second each way."""
    dist.barrier()
    began = time.perf_counter()
    for _ in range(steps):
        dist.all_reduce(vector)
    dist.barrier()
    return steps * vector.numel() * vector.element_size() / (time.perf_counter() - began)


def work(rank, store):
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=PROCESSES)
    for size in MODEL_BYTES:
        vector = torch.zeros(size // 4, dtype=torch.float32)
        steps = ROUND_BYTES // size
        rates, cpu = [], []
        for _ in range(ROUNDS):
            before = time.process_time()
            rates.append(rate(vector, steps))
            cpu.append((time.process_time() - before) / (steps * size / 1e9))
        if rank == 0:
            print(
                f"model {size / 1e6:5.1f} MB  gloo all-reduce      {max(rates) / 1e9:5.2f} GB/s"
                f" each way  {min(cpu):4.2f} CPU-s a GB",
                flush=True,
            )
    dist.destroy_process_group()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(work, args=(f"file://{folder}/store",), nprocs=PROCESSES)
