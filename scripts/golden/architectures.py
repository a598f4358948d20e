"""Tiny random models of every architecture the trainer knows, and what transformers and autograd compute on them: logits,
losses and every LoRA gradient.

The LoRA pairs are written out as W + alpha / rank · B A rather than made by PEFT, so that a fused matrix (Phi-3) can have
one pair for each matrix in it, as native/core/adapter_file.cpp has. Sizes are small and odd; the sliding windows are
shorter than the texts, and the soft caps are low enough to bend what they cap.
"""

import math
from dataclasses import dataclass, field

import gguf
import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    LlamaConfig,
    Ministral3Config,
    Phi3Config,
    Qwen2Config,
    Qwen3Config,
    SmolLM3Config,
)

from golden_file import FOLDER, GoldenFile, finish
from llama_gguf import PROJECTIONS, add_tokenizer, to_gguf_rows
from tiny_llama import cross_entropy, divergence

ALPHA = 3.0
# (example, scale, kl_scale); all share their first tokens
PREFIX = [(1, 0.5, 1.0), (2, 1.0, 2.0), (3, 0.75, 1.0)]

# Matrices that lie in one tensor of the file, by the name that tensor has in transformers.
FUSED = {
    "self_attn.qkv_proj": ["attn_q", "attn_k", "attn_v"],
    "mlp.gate_up_proj": ["ffn_gate", "ffn_up"],
}


@dataclass
class Case:
    architecture: str
    config: object
    seed: int
    metadata: dict = field(default_factory=dict)
    tensors: dict = field(default_factory=dict)  # beside the weights
    interleaved: bool = False  # rows of q and k are in llama.cpp's own order
    norm_offset: float = 0.0  # transformers adds this to the weights of norms when it runs, the converter before
    rank: int = 2


def sizes(**changes) -> dict:
    return {
        "vocab_size": 99,  # every printable ASCII character: llama.cpp ends the process where it lacks one
        "hidden_size": 20,
        "intermediate_size": 26,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 256,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
        "attn_implementation": "eager",
        "pad_token_id": None,
        "bos_token_id": 1,
        "eos_token_id": 2,
    } | changes


def rope(**settings) -> dict:
    return {"rope_type": "default", "rope_theta": 500.0} | settings


SHORT, LONG = [1.0, 1.7, 3.0], [2.0, 5.0, 9.0]

CASES = {
    "biased": Case(
        "llama",
        LlamaConfig(
            **sizes(head_dim=6, tie_word_embeddings=False),
            attention_bias=True,
            mlp_bias=True,
            rope_parameters=rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=64),
        ),
        11,
        {"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 64},
        interleaved=True,
    ),
    "mistral3": Case(
        "mistral3",
        Ministral3Config(
            **sizes(head_dim=10),
            rope_parameters=rope(
                rope_type="yarn",
                factor=8.0,
                original_max_position_embeddings=32,
                beta_fast=4.0,
                beta_slow=1.5,
                mscale=1.0,
                mscale_all_dim=0.5,
                llama_4_scaling_beta=0.1,
                max_position_embeddings=256,
            ),
        ),
        12,
        {
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 8.0,
            "rope.scaling.original_context_length": 32,
            "rope.scaling.yarn_beta_fast": 4.0,
            "rope.scaling.yarn_beta_slow": 1.5,
            "rope.scaling.yarn_log_multiplier": 0.5,
            "attention.temperature_scale": 0.1,
        },
        interleaved=True,
    ),
    "smollm3": Case(
        "smollm3",
        SmolLM3Config(
            **sizes(hidden_size=16, intermediate_size=18, num_hidden_layers=4),
            rope_parameters=rope(),
        ),
        13,
        interleaved=True,
    ),
    "qwen2": Case(
        "qwen2",
        Qwen2Config(
            **sizes(hidden_size=24, tie_word_embeddings=False),
            rope_parameters=rope(rope_type="linear", factor=2.0),
        ),
        14,
        {"rope.scaling.type": "linear", "rope.scaling.factor": 2.0},
    ),
    "qwen3": Case("qwen3", Qwen3Config(**sizes(head_dim=6), rope_parameters=rope()), 15),
    "gemma2": Case(
        "gemma2",
        Gemma2Config(
            **sizes(head_dim=6),
            query_pre_attn_scalar=6,
            sliding_window=5,
            attn_logit_softcapping=1.5,
            final_logit_softcapping=2.5,
            rope_parameters=rope(),
        ),
        16,
        {
            "attention.sliding_window": 5,
            "attn_logit_softcapping": 1.5,
            "final_logit_softcapping": 2.5,
        },
        norm_offset=1.0,
    ),
    "gemma3": Case(
        "gemma3",
        Gemma3TextConfig(
            **sizes(head_dim=6),
            query_pre_attn_scalar=6,
            sliding_window=6,
            layer_types=["sliding_attention", "full_attention"],
            rope_parameters={
                "sliding_attention": rope(rope_theta=10000.0),
                "full_attention": rope(rope_type="linear", factor=8.0, rope_theta=300.0),
            },
        ),
        17,
        {
            "attention.sliding_window": 6,
            "attention.sliding_window_pattern": 2,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 8.0,
        },
        norm_offset=1.0,
    ),
    "phi3": Case(
        "phi3",
        Phi3Config(
            # llama.cpp takes the long factors for any context beyond the original, and makes no context below 256
            **sizes(hidden_size=32, intermediate_size=14, tie_word_embeddings=False, max_position_embeddings=1024),
            original_max_position_embeddings=256,
            rope_parameters=rope(
                rope_type="longrope",
                short_factor=SHORT,
                long_factor=LONG,
                factor=4.0,
                original_max_position_embeddings=256,
                partial_rotary_factor=0.75,
            ),
        ),
        18,
        {
            "rope.scaling.attn_factor": math.sqrt(1 + math.log(4) / math.log(256)),
            "rope.scaling.original_context_length": 256,
            "rope.dimension_count": 6,
        },
        {"rope_factors_short.weight": SHORT, "rope_factors_long.weight": LONG},
    ),
}


