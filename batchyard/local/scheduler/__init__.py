"""The scheduler: a pure core. State and events in, decisions out; no threads, no clock, no input or output."""
