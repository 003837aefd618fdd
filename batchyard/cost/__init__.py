"""What a deployment costs: idle, by its templates, and at most, by its settings. USD on demand in us-east-1."""
