"""Tiny random Llama models and what PyTorch and PEFT compute on them: logits, losses, every LoRA gradient.

The models are read back from the GGUF just written, so a quantised one is computed with its dequantised weights. Losses
follow native/core/trainer.hpp: plain weighted sums, token i is predicted at position i - 1.
"""

import json
import shutil

import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig

from golden_file import FOLDER, GoldenFile
from llama_gguf import PROJECTIONS, lora_parameters, read_model, to_gguf_rows, write_adapter, write_model

TEACHER_TOKENS = 256  # kTeacherTokens of native/core/trainer.cpp: the base's tokens that KL knows by name

# A list of items is a batch: (example, scale, kl_scale).
CASES = {
    "ce": [(0, 1.0, 1.0)],
    "kl": [(1, 1.0, 1.0)],
    "batch": [(0, 0.5, 1.0), (1, 1.0, 2.0), (2, 1.5, 0.25)],
    "prefix": [(3, 1.0, 1.0), (4, 0.25, 1.0), (5, 2.0, 0.5), (3, 0.125, 1.0)],
    "long": [(6, 0.05, 0.05)],
    "late": [(7, 1.0, 0.5), (8, 0.5, 2.0), (7, 0.25, 1.0), (9, 1.0, 1.0)],
}


def make_examples(rng: np.random.Generator, vocab: int) -> list[dict]:
    def example(n, first=None, weights=True, kl=False, prompt=4):
        tokens = rng.integers(0, vocab, n)
        if first is not None:
            tokens[: len(first)] = first
        at = np.arange(n) >= prompt
        draw = lambda: rng.choice([0.0, 0.5, 1.0, 1.0, 2.0], n) * at
        return {
            "tokens": tokens,
            "weights": draw() if weights else np.zeros(n),
            "kl_weights": draw() if kl else None,
        }

    shared = rng.integers(0, vocab, 6)
    return [
        example(14),
        example(9, weights=False, kl=True, prompt=1),
        example(11, kl=True, prompt=0),
        example(10, shared, prompt=7),
        example(15, shared, prompt=6),
        example(8, shared, kl=True, prompt=6),
        example(150, kl=True, prompt=1),  # longer than a block of attention and than a block of loss rows
    ]


def make_late_examples(rng: np.random.Generator, vocab: int) -> list[dict]:
    """Examples that the adapter works in only from some token on, and one that it works in from the start."""

    def example(n, adapted_from):
        at = np.arange(n) > adapted_from
        weights, kl_weights = (rng.choice([0.0, 0.5, 1.0, 2.0], n) * at for _ in range(2))
        tokens = rng.integers(0, vocab, n)
        return {"tokens": tokens, "weights": weights, "kl_weights": kl_weights, "adapted_from": adapted_from}

    return [example(12, 7), example(45, 37), example(9, 0)]


def logits_of(model, example) -> torch.Tensor:
    """What comes before `adapted_from` is read by the base model, into a cache that the adapted model goes on from."""
    tokens, first = torch.from_numpy(example["tokens"])[None], example.get("adapted_from", 0)
    if first == 0 or not hasattr(model, "disable_adapter"):
        return model(tokens).logits[0]
    with torch.no_grad(), model.disable_adapter():
        read = model(tokens[:, :first], use_cache=True)
    late = model(tokens[:, first:], past_key_values=read.past_key_values).logits[0]
    return torch.cat([read.logits[0], late])


def cross_entropy(logits, example) -> torch.Tensor:
    targets = torch.from_numpy(example["tokens"][1:])
    weights = torch.from_numpy(example["weights"][1:])
    each = torch.nn.functional.cross_entropy(logits[:-1].double(), targets, reduction="none")
    return (each * weights).sum()


def divergence(base, logits, example) -> torch.Tensor:
    """KL(base ‖ adapted), the tokens beyond the base's likeliest ones taken together (exact for small vocabularies)."""
    if example["kl_weights"] is None:
        return torch.zeros((), dtype=torch.float64)
    p, q = base[:-1].double().softmax(-1), logits[:-1].double().softmax(-1)
    named = p.topk(min(TEACHER_TOKENS, p.shape[1]), -1).indices
    p, q = p.gather(1, named), q.gather(1, named)
    each = (p * (p / q).log()).sum(-1)
    if named.shape[1] < base.shape[1]:
        p_rest, q_rest = 1 - p.sum(-1), 1 - q.sum(-1)
        each = each + p_rest * (p_rest / q_rest).log()
    return (each * torch.from_numpy(example["kl_weights"][1:])).sum()


def random_weights(rng: np.random.Generator, config: LlamaConfig) -> dict[str, np.ndarray]:
    """By GGUF name. Rows of q and k are random, so any order is as good as another."""
    width, inner, size = config.hidden_size, config.intermediate_size, config.head_dim
    q, kv = config.num_attention_heads * size, config.num_key_value_heads * size
    shapes = [(q, width), (kv, width), (kv, width), (width, q), (inner, width), (inner, width), (width, inner)]
    matrix = lambda rows, columns, scale: (rng.standard_normal((rows, columns)) * scale).astype(np.float32)
    norm = lambda: (1 + 0.2 * rng.standard_normal(width)).astype(np.float32)
    out = {"token_embd.weight": matrix(config.vocab_size, width, 0.4), "output_norm.weight": norm()}
    if not config.tie_word_embeddings:
        out["output.weight"] = matrix(config.vocab_size, width, 0.4)
    for i in range(config.num_hidden_layers):
        out[f"blk.{i}.attn_norm.weight"], out[f"blk.{i}.ffn_norm.weight"] = norm(), norm()
        for name, (rows, columns) in zip(PROJECTIONS, shapes):
            out[f"blk.{i}.{name}.weight"] = matrix(rows, columns, 1.2 / np.sqrt(columns))
    return out


