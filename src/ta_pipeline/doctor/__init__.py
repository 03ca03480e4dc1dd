"""Is this machine ready? `checks.py` judges values, `machine.py` looks them up on this machine."""
