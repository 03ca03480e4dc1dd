"""What a training looks at besides its own rows: validation rows, general rows, the benchmark's references.

Each is a split of the token blocks and is evaluated by itself. General rows are those of public sets: they
are mixed in so that the model keeps what it could do before, and their loss shows whether it does.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ta_pipeline.params import TrainParams
from ta_pipeline.records import InputError

#: Splits that are evaluated; a course without public rows has no `general`.
EVALUATED = ("validation", "general", "benchmark")
#: The set that a metric of early stopping is taken from.
_NEEDED = {"validation_loss": "validation", "benchmark_score": "benchmark"}


def general_apart(rows: pa.Table) -> pa.Table:
    """Give the validation rows of public sets a split of their own; `rows` has columns split and origin."""
    public = pc.starts_with(rows.column("origin"), "public:")
    general = pc.and_(pc.equal(rows.column("split"), "validation"), public)
    split = pc.if_else(general, "general", rows.column("split"))
    return rows.set_column(rows.schema.get_field_index("split"), rows.schema.field("split"), split)


def check_evaluated(method: str, parameters: TrainParams, rows: pa.Table) -> None:
    """Raise InputError where a training is to look at rows that it does not have."""
    sets = evaluated_sets(rows)
    if parameters.eval_every and not sets:
        raise InputError(
            f"{method}.eval_every={parameters.eval_every} looks at validation rows, and there is none. "
            "Raise compose.split.validation_share, or set eval_every and early_stopping to null."
        )
    if parameters.early_stopping is None:
        return
    metric = parameters.early_stopping.metric
    if (needed := _NEEDED[metric]) not in sets:
        raise InputError(
            f"{method}.early_stopping.metric={metric} looks at {needed} rows, and there is none (the "
            "benchmark is for sft alone). Set the metric to validation_loss with "
            "compose.split.validation_share above 0, or early_stopping to null."
        )


def evaluated_sets(rows: pa.Table) -> dict[str, pa.Table]:
    """Return the sets that are evaluated, by name, without those that have no row."""
    sets = {name: rows.filter(pc.equal(rows.column("split"), name)) for name in EVALUATED}
    return {name: table for name, table in sets.items() if table.num_rows}
