"""From a folder of teaching material to a fine-tuned, evaluated, quantized teaching assistant."""

__version__ = "0.1.0"
