"""Reads the event files of a run with TensorBoard's own EventAccumulator and compares every curve with metrics.jsonl.

python scripts/golden/check_tensorboard.py RUN_FOLDER: exits with 1 where a point is missing, too many or another.
"""

import argparse
import json
import struct
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {
    "loss": "loss",
    "accuracy": "accuracy",
    "learningRate": "learning_rate",
    "gradNorm": "gradient_norm",
    "tokensPerSecond": "tokens_per_second",
}


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def expected(run: Path) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Points by split and tag."""
    curves: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for line in (run / "metrics.jsonl").read_text().splitlines():
        record = json.loads(line)
        apart = record["kind"] == "evaluation" and record["split"] == "train"
        for field, tag in TAGS.items():
            if field in record:
                name = f"epoch_{tag}" if apart else tag
                curves.setdefault((record["split"], name), []).append((record["step"], float32(record[field])))
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    run = parser.parse_args().run
    curves = expected(run)
    wrong = 0
    for split in sorted({split for split, _ in curves}):
        events = EventAccumulator(str(run / "tensorboard" / split), size_guidance={"scalars": 0}).Reload()
        for tag in events.Tags()["scalars"]:
            if tag == "epoch":
                continue
            points = [(scalar.step, scalar.value) for scalar in events.Scalars(tag)]
            same = points == curves.pop((split, tag), [])
            wrong += not same
            print(f"{split}/{tag}: {len(points)} points, {'as' if same else 'NOT as'} in metrics.jsonl")
    for split, tag in curves:
        print(f"{split}/{tag}: missing")
    raise SystemExit(1 if wrong or curves else 0)


if __name__ == "__main__":
    main()
