"""What Python's libraries find in a collection: BM25 (rank_bm25), sentence-transformers with faiss (exact), and both fused by
reciprocal rank. Reads one JSON object from the file named first, writes one to stdout: rankings and ms a query by method.
Not here: measures; they are the same for all (ranking-metrics.mjs)."""

import json
import re
import statistics
import sys
import time

import numpy

STOP = set("a an the of in on at by for from to with into about as and or but is are was were be been it its this that these those".split())


def words(text):
    return [word for word in re.findall(r"\w+", text.lower()) if word not in STOP]


def timed(queries, search):
    rankings, times = {}, []
    for query in queries:
        started = time.perf_counter()
        rankings[query["id"]] = search(query["text"])
        times.append(1000 * (time.perf_counter() - started))
    return {"rankings": rankings, "msPerQuery": statistics.median(times)}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    documents, queries, most = job["documents"], job["queries"], job["most"]
    ids = [document["id"] for document in documents]
    texts = [" ".join(filter(None, [document.get("title"), document["text"]])) for document in documents]
    out = {}

    from rank_bm25 import BM25Okapi

    bm25 = BM25Okapi([words(text) for text in texts])

    def lexical(text):
        scores = bm25.get_scores(words(text))
        return [ids[i] for i in numpy.argsort(-scores, kind="stable")[:most]]

    out["rank_bm25"] = timed(queries, lexical)

    try:
        import faiss
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(job["threads"])
        model = SentenceTransformer(job["model"], device="cpu")
    except Exception as error:  # whatever it is, BM25 counts all the same
        out["sentence-transformers + faiss"] = {"why": str(error).split("\n")[0]}
        json.dump(out, sys.stdout)
        return
    started = time.perf_counter()
    vectors = model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    seconds = time.perf_counter() - started
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)

    def dense(text):
        vector = model.encode([text], normalize_embeddings=True, show_progress_bar=False)
        _, found = index.search(vector, min(most, len(ids)))
        return [ids[i] for i in found[0]]

    name = "sentence-transformers + faiss"
    out[name] = {**timed(queries, dense), "embedSeconds": seconds}

    def fused(text):
        scores = {}
        for ranking in (dense(text), lexical(text)):
            for rank, document in enumerate(ranking):
                scores[document] = scores.get(document, 0) + 1 / (61 + rank)
        return sorted(scores, key=lambda document: -scores[document])

    out[f"{name} + rank_bm25 (RRF)"] = timed(queries, fused)
    json.dump(out, sys.stdout)


main()
