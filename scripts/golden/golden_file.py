"""Writes a golden file: F32 tensors and numbers in a GGUF, so that the C++ tests need no reader but their own.

Not a model: llama.cpp has no use for it.
"""

from pathlib import Path

import gguf
import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "golden"


class GoldenFile:
    def __init__(self, name: str):
        self.path = FOLDER / name
        self.writer = gguf.GGUFWriter(self.path, "golden")

    def number(self, key: str, value: float) -> None:
        self.writer.add_float64(key, float(value))

    def tensor(self, name: str, values) -> None:
        self.writer.add_tensor(name, np.array(values, dtype=np.float32, order="C", ndmin=1))

    def write(self) -> None:
        finish(self.writer)
        print(f"{self.path.name}: {self.path.stat().st_size} bytes")


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
