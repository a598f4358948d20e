"""Event records as TensorBoard's own writer makes them: what src/training/logs/event-file.ts must equal byte for byte.

Writes test/fixtures/golden/tensorboard-events.json.
"""

import io
import json

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from golden_file import FOLDER

WALL_TIME = 1766000000.25


def framed(event: Event) -> str:
    out = io.BytesIO()
    RecordWriter(out).write(event.SerializeToString())
    return out.getvalue().hex()


def scalars(step: int, values: dict[str, float]) -> str:
    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
    return framed(Event(wall_time=WALL_TIME, step=step, summary=summary))


def main() -> None:
    long = {"loss": 0.1, "accuracy": 1.0, "ünïcode/" + "x" * 150: -3e-8}
    golden = {
        "wallTime": WALL_TIME,
        "version": framed(Event(wall_time=WALL_TIME, file_version="brain.Event:2")),
        "start": framed(Event(wall_time=WALL_TIME, step=130, session_log=SessionLog(status=SessionLog.START))),
        "scalars": [
            {"step": step, "values": values, "bytes": scalars(step, values)}
            for step, values in [(0, {"loss": 2.5}), (127, {"loss": 0.0}), (2**40 + 5, long)]
        ],
    }
    path = FOLDER / "tensorboard-events.json"
    path.write_text(json.dumps(golden, indent=2, ensure_ascii=False) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
