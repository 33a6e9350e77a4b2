"""Fuzzing with seeded inputs. A child process tries each input, so a crash or too much memory is a test failure."""
