"""Nodes of `clean`: thin, the work is done in `ta_pipeline.text`."""

from __future__ import annotations

import logging
from collections import Counter
from functools import partial
from typing import Any

import pyarrow as pa

from ta_pipeline.params import CleanParams
from ta_pipeline.records import DOCUMENT, DROPPED, PII_AUDIT
from ta_pipeline.text.boilerplate import Lexicon, remove_boilerplate
from ta_pipeline.text.confidential import is_mark
from ta_pipeline.text.duplicates.documents import find_document_copies, survivors
from ta_pipeline.text.forbidden import Lexicon as ForbiddenLexicon
from ta_pipeline.text.forbidden import load_lexicon, remove_forbidden_lines
from ta_pipeline.text.language import detect_language
from ta_pipeline.text.normalise import normalise_document
from ta_pipeline.text.person_names import NameFinder
from ta_pipeline.text.pii import mask_documents, mask_lines
from ta_pipeline.text.quality import SECRET_REASONS, find_faults, text_of

logger = logging.getLogger(__name__)

Row = dict[str, Any]
#: Characters of a dropped row that a report shows.
_EXCERPT = 120


def normalise_documents(documents: pa.Table, clean: CleanParams) -> tuple[pa.Table, pa.Table]:
    """Mend the encoding, take out adverts, menus and footers, and tell each document's language.

    The second table holds the removed lines, masked, with the id of their document; forbidden ones are
    named by their category alone.
    """
    rows = [normalise_document(row, clean.simplify_chinese) for row in documents.to_pylist()]
    forbidden = load_lexicon(clean.forbidden)
    rows, removed = _without_forbidden_lines(rows, clean, forbidden)
    stays = partial(_tells_of_its_document, forbidden=forbidden)
    rows, boilerplate = remove_boilerplate(
        rows, _boilerplate_lexicon(clean), clean.repeated_line_files, stays
    )
    removed += boilerplate
    names = NameFinder(clean.person_name_allow_list, clean.presidio_model)
    excerpts = mask_lines([line for *_, line in removed], names)
    lines = [_dropped(row, why, detail, text) for (row, why, detail, _), text in zip(removed, excerpts)]
    rows = [{**row, "language": detect_language(text_of(row))} for row in rows]
    logger.info("Normalised %d documents; %d lines are boilerplate", len(rows), len(lines))
    return _documents(rows), _dropped_table(lines)


def mask_personal_data(documents: pa.Table, clean: CleanParams) -> tuple[pa.Table, pa.Table]:
    """Mask personal data; the audit counts by kind what was masked in each part of a document."""
    names = NameFinder(clean.person_name_allow_list, clean.presidio_model)
    masked: list[Row] = []
    audit: list[Row] = []
    for row, counts in mask_documents(documents.to_pylist(), names):
        masked.append(row)
        audit += [
            {"id": row["id"], "source": row["source"], "place": place, "kind": kind, "count": count}
            for (place, kind), count in counts.items()
        ]
    logger.info("Masked %d places", sum(entry["count"] for entry in audit))
    return _documents(masked), pa.Table.from_pylist(audit, schema=PII_AUDIT)


def filter_quality(documents: pa.Table, clean: CleanParams) -> tuple[pa.Table, pa.Table]:
    """Split documents into those worth keeping and those that are not, each with its reason."""
    rows = documents.to_pylist()
    faults = find_faults(rows, clean)
    kept = [row for position, row in enumerate(rows) if position not in faults]
    dropped = [
        _dropped(
            rows[position],
            fault.reason,
            fault.detail,
            "" if fault.reason in SECRET_REASONS else text_of(rows[position]),
        )
        for position, fault in sorted(faults.items())
    ]
    logger.info("Kept %d of %d documents", len(kept), len(rows))
    return _documents(kept), _dropped_table(dropped)


