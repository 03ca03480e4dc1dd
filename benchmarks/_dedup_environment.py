"""Make the environment that other deduplicators run in, below the user's cache and apart from ours."""

import subprocess
import sys
from pathlib import Path

from ta_pipeline.paths import model_cache

#: text-dedup asks for pyspark and others that its MinHash does not use, so it is installed without.
_PLAIN = [
    "datasketch==2.0.0", "datatrove==0.10.1", "numpy==2.4.6", "pyarrow==25.0.1", "rensa==0.5.0",
    "tokenizers==0.23.3", "xxhash==3.8.2", "click-option-group==0.5.9", "datasets==5.2.0", "ftfy==6.3.1",
    "orjson==3.13.0", "psutil==7.2.2", "regex==2026.11.15", "rich==13.9.4", "scipy==1.17.1",
]  # fmt: skip
_ALONE = ["text-dedup==0.4.0"]


def peers_python() -> Path:
    """Return the interpreter of the peers' environment, making the environment the first time."""
    folder = model_cache() / "dedup-peers"
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.is_file() or ready.read_text("utf-8") != _wanted():
        print(f"Installing the peers into {folder}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *_PLAIN], check=True)
        subprocess.run([*pip, "--no-deps", *_ALONE], check=True)
        ready.write_text(_wanted(), "utf-8")
    return python


def _wanted() -> str:
    return "\n".join([*_PLAIN, *_ALONE])
