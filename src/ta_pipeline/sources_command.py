"""`ta sources`: list the declared public sets, and download one.

What is read comes from the catalog and the parameters as `kedro run` sees them; `KEDRO_ENV` names an overlay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from ta_pipeline.ask import open_last_run
from ta_pipeline.params import IngestParams, PublicSet, SourcesParams
from ta_pipeline.records import InputError
from ta_pipeline.sources.download import fetch
from ta_pipeline.sources.public_sets import PublicSets

HEADINGS = ("name", "teaches", "languages", "licence", "commercial", "local", "rows")


@dataclass(frozen=True)
class Listing:
    """One line about a set; `rows` is None where none of its files is here."""

    name: str
    declared: PublicSet
    rows: int | None

    def cells(self) -> tuple[str, ...]:
        """Write the line's cells in the order of HEADINGS."""
        return (
            self.name,
            self.declared.capability,
            " ".join(self.declared.languages),
            self.declared.licence,
            "no" if self.declared.non_commercial else "yes",
            "no" if self.rows is None else "yes",
            "" if self.rows is None else f"{self.rows:,}",
        )


@dataclass(frozen=True)
class Sources:
    """The folder of public sets, and the blocks that say how it is read."""

    folder: Path
    sources: SourcesParams
    ingest: IngestParams


def open_sources(root: Path) -> Sources:
    """Read the configuration of the project in `root`; the folder need not exist."""
    configured = open_last_run(root)
    return Sources(
        configured.catalog["public_files"].load(),
        SourcesParams.model_validate(configured.parameters["sources"]),
        IngestParams.model_validate(configured.parameters["ingest"]),
    )


def listings(configured: Sources) -> Iterator[Listing]:
    """Yield each declared set with the rows of its files, a question each; nothing is read whole."""
    sets = PublicSets(configured.folder, configured.sources, configured.ingest)
    for name, declared in configured.sources.sets.items():
        yield Listing(name, declared, sets.count(name) if sets.files(name) else None)


def widths(configured: Sources) -> tuple[int, ...]:
    """Return the width of each column, rows apart, before any file is read."""
    lines = [Listing(name, declared, None).cells() for name, declared in configured.sources.sets.items()]
    return tuple(max(map(len, cells)) for cells in zip(HEADINGS, *lines, strict=True))


def get(configured: Sources, name: str, from_modelscope: bool) -> Path:
    """Download a set into its folder and return that.

    Raises InputError for an unknown name, a licence that is not allowed, and where nothing can be fetched.
    """
    sets = configured.sources.sets
    if name not in sets:
        near = get_close_matches(name, sets, n=3, cutoff=0.4)
        raise InputError(
            f"no set is called {name!r}. {'Did you mean ' + ', '.join(near) + '? ' if near else ''}"
            "`ta sources` lists them; conf/base/parameters_sources.yml declares them."
        )
    declared = sets[name]
    if declared.non_commercial and not configured.sources.allow_non_commercial:
        raise InputError(
            f"{name} may not be used commercially ({declared.licence}, {declared.card}) and would stop the "
            "next run. Set `sources.allow_non_commercial: true` in conf/base/parameters_sources.yml where "
            "your use is not commercial."
        )
    return fetch(name, declared, configured.folder / name, from_modelscope)
