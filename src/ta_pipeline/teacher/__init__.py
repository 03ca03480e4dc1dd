"""A larger model behind any OpenAI-compatible URL: it writes questions and judges preference pairs.

Optional (`compose.teacher`, off by default). This room asks, reads and keeps the accounts; which rows come of
it is the business of `composing`.
"""
