"""Everything done to text as text: normalise, mask, judge, compare, and cut into chunks.

Rows are plain dictionaries with the fields of `records.DOCUMENT`; nothing here reads files or knows Kedro.
"""
