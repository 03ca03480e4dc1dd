"""What a training run shows of itself while it runs: figures by step, arithmetic, causes of trouble."""
