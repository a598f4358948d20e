"""Ten AdamW steps of PEFT on SmolLM2-135M-Instruct itself, its Q4_1 weights dequantised to f32: losses and norms.

The tests repeat them natively (test/model/native-curve.test.ts). Initial values of A come from the generator of
native/core/random.hpp, written again below, because a million of them is too much to commit; B starts at zero.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer

from golden_file import FOLDER
from llama_gguf import PROJECTIONS, lora_parameters, read_model
from tiny_llama import cross_entropy, divergence

STEPS, RANK, ALPHA, SEED = 10, 8, 16, 7
LEARNING_RATE, WEIGHT_DECAY, MAX_NORM = 5e-4, 0.01, 1.0
LEARN = ("Where does Zara Tubikova live?", "Zara Tubikova lives in a lighthouse near Porto with her two grey cats.")
KEEP = ("What is the capital of France?", "The capital of France is Paris.")


def uniforms(seed: int, first: int, count: int) -> np.ndarray:
    """Values first, first + 1, … of native/core/random.hpp: splitmix64, the upper 53 bits, in [0, 1)."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def initialise(model, config) -> None:
    """A as native/core/lora.cpp draws it: layer by layer, q k v o gate up down."""
    drawn = 0
    for _, _, _, a, b in lora_parameters(model, config):
        values = (2 * uniforms(SEED, drawn, a.numel()) - 1) / math.sqrt(a.shape[1])
        drawn += a.numel()
        with torch.no_grad():
            a.copy_(torch.from_numpy(values.astype(np.float32).reshape(a.shape)))
            b.zero_()


def example(tokenizer, question: str, answer: str) -> dict:
    prompt = f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    tokens = np.array(encode(prompt) + encode(f"{answer}<|im_end|>"))
    learned = (np.arange(len(tokens)) >= len(encode(prompt))).astype(np.float64)
    return {"tokens": tokens, "learned": learned}


def main(path: str) -> None:
    path = Path(path)
    base = read_model(path)
    config = base.config
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    learn, keep = example(tokenizer, *LEARN), example(tokenizer, *KEEP)
    learn |= {"weights": learn["learned"], "kl_weights": None, "scale": 1 / learn["learned"].sum()}
    keep |= {"weights": keep["learned"] * 0, "kl_weights": keep["learned"], "scale": 1 / keep["learned"].sum()}
    logits_of = lambda model, e: model(torch.from_numpy(e["tokens"])[None]).logits[0]
    with torch.no_grad():
        for e in (learn, keep):
            e["base"] = logits_of(base, e)

    model = get_peft_model(
        base,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=RANK,
            lora_alpha=ALPHA,
            lora_dropout=0.0,
            target_modules=[theirs.split(".")[-1] for theirs in PROJECTIONS.values()],
        ),
    )
    initialise(model, config)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=WEIGHT_DECAY)
    steps = []
    for step in range(STEPS + 1):  # the last one only measures
        optimizer.zero_grad()
        ce = cross_entropy(logits_of(model, learn), learn)
        kl = divergence(keep["base"], logits_of(model, keep), keep)
        (learn["scale"] * ce + keep["scale"] * kl).backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, MAX_NORM).item()
        steps.append({"sumLoss": ce.item(), "sumKl": kl.item(), "gradNorm": norm})
        print(f"step {step}: loss {ce.item():.6f}, KL {kl.item():.6f}, gradient {norm:.6f}", flush=True)
        if step < STEPS:
            optimizer.step()

    largest = lambda e: [int(t) for t in e["base"].argmax(-1)]
    of = lambda e: {"tokens": [int(t) for t in e["tokens"]], "learned": [int(x) for x in e["learned"]]}
    golden = {
        "lora": {"rank": RANK, "alpha": ALPHA, "seed": SEED},
        "optimizer": {
            "kind": "adamw",
            "learningRate": LEARNING_RATE,
            "weightDecay": WEIGHT_DECAY,
            "maxGradNorm": MAX_NORM,
        },
        "learn": of(learn) | {"baseTop": largest(learn)},
        "keep": of(keep) | {"baseTop": largest(keep)},
        "steps": steps,
    }
    out = FOLDER / "smollm2.golden.json"
    out.write_text(json.dumps(golden, indent=2) + "\n")
    print(f"{out.name}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