def drop_near_duplicates(
    documents: pa.Table, clean: CleanParams, known_signatures: pa.Table
) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Split documents into first sightings and copies, each copy with its original's id.

    The third table is what the next run need not sign again, as `known_signatures` is from the last.
    """
    rows = documents.to_pylist()
    copies, signatures = find_document_copies(rows, clean.dedup, known_signatures)
    dropped = [
        _dropped(
            rows[position],
            "exact_duplicate" if copy.exact else "near_duplicate",
            f"Jaccard {copy.similarity:.3f}",
            text_of(rows[position]),
            rows[copy.kept]["id"],
        )
        for position, copy in copies.items()
    ]
    kept = survivors(rows, copies)
    logger.info("Kept %d of %d documents, the rest are copies", len(kept), len(rows))
    return _documents(kept), _dropped_table(dropped), signatures


def report_cleaning(
    documents: pa.Table,
    clean_documents: pa.Table,
    dropped_by_quality: pa.Table,
    dropped_duplicates: pa.Table,
    removed_lines: pa.Table,
    pii_audit: pa.Table,
) -> tuple[pa.Table, dict[str, object]]:
    """Join the dropped documents, and report what came in and where each of it went.

    Raises RuntimeError where a document is lost or counted twice.
    """
    dropped = pa.concat_tables([dropped_by_quality, dropped_duplicates])
    _check_sum(documents, clean_documents, dropped)
    masked: Counter[str] = Counter()
    for entry in pii_audit.to_pylist():
        masked[entry["kind"]] += entry["count"]
    report: dict[str, object] = {
        "in": documents.num_rows,
        "kept": clean_documents.num_rows,
        "dropped": dropped.num_rows,
        "by_reason": _counted(dropped["reason"]),
        "removed_lines": _counted(removed_lines["reason"]),
        "masked": dict(sorted(masked.items())),
        "languages": _counted(clean_documents["language"]),
        "characters_before": _characters(documents),
        "characters_after": _characters(clean_documents),
    }
    return dropped, report


def _boilerplate_lexicon(clean: CleanParams) -> Lexicon:
    return Lexicon(
        {"advert": clean.adverts, "copyright": clean.copyright_lines, "navigation": clean.navigation_lines}
    )


def _without_forbidden_lines(
    rows: list[Row], clean: CleanParams, forbidden: ForbiddenLexicon | None
) -> tuple[list[Row], list[tuple[Row, str, str, str]]]:
    if forbidden is None or clean.forbidden.action == "document":
        return rows, []
    return remove_forbidden_lines(rows, forbidden)


def _tells_of_its_document(line: str, forbidden: ForbiddenLexicon | None) -> bool:
    """Tell whether a line says that its document must go: it must still be there when that is asked."""
    return is_mark(line) or (forbidden is not None and forbidden.category_in(line) is not None)


def _check_sum(documents: pa.Table, clean_documents: pa.Table, dropped: pa.Table) -> None:
    came = Counter(documents["id"].to_pylist())
    went = Counter(clean_documents["id"].to_pylist()) + Counter(dropped["id"].to_pylist())
    if came != went:
        wrong = sorted(set((came - went) + (went - came)))
        raise RuntimeError(
            f"clean: {came.total()} documents came in, {went.total()} are accounted for; lost or counted "
            f"twice: {', '.join(wrong[:5])}"
        )


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    return dict(sorted(Counter(column.to_pylist()).items()))


def _characters(documents: pa.Table) -> int:
    return sum(len(segment["text"]) for segments in documents["segments"].to_pylist() for segment in segments)


def _documents(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=DOCUMENT)


def _dropped(row: Row, reason: str, detail: str, text: str, kept_id: str | None = None) -> Row:
    return {
        "stage": "clean",
        "id": row["id"],
        "source": row["source"],
        "reason": reason,
        "detail": detail,
        "kept_id": kept_id,
        "excerpt": " ".join(text.split())[:_EXCERPT],
    }


def _dropped_table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=DROPPED)
