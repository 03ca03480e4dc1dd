"""Run every benchmark, or those named, and write `08_reporting/bench.json`.

`python -m benchmarks [--quick] [--precision bf16] [NAME …]`; a name is a module of this folder. With
`--quick` the modules that have a small size take it: that shows that they run, and its figures mean nothing.
`--precision` is for those that train; without it they take what the machine has hardware for.
"""

import argparse
import importlib
import inspect
import json
import pkgutil
from pathlib import Path

import benchmarks
from ta_pipeline.paths import out_base


def main() -> None:
    """Measure, print a line a figure, and replace the figures of the same names in bench.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--precision", default="auto", choices=["auto", "bf16", "fp32"])
    asked = vars(parser.parse_args())
    names = asked.pop("names") or sorted(
        module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")
    )
    target = out_base() / "08_reporting" / "bench.json"
    rows = {row["name"]: row for row in json.loads(target.read_text("utf-8"))} if target.is_file() else {}
    for name in names:
        measure = importlib.import_module(f"benchmarks.{name}").measure
        known = inspect.signature(measure).parameters
        for row in measure(**{option: value for option, value in asked.items() if option in known}):
            rows[row["name"]] = row
            ratio = f", {row['ratio']:.2f} x {row['peer']}" if row["ratio"] else ""
            print(f"{row['name']}: {row['value']:.4g} {row['unit']}{ratio}", flush=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(f"{target}.tmp")
    temporary.write_text(json.dumps([rows[name] for name in sorted(rows)], indent=1), "utf-8")
    temporary.replace(target)
    print(f"Written to {target}")


if __name__ == "__main__":
    main()
