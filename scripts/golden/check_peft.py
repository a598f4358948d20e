"""Loads an exported PEFT folder with PEFT itself and compares its logits with llama.cpp's weights underneath.

python scripts/golden/check_peft.py MODEL.gguf FOLDER [ADAPTER.gguf]

Without ADAPTER.gguf, MODEL must be the tiny-tied model and FOLDER an export of tiny-tied.adapter.gguf: the logits must be
the committed ones. With it (the same adapter as the trainer saved it), A and B are merged by hand into the weights of any
Llama model, and both ways must agree. Prints the largest difference, relative to the largest logit; exits 1 above 1e-3.
"""

import argparse
import sys

import gguf
import numpy as np
import torch
from peft import PeftModel

from golden_file import FOLDER
from llama_gguf import PROJECTIONS, from_gguf_rows, heads_of, read_model


def merged(model, adapter):
    """The model with scale · B A of a GGUF adapter added to its weights."""
    reader = gguf.GGUFReader(adapter)
    tensors = {t.name: torch.from_numpy(t.data.copy()) for t in reader.tensors}
    alpha = reader.fields["adapter.lora.alpha"].contents()
    for name, a in tensors.items():
        if not name.endswith(".lora_a"):
            continue
        _, layer, ours = name.split(".")[:3]
        b = tensors[name[:-1] + "b"]
        change = from_gguf_rows((alpha / a.shape[0] * b @ a).numpy(), heads_of(model.config, ours))
        module = model.model.layers[int(layer)].get_submodule(PROJECTIONS[ours])
        module.weight.data += torch.from_numpy(change)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("adapter", nargs="?")
    arguments = parser.parse_args()
    logits = lambda model, tokens: model(torch.from_numpy(tokens)[None]).logits[0].numpy()
    with torch.no_grad():
        model = PeftModel.from_pretrained(read_model(arguments.model), arguments.folder)
        if arguments.adapter is None:
            golden = {t.name: t.data for t in gguf.GGUFReader(FOLDER / "tiny-tied.golden.gguf").tensors}
            tokens, expected = golden["example.0.tokens"].astype(np.int64), golden["example.0.adapted_logits"]
        else:
            tokens = np.arange(3, 35)
            expected = logits(merged(read_model(arguments.model), arguments.adapter), tokens)
        error = np.abs(logits(model, tokens) - expected).max() / np.abs(expected).max()
    print(f"largest difference: {error:.2e}")
    sys.exit(0 if error < 1e-3 else 1)


if __name__ == "__main__":
    main()
