"""Compare speed, size and cold start of this service with others that run the same model on the same pictures.

    make bench          everything: build/bench.json, docs/benchmarks.md and its plots
    make bench-quick    the ratios that a code change can worsen, checked against their limits

Every subject runs in a separate process (worker.py). The subjects take turns (measure.py), so that other load on the
machine affects all of them equally. Ratios compare medians of one run. Absolute times are valid for one machine only.
"""
