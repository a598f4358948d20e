"""Takes training steps with PEFT on the CPU when asked to, as Hugging Face's Trainer would with its defaults: fused AdamW, the
gradient's norm clipped to 1. Rank 8, all seven projections of all layers, a loss on every token; no cache, no checkpoints.
Not a program to start by hand: peft.mjs speaks with it.

First line: {"model": folder, "dtype", "threads", "examples": [{"tokens"}]}. Then {"steps", "seconds"}: at least so many steps
and for at least so long, answered with {"ms": [of each], "loss"}.
"""

import json
import os
import platform
import re
import sys
import time

import peft
import torch
import transformers


def say(answer):
    print(json.dumps(answer), flush=True)


def peak_rss_mb():
    if not os.path.exists("/proc/self/status"):
        return None
    with open("/proc/self/status") as status:
        return round(int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024)


imported = peak_rss_mb()
asked = json.loads(sys.stdin.readline())
torch.set_num_threads(asked["threads"])
torch.manual_seed(0)
base = transformers.AutoModelForCausalLM.from_pretrained(
    asked["model"], dtype=getattr(torch, asked["dtype"])
)
names = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
model = peft.get_peft_model(base, peft.LoraConfig(r=8, lora_alpha=16, target_modules=names))
model.train()
parameters = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(parameters, lr=2e-4, weight_decay=0, fused=True)
tokens = torch.tensor([example["tokens"] for example in asked["examples"]])
inputs, targets = tokens[:, :-1], tokens[:, 1:].flatten()
versions = {
    "torch": torch.__version__,
    "peft": peft.__version__,
    "transformers": transformers.__version__,
    "python": platform.python_version(),
}
say({"dtype": asked["dtype"], "versions": versions, "importedRssMb": imported})


def step():
    logits = model(input_ids=inputs, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


for line in sys.stdin:
    wanted = json.loads(line)
    ms, loss = [], 0.0
    started = time.perf_counter()
    while len(ms) < wanted["steps"] or time.perf_counter() - started < wanted["seconds"]:
        start = time.perf_counter()
        loss = step()
        ms.append((time.perf_counter() - start) * 1e3)
    say({"ms": ms, "loss": loss})
