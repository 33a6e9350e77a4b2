"""How fast, how small, how soon: this service beside others that run the same model on the same pictures.

    make bench          everything: build/bench.json, docs/benchmarks.md and its plots
    make bench-quick    the ratios that a change of code can spoil, checked against their limits

Every subject lives in a process of its own (worker.py) and takes its turn (measure.py), so that what the machine does
besides falls on all alike. Ratios are of medians of one run; absolute times are this machine's.
"""
