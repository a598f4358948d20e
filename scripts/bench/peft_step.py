"""Times PEFT's training step on the CPU, as the peer of native/bench/step_bench.cpp: same shape of model, rank 8, all seven
projections of all layers, AdamW, a loss on every token. The weights are random: they do not change the time of a step.

Usage: python peft_step.py [TOKENS [BATCH [THREADS [float32|bfloat16]]]]   (see scripts/golden for the environment)
"""

import json
import statistics
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

TOKENS, BATCH, THREADS = (
    int(a) for a in (sys.argv[1:4] + ["32", "1", "2"][len(sys.argv) - 1 :])
)
DTYPE = getattr(torch, sys.argv[4] if len(sys.argv) > 4 else "float32")

torch.set_num_threads(THREADS)
torch.manual_seed(0)
# SmolLM2-135M
config = LlamaConfig(
    hidden_size=576,
    intermediate_size=1536,
    num_hidden_layers=30,
    num_attention_heads=9,
    num_key_value_heads=3,
    vocab_size=49152,
    tie_word_embeddings=True,
)
names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
lora = LoraConfig(r=8, lora_alpha=16, target_modules=names)
model = get_peft_model(LlamaForCausalLM(config).to(DTYPE), lora)
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad])
ids = torch.randint(0, config.vocab_size, (BATCH, TOKENS))

times = []
start = time.perf_counter()
while len(times) < 4 or (time.perf_counter() - start < 10 and len(times) < 30):
    step = time.perf_counter()
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    times.append(time.perf_counter() - step)
median = statistics.median(times[1:])
row = {"batch": BATCH, "tokens": TOKENS, "ms": round(median * 1e3, 1)}
print(json.dumps({**row, "dtype": str(DTYPE), "threads": THREADS}))
