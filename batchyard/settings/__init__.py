"""The deployment file: what it may say, what it means, and what is wrong with one that says something else."""
