"""Find names of persons in Chinese and English text.

A statistical tagger is no help in a physics course, where 牛顿 and "Newton's second law" are matter and
not persons. Here lists of names, the words around a place and a list of public people decide.
"""

from ta_pipeline.text.person_names.finder import NameFinder

__all__ = ["NameFinder"]
