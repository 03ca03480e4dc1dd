"""Kedro's settings: configuration resolvers, hooks, and how errors are shown."""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")  # telemetry stays off unless a user turns it on

from ta_pipeline import errors
from ta_pipeline.hooks import RunHooks
from ta_pipeline.paths import out_base

errors.install()

HOOKS = (RunHooks(),)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An overlay changes single keys; without this it would replace whole blocks.
    "merge_strategy": {"parameters": "soft", "globals": "soft", "catalog": "soft"},
    "custom_resolvers": {"out_base": lambda: str(out_base())},
}
