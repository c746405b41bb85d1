"""PyTorch's optimisers and its gradient clipping on given gradients.

Versions: python 3.11.7, torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
Run: `python torch_optim.py`.

Five updates of one parameter vector in f64; the hyperparameters stand in the file's `note`.
"""

import numpy as np
import torch

from golden import draw, rng, save

SIZE, UPDATES = 6, 5


def golden(name, optimizer_class, **options):
    generator = rng(name)
    start = draw(generator, SIZE)
    gradients = draw(generator, UPDATES, SIZE)
    # One coordinate with tiny gradients shows where epsilon stands.
    gradients[:, 0] *= np.float32(1e-6)
    parameter = torch.nn.Parameter(torch.from_numpy(start).double())
    optimizer = optimizer_class([parameter], **options)
    trace = []
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient).double()
        optimizer.step()
        trace.append(parameter.detach().numpy().copy())
    note = ", ".join(f"{k}={v}" for k, v in options.items())
    arrays = {"start": start, "gradients": gradients, "after": np.stack(trace)}
    save(
        f"optim/{name}",
        arrays,
        ["torch", "safetensors"],
        note=f"{optimizer_class.__name__}: {note}",
    )


def clip(name, max_norm):
    generator = rng(name)
    shapes = {"a": (4, 3), "b": (5,), "c": (2, 2, 2)}
    arrays = {f"grad.{k}": draw(generator, *shape, scale=2.0) for k, shape in shapes.items()}
    parameters = []
    for key in arrays:
        parameter = torch.nn.Parameter(torch.zeros(arrays[key].shape, dtype=torch.float64))
        parameter.grad = torch.from_numpy(arrays[key]).double()
        parameters.append(parameter)
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    for key, parameter in zip(shapes, parameters):
        arrays[f"clipped.{key}"] = parameter.grad.numpy()
    arrays |= {"max_norm": np.float32(max_norm), "norm": norm.numpy()}
    save(
        f"optim/{name}",
        arrays,
        ["torch", "safetensors"],
        note=f"clip_grad_norm_: max_norm={max_norm}",
    )


golden("sgd", torch.optim.SGD, lr=0.1)
golden("sgd_momentum", torch.optim.SGD, lr=0.1, momentum=0.9)
golden("sgd_nesterov", torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True)
golden("sgd_weight_decay", torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.01)
golden("adam", torch.optim.Adam, lr=0.01, betas=(0.9, 0.999), eps=1e-8)
golden(
    "adam_weight_decay", torch.optim.Adam, lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1
)
golden("adamw", torch.optim.AdamW, lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1)
golden("rmsprop", torch.optim.RMSprop, lr=0.01, alpha=0.99, eps=1e-8)
golden("rmsprop_momentum", torch.optim.RMSprop, lr=0.01, alpha=0.99, eps=1e-8, momentum=0.9)
golden("rmsprop_centered", torch.optim.RMSprop, lr=0.01, alpha=0.99, eps=1e-8, centered=True)
clip("clip_global_norm", 1.5)
clip("clip_global_norm_inactive", 100.0)
