"""How the clients tell what they saw: one line of JSON for each route, at once. Not here: what is asked."""
import json
import traceback


def check(holds, seen):
    if not holds:
        raise AssertionError(str(seen)[:300])


def run(route):
    def now(test):
        try:
            test()
            print(json.dumps({"route": route, "ok": True}), flush=True)
        except Exception as error:  # whatever it is, the next route is tried
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            print(json.dumps({"route": route, "ok": False, "why": f"{type(error).__name__} ({line}): {error}"}), flush=True)

    return now
