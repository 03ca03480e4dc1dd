"""Readers of raw teaching material: one file a kind of source, `read.py` picks by suffix.

A reader turns text into drafts and faults and knows nothing of the folder, the course or Kedro;
`folder.py` lists the files, `collect.py` puts names, titles and ids on what the readers found.
"""
