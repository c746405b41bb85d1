"""What every golden script shares: drawing inputs, and writing one golden file.

Inputs are drawn in f32, so that every program starts from the same numbers; references are
computed in f64 from them and rounded to f32 once, on writing. A file carries in its metadata the
script that wrote it, the library versions and the tolerance a test may use.
"""

import json
import platform
import struct
import sys
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
from safetensors.numpy import save as to_bytes

ROOT = Path(__file__).parent
MAX_BYTES = 50_000


def rng(name):
    """A generator that depends on the file's name alone, so files never influence each other."""
    return np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))


def draw(generator, *shape, scale=1.0):
    """Uniform in [-scale, scale), exactly representable in f32."""
    return generator.uniform(-scale, scale, shape).astype(np.float32)


def save(name, arrays, libraries, tolerance="1e-5 relative, 1e-6 absolute", note=""):
    """Writes `<name>.safetensors`: floats as f32, integers as i64."""
    stored = {}
    for key in sorted(arrays):
        array = np.asarray(arrays[key])
        if array.dtype.kind == "f":
            array = array.astype(np.float32)
            assert np.isfinite(array).all(), f"{name}: {key} is not finite"
        else:
            array = array.astype(np.int64)
        stored[key] = np.ascontiguousarray(array).reshape(array.shape)
    versions = ", ".join(f"{library} {version(library)}" for library in ("numpy", *libraries))
    metadata = {
        "script": Path(sys.argv[0]).name,
        "libraries": f"python {platform.python_version()}, {versions}",
        "tolerance": tolerance,
    }
    if note:
        metadata["note"] = note
    data = with_sorted_metadata(to_bytes(stored, metadata))
    assert len(data) < MAX_BYTES, f"{name}: {len(data)} bytes"
    path = ROOT / f"{name}.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    print(f"{name:45} {len(data):6} bytes")


def with_sorted_metadata(data):
    """The library writes metadata in random order; sorted, the same run gives the same bytes."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def assert_agrees(name, actual, expected, tolerance):
    """Two programs must agree before either becomes a reference."""
    worst = np.max(np.abs(np.asarray(actual, np.float64) - np.asarray(expected, np.float64)))
    assert worst <= tolerance, f"{name}: {worst:.2e} apart"


def check_f32(name, actual, expected, rel=1e-5, absolute=1e-6):
    """The tolerance is one that f32 can meet: the same computation in f32 does."""
    for key in expected:
        error = np.abs(actual[key] - expected[key]) / (absolute + rel * np.abs(expected[key]))
        assert error.max() < 1.0, f"{name} {key}: {error.max():.2f} times the tolerance"
