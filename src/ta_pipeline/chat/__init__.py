"""From conversations to token ids, labels and packed blocks."""
