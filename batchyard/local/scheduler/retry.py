"""Whether a failed attempt is tried again.

Source: AWS Batch API Reference, RetryStrategy and EvaluateOnExit: the first condition whose patterns all match
decides; if none matches, the job is retried; a pattern may end with an asterisk and is otherwise literal.
"""

from batchyard.local.scheduler.model import ExitRule, Outcome, Retry


def is_retried(retry: Retry, attempts_made: int, outcome: Outcome) -> bool:
    """Whether a job with so many attempts behind it, the last of which failed like this, gets another."""
    if attempts_made >= retry.attempts:
        return False
    return next((rule.action == "RETRY" for rule in retry.rules if _matches(rule, outcome)), True)


def _matches(rule: ExitRule, outcome: Outcome) -> bool:
    exit_code = None if outcome.exit_code is None else str(outcome.exit_code)
    pairs = (
        (rule.on_exit_code, exit_code),
        (rule.on_reason, outcome.reason),
        (rule.on_status_reason, outcome.status_reason),
    )
    return all(pattern is None or _fits(pattern, text or "") for pattern, text in pairs)


def _fits(pattern: str, text: str) -> bool:
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern
