"""Llama models between transformers and GGUF, both ways, and LoRA adapters to GGUF.

Follows llama.cpp's convert_hf_to_gguf.py and convert_lora_to_gguf.py. Only what the golden scripts need: no tokenizer
worth the name, no other architectures.
"""

import math

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from transformers import LlamaConfig, LlamaForCausalLM

from golden_file import finish

# Names in GGUF and in transformers, in the order of `Target` in native/core/lora.hpp.
PROJECTIONS = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
NORMS = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def heads_of(config: LlamaConfig, projection: str) -> int:
    """Number of heads whose rows GGUF orders in its own way; 0: none."""
    return {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(projection, 0)


def to_gguf_rows(rows: np.ndarray, heads: int) -> np.ndarray:
    """transformers rotates dimension i of a head with i + half, llama.cpp 2i with 2i + 1."""
    if heads == 0:
        return rows
    return np.ascontiguousarray(rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape))


def from_gguf_rows(rows: np.ndarray, heads: int) -> np.ndarray:
    if heads == 0:
        return rows
    return np.ascontiguousarray(rows.reshape(heads, -1, 2, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape))


def rope_factors(config: LlamaConfig) -> np.ndarray | None:
    """Divisors of the rotary frequencies of Llama 3, as the converter writes them."""
    rope = config.rope_parameters
    if rope["rope_type"] != "llama3":
        return None
    low = rope["original_max_position_embeddings"] / rope["low_freq_factor"]
    high = rope["original_max_position_embeddings"] / rope["high_freq_factor"]
    out = []
    for i in range(0, config.head_dim, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (i / config.head_dim)
        smooth = (rope["original_max_position_embeddings"] / wavelength - rope["low_freq_factor"]) / (
            rope["high_freq_factor"] - rope["low_freq_factor"]
        )
        if wavelength < high:
            out.append(1.0)
        elif wavelength > low:
            out.append(rope["factor"])
        else:
            out.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return np.array(out, dtype=np.float32)


def write_model(path, config: LlamaConfig, weights: dict[str, np.ndarray], type_of, quantise=None, scales={}) -> None:
    """`weights` by GGUF name, q and k in GGUF order; `type_of(name)` is the type a matrix is stored in, `quantise` makes
    its bytes; `scales` are what matrices are multiplied by, by GGUF name."""
    quantise = quantise or gguf.quantize
    out = gguf.GGUFWriter(path, "llama")
    out.add_name(path.stem)
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_block_count(config.num_hidden_layers)
    out.add_feed_forward_length(config.intermediate_size)
    out.add_head_count(config.num_attention_heads)
    out.add_head_count_kv(config.num_key_value_heads)
    out.add_key_length(config.head_dim)
    out.add_value_length(config.head_dim)
    out.add_rope_dimension_count(config.head_dim)
    out.add_rope_freq_base(config.rope_parameters["rope_theta"])
    out.add_layer_norm_rms_eps(config.rms_norm_eps)
    out.add_vocab_size(config.vocab_size)
    add_tokenizer(out, config.vocab_size)
    factors = rope_factors(config)
    if factors is not None:
        out.add_tensor("rope_freqs.weight", factors)
    for name, values in weights.items():
        kind = type_of(name) if values.ndim == 2 else Type.F32
        out.add_tensor(name, quantise(values, kind) if values.ndim == 2 else values, raw_dtype=kind)
    for name, values in scales.items():
        out.add_tensor(name, values)
    finish(out)


def add_tokenizer(out: gguf.GGUFWriter, size: int) -> None:
    """The smallest vocabulary llama.cpp accepts: three special tokens, a line feed, then single characters."""
    tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "\u2581"] + [chr(0x21 + i) for i in range(size - 5)]
    kinds = [2, 3, 3, 6] + [1] * (size - 4)
    out.add_tokenizer_model("llama")
    out.add_token_list(tokens)
    out.add_token_scores([0.0] * 4 + [-float(i) for i in range(size - 4)])
    out.add_token_types(kinds)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)


def read_model(path) -> LlamaForCausalLM:
    """The model a GGUF holds, its matrices dequantised to f32, as transformers runs it."""
    reader = gguf.GGUFReader(path)
    value = lambda key, default=None: reader.fields[key].contents() if key in reader.fields else default
    tensors = {t.name: t for t in reader.tensors}
    dequantised = lambda name: gguf.dequantize(tensors[name].data, tensors[name].tensor_type).astype(np.float32)
    scale = lambda name: dequantised(name) if name in tensors else np.float32(1)
    values = lambda name: dequantised(name) * scale(name.replace(".weight", ".scale"))

    heads, width = value("llama.attention.head_count"), value("llama.embedding_length")
    theta = value("llama.rope.freq_base", 10000.0)
    head_dim = value("llama.attention.key_length", width // heads)
    config = LlamaConfig(
        vocab_size=int(tensors["token_embd.weight"].shape[1]),
        hidden_size=width,
        intermediate_size=value("llama.feed_forward_length"),
        num_hidden_layers=value("llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=value("llama.attention.head_count_kv", heads),
        head_dim=head_dim,
        max_position_embeddings=value("llama.context_length"),
        rms_norm_eps=value("llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": theta},
        tie_word_embeddings="output.weight" not in tensors,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config).float().eval()
    if "rope_freqs.weight" in tensors:
        rotary = model.model.rotary_emb
        rotary.inv_freq = rotary.inv_freq / torch.from_numpy(values("rope_freqs.weight"))
    state = {
        "model.embed_tokens.weight": values("token_embd.weight"),
        "model.norm.weight": values("output_norm.weight"),
    }
    state["lm_head.weight"] = values("output.weight") if "output.weight" in tensors else values("token_embd.weight")
    for i in range(config.num_hidden_layers):
        for ours, theirs in PROJECTIONS.items():
            rows = from_gguf_rows(values(f"blk.{i}.{ours}.weight"), heads_of(config, ours))
            state[f"model.layers.{i}.{theirs}.weight"] = rows
        for ours, theirs in NORMS.items():
            state[f"model.layers.{i}.{theirs}.weight"] = values(f"blk.{i}.{ours}.weight")
    model.load_state_dict({name: torch.from_numpy(x.copy()) for name, x in state.items()})
    return model.requires_grad_(False)


def lora_parameters(model, config: LlamaConfig, layers=None):
    """(layer, GGUF name, heads, A, B) of every pair of a PEFT model, in the order of native/core/lora.hpp."""
    parameters = dict(model.named_parameters())
    for layer in range(config.num_hidden_layers) if layers is None else layers:
        for ours, theirs in PROJECTIONS.items():
            name = f"base_model.model.model.layers.{layer}.{theirs}.lora_%s.default.weight"
            yield layer, ours, heads_of(config, ours), parameters[name % "A"], parameters[name % "B"]


def write_adapter(path, alpha: float, pairs) -> None:
    """The GGUF adapter llama.cpp loads. `pairs`: (layer, GGUF name, A, B) with B in GGUF order."""
    out = gguf.GGUFWriter(path, "llama")
    out.add_type("adapter")
    out.add_string("adapter.type", "lora")
    out.add_float32("adapter.lora.alpha", alpha)
    for layer, name, a, b in pairs:
        out.add_tensor(f"blk.{layer}.{name}.weight.lora_a", a)
        out.add_tensor(f"blk.{layer}.{name}.weight.lora_b", b)
    finish(out)
