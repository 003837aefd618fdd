"""The client: submit scripts to a deployment, follow their jobs, read their logs. Needs boto3 only.

The parts, in the way of the data: `connection` (which account) → `platform_record` (what is installed there) → `script`
(what runs) → `submission` (how it runs) → `jobs` and `following` (what became of it).
"""
