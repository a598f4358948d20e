"""A tiny Llama with a tensor in every quantisation that both ggml and the gguf package know, and its logits.

ggml quantises (out of the library that node-llama-cpp ships), the gguf package's own code dequantises: it shares nothing with
the functions that the trainer calls. Run `npm ci` first.
"""

import ctypes

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from transformers import LlamaConfig

from golden_file import FOLDER, GoldenFile
from llama_gguf import read_model, write_model
from tiny_llama import random_weights

NAME = "tiny-quantisations"
MATRICES = ["attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up"]
TYPES = [
    [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0],
    [Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K],
    [Type.IQ1_S, Type.IQ1_M, Type.IQ2_XXS, Type.IQ2_XS, Type.IQ2_S],
    [Type.IQ3_XXS, Type.IQ3_S, Type.IQ4_NL, Type.IQ4_XS, Type.BF16],
    [Type.TQ1_0, Type.TQ2_0, Type.MXFP4, Type.NVFP4, Type.F16],
]
# llama.cpp multiplies a matrix by the scale beside it, which NVFP4 needs.
SCALES = {"blk.4.ffn_gate.scale": 0.7, "blk.0.attn_output.scale": 1.3}


def load_ggml():
    bins = FOLDER.parents[2] / "node_modules" / "@node-llama-cpp"
    library = ctypes.CDLL(str(next(bins.glob("linux-x64/bins/linux-x64/libggml-base*"))))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    return library


def quantise(library, values: np.ndarray, kind: Type) -> np.ndarray:
    """[rows, bytes]"""
    rows, columns = values.shape
    block, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.zeros((rows, columns // block * size), dtype=np.uint8)
    importance = np.ones(columns, dtype=np.float32)  # some types want to know which columns matter
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    library.ggml_quantize_chunk(
        int(kind),
        pointer(np.ascontiguousarray(values)),
        pointer(out),
        ctypes.c_int64(0),
        ctypes.c_int64(rows),
        ctypes.c_int64(columns),
        pointer(importance),
    )
    return out


def main() -> None:
    config = LlamaConfig(
        vocab_size=99,
        hidden_size=256,  # a block of the K quantisations
        intermediate_size=8,
        num_hidden_layers=len(TYPES),
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=256,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    rng = np.random.default_rng(21)
    types = {f"blk.{i}.{name}.weight": kind for i, row in enumerate(TYPES) for name, kind in zip(MATRICES, row)}
    types["token_embd.weight"] = Type.Q4_0
    library = load_ggml()
    path = FOLDER / f"{NAME}.gguf"
    write_model(
        path,
        config,
        random_weights(rng, config),
        lambda name: types.get(name, Type.F16),
        lambda values, kind: quantise(library, values, kind),
        {name: np.array([scale], dtype=np.float32) for name, scale in SCALES.items()},
    )
    print(f"{path.name}: {path.stat().st_size} bytes")
    tokens = rng.integers(5, config.vocab_size, 9)
    golden = GoldenFile(f"{NAME}.golden.gguf")
    golden.tensor("tokens", tokens)
    with torch.no_grad():
        golden.tensor("logits", read_model(path)(torch.from_numpy(tokens)[None]).logits[0])
    golden.write()


if __name__ == "__main__":
    main()
