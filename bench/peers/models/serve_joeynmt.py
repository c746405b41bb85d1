"""`serve_joeynmt.py beam FOLDER THREADS`: JoeyNMT's side of `compare.py`, the protocol of `src/main.rs`.

The weights are as they were drawn, as on our side: all hypotheses are followed for the same number of steps."""

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from joeynmt.model import build_model
from joeynmt.search import beam_search
from joeynmt.vocabulary import Vocabulary

from serve_torch import peak_kb

STEPS = 20


def vocabulary() -> Vocabulary:
    special = SimpleNamespace(
        pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>", sep_token=None,
        unk_id=0, pad_id=1, bos_id=2, eos_id=3, lang_tags=[],
    )  # fmt: skip
    return Vocabulary([f"w{index}" for index in range(8_000 - 4)], special)


def main() -> None:
    folder, threads = Path(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    layer = {"type": "recurrent", "rnn_type": "gru", "embeddings": {"embedding_dim": 256}, "hidden_size": 256}
    decoder = {**layer, "attention": "bahdanau", "init_hidden": "bridge", "input_feeding": True}
    model = build_model({"encoder": {**layer, "bidirectional": True}, "decoder": decoder}, vocabulary(), vocabulary())
    model.eval()
    rows = np.fromfile(folder / "source.u32", "<u4").astype(np.int64).reshape(-1, 50)
    lengths = torch.from_numpy(np.fromfile(folder / "source-lengths.u32", "<u4").astype(np.int64))
    print("ready", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        said = 0
        with torch.no_grad():
            for batch in range(int(line)):
                chosen = slice(batch * 64, (batch + 1) * 64)
                longest = int(lengths[chosen].max())
                source = torch.from_numpy(rows[chosen, :longest])
                padding = torch.arange(longest) >= lengths[chosen].unsqueeze(1)
                source[padding] = 1
                mask = ~padding.unsqueeze(1)
                output, hidden, _, _ = model(
                    return_type="encode", src=source, src_length=lengths[chosen], src_mask=mask)
                found, _, _ = beam_search(
                    model, 5, output, hidden, mask, max_output_length=STEPS, alpha=-1, min_output_length=STEPS)
                said += len(found) * len(found[0])
        print(time.perf_counter() - start, said, peak_kb(), flush=True)


if __name__ == "__main__":
    main()
