"""results.py - build/bench/results.json: the crawls write one part of it, the micro-benches another."""
import json
import os


def keep(build, **parts):
    """Replaces these parts of the file and leaves the others; returns where it is."""
    kept = build / "bench/results.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    data = json.loads(kept.read_text()) if kept.exists() else {}
    data.update(parts)
    fresh = kept.with_suffix(".new")
    fresh.write_text(json.dumps(data, indent=1) + "\n")
    fresh.rename(kept)
    return kept


def machine():
    with open("/proc/cpuinfo") as f:
        model = [line.partition(":")[2].strip() for line in f if line.startswith("model name")]
    return {"cores": os.cpu_count(), "cpu": model[0] if model else "unknown", "kernel": os.uname().release,
            "load_before": os.getloadavg()[0]}
