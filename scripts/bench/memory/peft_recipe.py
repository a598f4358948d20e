"""Trains memories with PEFT on the CPU as engram's recipe says: the same examples, batches, weights and learning rates of every
step, LoRA over the same matrices, LoRA+ with fused AdamW, the gradient's norm clipped to 1, and the adapter at work from the
same token on. A step's examples are padded on the left into one batch, so that logits are computed for answers only.
Not a program to start by hand: peft.mjs speaks with it.

First line: {"model": folder, "dtype", "threads", "rank", "alpha", "targets", "layers": [first, last], "rateB", "maxGradNorm"}.
Then a memory a line: {"examples": [{"tokens", "weights", "from"}], "steps": [{"rate", "batch": [[example, scale]]}]}, answered
with {"ms": [of each step], "losses": [of each step], "cpuSeconds": of all, on all cores together}.
"""

import json
import platform
import sys
import time

import peft
import torch
import transformers


def say(answer):
    print(json.dumps(answer), flush=True)


asked = json.loads(sys.stdin.readline())
torch.set_num_threads(asked["threads"])
torch.manual_seed(0)
base = transformers.AutoModelForCausalLM.from_pretrained(asked["model"], dtype=getattr(torch, asked["dtype"]))
first, last = asked["layers"]
config = peft.LoraConfig(
    r=asked["rank"],
    lora_alpha=asked["alpha"],
    target_modules=asked["targets"],
    layers_to_transform=list(range(first, last + 1)),
)
model = peft.get_peft_model(base, config)
model.train()
layers = [module for module in model.modules() if isinstance(module, peft.tuners.lora.LoraLayer)]
trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
parameters = [p for _, p in trained]
at_work = None  # [batch, tokens, 1]: 0 where the adapter does not work yet


def held_back(_, inputs):
    return (inputs[0] * at_work.to(inputs[0].dtype),)


for layer in layers:
    layer.lora_A["default"].register_forward_pre_hook(held_back)


def loss_of(batch):
    global at_work
    longest = max(len(example["tokens"]) for example, _ in batch)
    tokens = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    mask = torch.zeros(len(batch), longest, dtype=torch.long)
    at_work = torch.zeros(len(batch), longest, 1)
    for row, (example, scale) in enumerate(batch):
        start = longest - len(example["tokens"])
        tokens[row, start:] = torch.tensor(example["tokens"])
        weights[row, start:] = scale * torch.tensor(example["weights"])
        mask[row, start:] = 1
        at_work[row, start + example["from"] :] = 1
    learned = longest - int((weights.sum(0) > 0).nonzero()[0])
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    logits = model(
        input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False, logits_to_keep=learned + 1
    ).logits
    each = torch.nn.functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), tokens[:, -learned:].flatten(), reduction="none"
    )
    return (each * weights[:, -learned:].flatten()).sum()


def train(examples, steps):
    for layer in layers:
        layer.reset_lora_parameters("default", init_lora_weights=True)
    a = [p for name, p in trained if "lora_A" in name]
    b = [p for name, p in trained if "lora_B" in name]
    optimizer = torch.optim.AdamW([{"params": a}, {"params": b}], weight_decay=0, fused=True)
    ms, losses, used = [], [], time.process_time()
    for step in steps:
        begun = time.perf_counter()
        loss = loss_of([(examples[example], scale) for example, scale in step["batch"]])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, asked["maxGradNorm"])
        optimizer.param_groups[0]["lr"] = step["rate"]
        optimizer.param_groups[1]["lr"] = step["rate"] * asked["rateB"]
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        ms.append((time.perf_counter() - begun) * 1e3)
    return {"ms": ms, "losses": losses, "cpuSeconds": time.process_time() - used}


versions = {
    "torch": torch.__version__,
    "peft": peft.__version__,
    "transformers": transformers.__version__,
    "python": platform.python_version(),
}
say({"dtype": asked["dtype"], "versions": versions})
for line in sys.stdin:
    say(train(**json.loads(line)))
