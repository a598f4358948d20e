"""Five steps each of AdamW, Adam and SGD by torch.optim, with clipping and LoRA+'s rates, on given gradients.

The parameters are the pairs of a Lora with one layer, targets q and down; see native/test/optimizer_test.cpp.
"""

import numpy as np
import torch

from golden_file import GoldenFile

STEPS, RANK = 5, 3
SHAPES = {"attn_q": (21, 37), "ffn_down": (50, 5)}  # n_out, n_in
MAX_NORM = 1.0
OPTIMIZERS = {
    "adamw": dict(
        kind=torch.optim.AdamW, lr=1e-2, rate_b=8.0, options=dict(weight_decay=0.1, betas=(0.9, 0.99), eps=1e-6)
    ),
    "adam": dict(
        kind=torch.optim.Adam, lr=3e-3, rate_b=1.0, options=dict(weight_decay=0.05, betas=(0.8, 0.999), eps=1e-8)
    ),
    "sgd": dict(kind=torch.optim.SGD, lr=0.1, rate_b=2.0, options=dict(weight_decay=0.02, momentum=0.9)),
}


def main() -> None:
    rng = np.random.default_rng(11)
    names = [(name, which) for name in SHAPES for which in "ab"]
    shape = lambda name, which: (RANK, SHAPES[name][1]) if which == "a" else (SHAPES[name][0], RANK)
    draw = lambda name, which: rng.standard_normal(shape(name, which)).astype(np.float32)
    initial = {key: draw(*key) for key in names}
    # Step 3 stays below the norm that is clipped to.
    sizes = [1.0, 0.3, 0.01, 5.0, 0.1]
    gradients = [{key: draw(*key) * np.float32(size) for key in names} for size in sizes]

    golden = GoldenFile("optimizers.golden.gguf")
    golden.number("steps", STEPS)
    golden.number("rank", RANK)
    for (name, which), value in initial.items():
        golden.tensor(f"initial.{name}.lora_{which}", value)
        for step in range(STEPS):
            golden.tensor(f"gradient.{step}.{name}.lora_{which}", gradients[step][name, which])

    for label, setup in OPTIMIZERS.items():
        parameters = {key: torch.nn.Parameter(torch.from_numpy(value).double()) for key, value in initial.items()}
        groups = [
            {"params": [parameters[key] for key in names if key[1] == "a"], "lr": setup["lr"]},
            {"params": [parameters[key] for key in names if key[1] == "b"], "lr": setup["lr"] * setup["rate_b"]},
        ]
        optimizer = setup["kind"](groups, **setup["options"])
        options = setup["options"]
        golden.number(f"{label}.learning_rate", setup["lr"])
        golden.number(f"{label}.rate_b", setup["rate_b"])
        golden.number(f"{label}.weight_decay", options["weight_decay"])
        golden.number(f"{label}.momentum", options.get("momentum", 0))
        golden.number(f"{label}.beta1", options.get("betas", (0.9, 0.999))[0])
        golden.number(f"{label}.beta2", options.get("betas", (0.9, 0.999))[1])
        golden.number(f"{label}.epsilon", options.get("eps", 1e-8))
        norms = []
        for step in range(STEPS):
            for key, parameter in parameters.items():
                parameter.grad = torch.from_numpy(gradients[step][key]).double()
            norms.append(torch.nn.utils.clip_grad_norm_(parameters.values(), MAX_NORM).item())
            optimizer.step()
            for (name, which), parameter in parameters.items():
                golden.tensor(f"{label}.{step}.{name}.lora_{which}", parameter.detach().numpy())
        golden.tensor(f"{label}.norms", norms)
    golden.write()


if __name__ == "__main__":
    main()
