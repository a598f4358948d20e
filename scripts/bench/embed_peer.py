"""sentence-transformers as the peer of `npm run -s bench -- embed`.

`serve`: asked by lines of JSON, first what to load and the texts, then for steps; a step embeds all texts once.
`export FOLDER FILE`: the model's transformer as an ONNX file, for onnxruntime called directly.
"""

import json
import sys
import time

TOLD = 16


def serve() -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    model = None
    for line in sys.stdin:
        message = json.loads(line)
        if model is None:
            torch.set_num_threads(message["threads"])
            model, texts = SentenceTransformer(message["folder"], device="cpu"), message["texts"]
            answer = {"vectors": model.encode(texts[:TOLD]).tolist()}
        else:
            times, started = [], time.perf_counter()
            while len(times) < message["steps"] or time.perf_counter() - started < message["seconds"]:
                before = time.perf_counter()
                model.encode(texts)
                times.append(1000 * (time.perf_counter() - before))
            answer = {"ms": times}
        print(json.dumps(answer), flush=True)


def export(folder: str, path: str) -> None:
    import torch
    from transformers import AutoModel

    names = ["input_ids", "attention_mask", "token_type_ids"]
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs):
            return self.model(**dict(zip(names, inputs))).last_hidden_state

    ids = torch.ones(2, 8, dtype=torch.long)
    inputs = (ids, torch.ones_like(ids), torch.zeros_like(ids))
    axes = {name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]}
    torch.onnx.export(
        States(),
        inputs,
        path,
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else export(*sys.argv[2:4])
