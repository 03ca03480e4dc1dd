"""Kedro's settings: configuration resolvers, hooks, and how errors are shown."""

import os
import warnings

os.environ.setdefault("DO_NOT_TRACK", "1")  # telemetry stays off unless a user turns it on

from ta_pipeline import errors
from ta_pipeline.hooks import RunHooks
from ta_pipeline.paths import out_base

errors.install()

# Kedro and its plugin still call OmegaConf's older name for the same function.
warnings.filterwarnings("ignore", message="register_new_resolver")
# Said by MLflow of classes that nobody here defines.
warnings.filterwarnings("ignore", message=".*Add type hints to the `predict` method")

HOOKS = (RunHooks(),)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An overlay changes single keys; without this it would replace whole blocks.
    "merge_strategy": {"parameters": "soft", "globals": "soft", "catalog": "soft"},
    "custom_resolvers": {"out_base": lambda: str(out_base())},
}
