"""What a training looks at besides its own rows: validation rows, general rows, the benchmark's references.

Each is a split of the token blocks and is evaluated by itself. General rows are those of public sets: they
are mixed in so that the model keeps what it could do before, and their loss shows whether it does.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

#: Splits that are evaluated; a course without public rows has no `general`.
EVALUATED = ("validation", "general", "benchmark")


def general_apart(rows: pa.Table) -> pa.Table:
    """Give the validation rows of public sets a split of their own; `rows` has columns split and origin."""
    public = pc.starts_with(rows.column("origin"), "public:")
    general = pc.and_(pc.equal(rows.column("split"), "validation"), public)
    split = pc.if_else(general, "general", rows.column("split"))
    return rows.set_column(rows.schema.get_field_index("split"), rows.schema.field("split"), split)


def evaluated_sets(rows: pa.Table) -> dict[str, pa.Table]:
    """Return the sets that are evaluated, by name, without those that have no row."""
    sets = {name: rows.filter(pc.equal(rows.column("split"), name)) for name in EVALUATED}
    return {name: table for name, table in sets.items() if table.num_rows}
