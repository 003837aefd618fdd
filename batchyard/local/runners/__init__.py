"""Runners: what carries out an attempt that the scheduler has placed."""