def make_examples(rng: np.random.Generator, vocab: int) -> list[dict]:
    def example(n, beginning, prompt, kl=False):
        tokens = rng.integers(5, vocab, n)
        tokens[: len(beginning)] = beginning
        draw = lambda: rng.choice([0.0, 0.5, 1.0, 2.0], n) * (np.arange(n) >= prompt)
        return {"tokens": tokens, "weights": draw(), "kl_weights": draw() if kl else None}

    shared = rng.integers(5, vocab, 8)
    return [example(15, [], 3), example(15, shared, 9), example(19, shared, 8, True), example(12, shared, 10)]


def randomise(model, rng: np.random.Generator, norm_offset: float) -> None:
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            values = rng.standard_normal(tuple(parameter.shape))
            if "norm" in name:
                values = 1 - norm_offset + 0.2 * values
            elif name.endswith(".bias"):
                values = 0.3 * values
            elif "embed_tokens" in name:
                values = 0.4 * values
            else:
                values = values * 1.2 / math.sqrt(parameter.shape[1])
            parameter.copy_(torch.from_numpy(values))


def heads_of(case: Case, name: str) -> int:
    """Number of heads whose rows the file orders in its own way; 0: none."""
    if not case.interleaved:
        return 0
    return {"attn_q": case.config.num_attention_heads, "attn_k": case.config.num_key_value_heads}.get(name, 0)


def in_file_order(values: np.ndarray, heads: int) -> np.ndarray:
    return to_gguf_rows(values.reshape(len(values), -1), heads).reshape(values.shape)


def write_model(path, case: Case, model) -> None:
    config = case.config
    out = gguf.GGUFWriter(path, case.architecture)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    theta = (config.rope_parameters.get("full_attention") or config.rope_parameters)["rope_theta"]
    out.add_name("tiny")  # llama.cpp looks for "phi-3" in names
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_block_count(config.num_hidden_layers)
    out.add_feed_forward_length(config.intermediate_size)
    out.add_head_count(config.num_attention_heads)
    out.add_head_count_kv(config.num_key_value_heads)
    out.add_key_length(head_dim)
    out.add_value_length(head_dim)
    out.add_layer_norm_rms_eps(config.rms_norm_eps)
    out.add_rope_freq_base(theta)
    if "rope.dimension_count" not in case.metadata:
        out.add_rope_dimension_count(head_dim)
    out.add_vocab_size(config.vocab_size)
    for key, value in case.metadata.items():
        add = {str: out.add_string, int: out.add_uint32, float: out.add_float32}[type(value)]
        add(f"{case.architecture}.{key}", value)
    add_tokenizer(out, config.vocab_size)

    kind = next(kind for kind, name in gguf.MODEL_ARCH_NAMES.items() if name == case.architecture)
    names = gguf.get_tensor_name_map(kind, config.num_hidden_layers)
    for name, parameter in model.named_parameters():
        values = parameter.detach().numpy()
        ours = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if "norm" in name:
            values = values + np.float32(case.norm_offset)
        values = in_file_order(values, heads_of(case, ours.split(".")[-2]))
        out.add_tensor(ours, np.ascontiguousarray(values))
    for name, values in case.tensors.items():
        out.add_tensor(name, np.array(values, dtype=np.float32))
    finish(out)


