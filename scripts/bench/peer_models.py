"""Makes of a GGUF what the peers train: `transformers` a folder that PEFT loads, `qvac` a GGUF of the same sizes that qvac
accepts. Everything is read and written by the libraries of those formats.

Usage: python peer_models.py transformers|qvac MODEL.gguf DESTINATION
"""

import os
import sys

import gguf
import numpy as np
from gguf.quants import dequantize, quantize


def to_transformers(source, destination):
    """The weights as f32, dequantised by transformers itself."""
    import transformers

    folder, name = os.path.split(os.path.abspath(source))
    auto = transformers.AutoModelForCausalLM
    read = auto.from_pretrained(folder, gguf_file=name)
    config = transformers.AutoConfig.from_pretrained(folder, gguf_file=name)
    plain = auto.from_config(config)  # what was read from a GGUF refuses to be saved
    plain.load_state_dict(read.state_dict())
    plain.save_pretrained(destination)


def to_qvac(source, destination):
    """qvac 0.53 refuses architecture llama and Q4_1, so its model has the same sizes as a Qwen3 in Q8_0. Norms of queries and
    keys, which a Qwen3 has besides, are ones. What it says is nonsense; a step costs the same."""
    quantised, f32 = gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.F32
    reader = gguf.GGUFReader(source)
    config = {name: field.contents() for name, field in reader.fields.items()}
    if config["general.architecture"] != "llama":
        sys.exit(f"A {config['general.architecture']} is not a model of these sizes for qvac; a llama is.")
    writer = gguf.GGUFWriter(destination, "qwen3")
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        renamed = name.replace("llama.", "qwen3.", 1) if name.startswith("llama.") else name
        writer.add_key_value(renamed, config[name], field.types[0], element)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    head = config["llama.embedding_length"] // config["llama.attention.head_count"]
    writer.add_key_length(head)
    writer.add_value_length(head)
    for tensor in reader.tensors:
        if tensor.tensor_type == f32:
            writer.add_tensor(tensor.name, tensor.data)
        else:
            weights = quantize(dequantize(tensor.data, tensor.tensor_type), quantised)
            writer.add_tensor(tensor.name, weights, raw_dtype=quantised)
    for layer in range(config["llama.block_count"]):
        for which in "qk":
            writer.add_tensor(f"blk.{layer}.attn_{which}_norm.weight", np.ones(head, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    {"transformers": to_transformers, "qvac": to_qvac}[sys.argv[1]](*sys.argv[2:4])
