"""`serve_torch.py TASK FOLDER THREADS`: PyTorch's side of `compare.py`, the protocol of `src/main.rs`."""

import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from networks import TASKS


def peak_kb() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    task, folder, threads = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    data = TASKS[task](folder)
    model = TASKS[task].model()
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    optimizer = TASKS[task].optimizer(model)
    print("ready", flush=True)
    update = 0
    for line in sys.stdin:
        updates, total = int(line), 0.0
        start = time.perf_counter()
        for _ in range(updates):
            optimizer.zero_grad()
            loss = data.loss(model, update)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), data.clip_norm)
            optimizer.step()
            total += loss.item()
            update += 1
        print(time.perf_counter() - start, total / updates, peak_kb(), flush=True)


if __name__ == "__main__":
    main()
