"""One index of a Python library, built and asked by subject.mjs; child.mjs says in which words.

One thread, one query at a time, ten results, from float32 arrays.
"""

import json
import os
import sys
import time

import numpy as np

K = 10


def faiss_index(asked, base, exact):
    import faiss

    faiss.omp_set_num_threads(1)
    if exact:
        index = faiss.IndexFlatIP(asked["dimensions"])
    else:
        index = faiss.IndexHNSWFlat(asked["dimensions"], asked["connections"], faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = asked["efConstruction"]
    index.add(base)

    def search(query, ef):
        if not exact:
            index.hnsw.efSearch = ef
        return index.search(query[None], K)[1][0]

    return search, lambda path: faiss.write_index(index, path), faiss.__version__


def usearch_index(asked, base):
    import usearch
    from usearch.index import Index

    index = Index(
        ndim=asked["dimensions"],
        metric="ip",
        dtype="f32",
        connectivity=asked["connections"],
        expansion_add=asked["efConstruction"],
    )
    index.add(np.arange(len(base)), base, threads=1)

    def search(query, ef):
        index.expansion_search = ef
        return index.search(query, K, threads=1).keys

    return search, index.save, usearch.__version__


METHODS = {
    "faiss": lambda asked, base: faiss_index(asked, base, exact=False),
    "faiss-flat": lambda asked, base: faiss_index(asked, base, exact=True),
    "usearch-python": usearch_index,
}


def say(answer):
    print(json.dumps(answer), flush=True)


def rows(path, count, dimensions):
    return np.fromfile(path, dtype="<f4", count=count * dimensions).reshape(count, dimensions)


asked = json.loads(sys.stdin.readline())
base = rows(asked["base"], asked["count"], asked["dimensions"])
queries = rows(asked["queries"], asked["queryCount"], asked["dimensions"])
started = time.perf_counter()
search, save, version = METHODS[asked["method"]](asked, base)
build_seconds = time.perf_counter() - started
path = os.path.join(asked["folder"], "index")
save(path)
say({"buildSeconds": build_seconds, "bytes": os.path.getsize(path), "version": version})

at = 0
for line in sys.stdin:
    wanted = json.loads(line)
    ef = wanted.get("ef")
    if wanted.get("all"):
        say({"labels": [[int(label) for label in search(query, ef)] for query in queries]})
        continue
    begin = time.perf_counter()
    cpu = time.process_time()
    done = 0
    while done == 0 or time.perf_counter() - begin < wanted["seconds"]:
        search(queries[at % len(queries)], ef)
        at += 1
        done += 1
    cpu = time.process_time() - cpu
    say({"ms": (time.perf_counter() - begin) / done * 1e3, "cpuMs": cpu / done * 1e3})
