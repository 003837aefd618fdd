"""Batchyard: an AWS Batch platform as code, and the tools to use it."""
