"""AWS Batch for the local account: the API, and the jobs that it runs for real."""
