"""Measurements of this project beside a peer, in one run; `make bench` writes them to bench.json."""