def matrices(model, layer: int):
    """(name in transformers, [(GGUF name, rows, columns)]) of every adapted tensor of a layer."""
    config, parameters = model.config, dict(model.named_parameters())
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rows = {"attn_q": config.num_attention_heads * head_dim, "attn_k": config.num_key_value_heads * head_dim}
    rows |= {"attn_v": rows["attn_k"], "ffn_gate": config.intermediate_size, "ffn_up": config.intermediate_size}
    for theirs, parts in [*FUSED.items(), *((theirs, [ours]) for ours, theirs in PROJECTIONS.items())]:
        name = f"model.layers.{layer}.{theirs}.weight"
        if name in parameters:
            columns = parameters[name].shape[1]
            yield name, [(part, rows.get(part, parameters[name].shape[0]), columns) for part in parts]


def make(name: str, case: Case) -> None:
    rng = np.random.default_rng(case.seed)
    torch.manual_seed(case.seed)
    model = AutoModelForCausalLM.from_config(case.config).float().eval().requires_grad_(False)
    randomise(model, rng, case.norm_offset)
    path = FOLDER / f"tiny-{name}.gguf"
    write_model(path, case, model)
    print(f"{path.name}: {path.stat().st_size} bytes")

    examples = make_examples(rng, case.config.vocab_size)
    golden = GoldenFile(f"tiny-{name}.golden.gguf")
    golden.number("rank", case.rank)
    golden.number("alpha", ALPHA)
    golden.number("examples", len(examples))
    weights = dict(model.named_parameters())
    order = list(PROJECTIONS)
    pairs = {}  # (layer, GGUF name): A, B
    for layer in range(case.config.num_hidden_layers):
        parts = [part for _, parts in matrices(model, layer) for part in parts]
        for ours, rows, columns in sorted(parts, key=lambda part: order.index(part[0])):
            a = rng.uniform(-1, 1, (case.rank, columns)) / math.sqrt(columns)
            b = rng.standard_normal((rows, case.rank)) * 0.15
            pairs[layer, ours] = tuple(torch.tensor(x, dtype=torch.float32, requires_grad=True) for x in (a, b))

    def logits_of(example, adapted=True):
        changed = dict(weights)
        for layer in range(case.config.num_hidden_layers if adapted else 0):
            for theirs, parts in matrices(model, layer):
                deltas = [pairs[layer, ours][1] @ pairs[layer, ours][0] for ours, _, _ in parts]
                changed[theirs] = changed[theirs] + ALPHA / case.rank * torch.cat(deltas)
        tokens = torch.from_numpy(example["tokens"])[None]
        return torch.func.functional_call(model, changed, (tokens,), {"use_cache": False}).logits[0]

    def write_pairs(prefix, of):
        for (layer, ours), (a, b) in pairs.items():
            golden.tensor(f"{prefix}.{layer}.{ours}.lora_a", of(a))
            golden.tensor(f"{prefix}.{layer}.{ours}.lora_b", in_file_order(of(b), heads_of(case, ours)))

    write_pairs("adapter", lambda x: x.detach().numpy())
    with torch.no_grad():
        for i, example in enumerate(examples):
            example["base"] = logits_of(example, adapted=False)
            for key in ("tokens", "weights", "kl_weights"):
                if example[key] is not None:
                    golden.tensor(f"example.{i}.{key}", example[key])
        golden.tensor("example.0.base_logits", examples[0]["base"])
        golden.tensor("example.0.adapted_logits", logits_of(examples[0]))

    sums = []
    for index, scale, kl_scale in PREFIX:
        logits = logits_of(examples[index])
        ce, kl = cross_entropy(logits, examples[index]), divergence(examples[index]["base"], logits, examples[index])
        (scale * ce + kl_scale * kl).backward()
        sums.append((ce.item(), kl.item()))
    golden.tensor("prefix.items", PREFIX)
    golden.tensor("prefix.sum_loss", [ce for ce, _ in sums])
    golden.tensor("prefix.sum_kl", [kl for _, kl in sums])
    write_pairs("prefix", lambda x: x.grad.numpy())
    golden.write()


def main() -> None:
    torch.set_num_threads(1)
    for name, case in CASES.items():
        make(name, case)


if __name__ == "__main__":
    main()
