"""Kedro's settings: configuration resolvers, hooks, and how errors are shown."""

import os
import warnings

os.environ.setdefault("DO_NOT_TRACK", "1")  # telemetry stays off unless a user turns it on
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # or it tells of the tables it makes

from ta_pipeline import errors

errors.install()  # before kedro-mlflow is imported, which makes MLflow warn

from ta_pipeline.hooks import RunHooks, RunTracking
from ta_pipeline.paths import choose_out_base

# Kedro and its plugin still call OmegaConf's older name for the same function.
warnings.filterwarnings("ignore", message="register_new_resolver")
# Kedro is pinned, and knows both names of the option.
warnings.filterwarnings("ignore", message="Option '--pipeline' is deprecated")

DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)  # as its metadata spells it; RunTracking is in its place
HOOKS = (RunHooks(), RunTracking())

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An overlay changes single keys; without this it would replace whole blocks.
    "merge_strategy": {"parameters": "soft", "globals": "soft", "catalog": "soft"},
    "custom_resolvers": {"out_base": choose_out_base},
}