def make(name: str, seed: int, rank: int, alpha: float, config: LlamaConfig, type_of) -> None:
    rng = np.random.default_rng(seed)
    path = FOLDER / f"{name}.gguf"
    write_model(path, config, random_weights(rng, config), type_of)
    print(f"{path.name}: {path.stat().st_size} bytes")
    base = read_model(path)
    examples = make_examples(rng, config.vocab_size)
    examples += make_late_examples(np.random.default_rng(seed + 100), config.vocab_size)

    golden = GoldenFile(f"{name}.golden.gguf")
    golden.number("rank", rank)
    golden.number("alpha", alpha)
    golden.number("examples", len(examples))
    with torch.no_grad():
        for i, example in enumerate(examples):
            example["base"] = logits_of(base, example)
            for key in ("tokens", "weights", "kl_weights"):
                if example[key] is not None:
                    golden.tensor(f"example.{i}.{key}", example[key])
            golden.number(f"example.{i}.adapted_from", example.get("adapted_from", 0))
        for i in (0, 1):
            golden.tensor(f"example.{i}.base_logits", examples[i]["base"])

    model = get_peft_model(
        base,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=rank,
            lora_alpha=alpha,
            lora_dropout=0.0,
            target_modules=[theirs.split(".")[-1] for theirs in PROJECTIONS.values()],
        ),
    )
    pairs = []
    for layer, ours, heads, a, b in lora_parameters(model, config):
        with torch.no_grad():
            a.copy_(torch.from_numpy(rng.uniform(-1, 1, a.shape) / np.sqrt(a.shape[1])))
            b.copy_(torch.from_numpy(rng.standard_normal(b.shape) * 0.15))
        pairs.append((layer, ours, a.detach().numpy().copy(), to_gguf_rows(b.detach().numpy().copy(), heads)))
        golden.tensor(f"adapter.{layer}.{ours}.lora_a", pairs[-1][2])
        golden.tensor(f"adapter.{layer}.{ours}.lora_b", pairs[-1][3])
    with torch.no_grad():
        for i in (0, 1):
            golden.tensor(f"example.{i}.adapted_logits", logits_of(model, examples[i]))

    for case, items in CASES.items():
        model.zero_grad()
        sums = []
        for index, scale, kl_scale in items:  # one by one: no padding, no attention mask
            logits = logits_of(model, examples[index])
            ce, kl = cross_entropy(logits, examples[index]), divergence(
                examples[index]["base"], logits, examples[index]
            )
            (scale * ce + kl_scale * kl).backward()
            sums.append((ce.item(), kl.item()))
        golden.tensor(f"{case}.items", items)
        golden.tensor(f"{case}.sum_loss", [ce for ce, _ in sums])
        golden.tensor(f"{case}.sum_kl", [kl for _, kl in sums])
        for layer, ours, heads, a, b in lora_parameters(model, config):
            golden.tensor(f"{case}.{layer}.{ours}.lora_a", a.grad.numpy())
            golden.tensor(f"{case}.{layer}.{ours}.lora_b", to_gguf_rows(b.grad.numpy(), heads))
    golden.write()

    if name == "tiny-tied":
        write_adapter(FOLDER / f"{name}.adapter.gguf", alpha, pairs)
        save_with_peft(model, FOLDER / f"{name}.peft")


def save_with_peft(model, folder) -> None:
    """The adapter as PEFT itself writes it; its README is left out."""
    model.peft_config["default"].base_model_name_or_path = "tiny-tied"
    model.save_pretrained(folder, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"].sort()  # PEFT keeps them as a set
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def main() -> None:
    torch.set_num_threads(1)
    common = {"max_position_embeddings": 256, "attn_implementation": "eager"}
    plain = {"rope_type": "default", "rope_theta": 10000.0}

    tied = LlamaConfig(
        vocab_size=128,
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=8,
        rms_norm_eps=1e-5,
        rope_parameters=plain,
        tie_word_embeddings=True,
        **common,
    )
    make("tiny-tied", 1, 4, 8.0, tied, lambda name: Type.F32)

    # Heads wider than the model, one key/value head, Llama 3's rotary factors, more tokens than KL knows by name.
    untied = LlamaConfig(
        vocab_size=300,
        hidden_size=36,
        intermediate_size=72,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        head_dim=16,
        rms_norm_eps=1e-6,
        rope_parameters={
            "rope_type": "llama3",
            "rope_theta": 500.0,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
        tie_word_embeddings=False,
        **common,
    )
    make("tiny-untied", 2, 3, 4.0, untied, lambda name: Type.F16)

    quantised = LlamaConfig(
        vocab_size=96,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        rms_norm_eps=1e-5,
        rope_parameters=plain,
        tie_word_embeddings=True,
        **common,
    )
    types = {"token_embd": Type.Q8_0, "attn_q": Type.Q4_1, "attn_k": Type.Q4_0, "attn_v": Type.Q5_0}
    types |= {"attn_output": Type.Q5_1, "ffn_gate": Type.Q4_1, "ffn_up": Type.BF16, "ffn_down": Type.Q8_0}
    make("tiny-quantised", 3, 4, 8.0, quantised, lambda name: types[name.split(".")[-2]])


if __name__ == "__main__":
    main()
