"""Fuzzing: seeded, bounded, each input tried in a process of its own kind, whose death or hunger is a finding."""
