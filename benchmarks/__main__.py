"""Run every benchmark, or those named, and write `08_reporting/bench.json`.

`python -m benchmarks [NAME …]`; a name is a module of this folder.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import benchmarks
from ta_pipeline.paths import out_base


def main() -> None:
    """Measure, print a line a figure, and replace the figures of the same names in bench.json."""
    names = sys.argv[1:] or sorted(
        module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")
    )
    target = out_base() / "08_reporting" / "bench.json"
    rows = {row["name"]: row for row in json.loads(target.read_text("utf-8"))} if target.is_file() else {}
    for name in names:
        for row in importlib.import_module(f"benchmarks.{name}").measure():
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
