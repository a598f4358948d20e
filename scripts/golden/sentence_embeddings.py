"""Tiny random sentence models as sentence-transformers saves them, and the vectors that it computes with them.

One has WordPiece and the mean of all tokens at length 1, one SentencePiece (a RoBERTa, whose positions begin later), its first
token, prompts and no normalising. Also what sentence-transformers computes with the real all-MiniLM-L6-v2 (--minilm FOLDER).
Needs sentence-transformers beside scripts/golden/requirements.txt.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers.models import Unigram, WordPiece
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

FOLDER = Path(__file__).parents[2] / "test" / "fixtures" / "golden"
TEXTS = [
    "The river runs to the sea.",
    "the sea",
    "",
    "水流向大海。河水很冷，山上有雪。",
    "Otters sleep in the river, holding hands; the sea is cold and the river runs to the sea again.",
    "Größe, naïve, ½ 😀",
]
SIZES = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, initializer_range=0.5)


def wordpiece() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=120, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    )
    tokenizer.decoder = decoders.WordPiece()
    names = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=64, **names)


def sentencepiece() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(
        TEXTS, trainers.UnigramTrainer(vocab_size=100, special_tokens=special, unk_token="<unk>")
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    )
    tokenizer.decoder = decoders.Metaspace()
    names = dict(pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>", bos_token="<s>", eos_token="</s>")
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=62, **names)


def make(name: str, tokenizer: PreTrainedTokenizerFast, model, pooling: str, normalize: bool, prompts: dict) -> dict:
    parts = Path("/tmp") / f"{name}-parts"
    shutil.rmtree(parts, ignore_errors=True)
    tokenizer.save_pretrained(parts)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # norms and biases too: none is 1 or 0
    model.eval().save_pretrained(parts)
    transformer = models.Transformer(str(parts), max_seq_length=48)
    steps = [transformer, models.Pooling(32, pooling_mode=pooling)] + ([models.Normalize()] if normalize else [])
    whole = SentenceTransformer(modules=steps, device="cpu", prompts=prompts)
    folder = FOLDER / f"tiny-sentence-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    whole.save(str(folder))
    (folder / "README.md").unlink(missing_ok=True)
    shutil.rmtree(parts)
    kinds = {"query": "query", "passage": "document"}
    encode = lambda prompt: rounded(whole.encode(TEXTS, prompt=prompts.get(prompt, "")))
    return {"folder": folder.name, "vectors": {kind: encode(prompt) for kind, prompt in kinds.items()}}


def rounded(vectors) -> list:
    return [[round(float(value), 7) for value in vector] for vector in vectors]


def minilm(folder: str) -> dict:
    return {"vectors": rounded(SentenceTransformer(folder, device="cpu").encode(TEXTS))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minilm", help="folder of sentence-transformers/all-MiniLM-L6-v2")
    arguments = parser.parse_args()
    torch.manual_seed(11)
    words, pieces = wordpiece(), sentencepiece()
    bert = BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **SIZES), add_pooling_layer=False)
    config = XLMRobertaConfig(
        vocab_size=len(pieces), max_position_embeddings=64, type_vocab_size=1, pad_token_id=1, layer_norm_eps=1e-5, **SIZES
    )
    roberta = XLMRobertaModel(config, add_pooling_layer=False)
    prompts = {"query": "query: ", "document": "passage: "}
    result = {
        "texts": TEXTS,
        "tiny": [
            make("bert", words, bert, "mean", True, {}),
            make("roberta", pieces, roberta, "cls", False, prompts),
        ],
    }
    path = FOLDER / "sentence-embeddings.json"
    if arguments.minilm:
        result["minilm"] = minilm(arguments.minilm)
    elif path.exists():
        result["minilm"] = json.loads(path.read_text())["minilm"]
    path.write_text(json.dumps(result, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
