"""Shapes of training rows, both ways: one file a shape, each with `read` and `write`.

A row of any shape becomes a `model.Conversation` and any conversation that a shape can hold becomes a
row of it, without loss. What a shape cannot hold is refused with one line that names it. `shapes.py`
knows the shapes by name, `files.py` streams rows from and to files. Nothing here knows courses or Kedro.
"""
