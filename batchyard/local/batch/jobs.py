"""Cancel and terminate jobs."""

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.service import Service
from batchyard.local.scheduler.events import Cancelled, Terminated

MAXIMUM_REASON = 1024


def cancel(service: Service, region: str, request: Document) -> Document:
    """CancelJob: one that is STARTING or RUNNING already goes on."""
    job_id = _job_id(service, region, request)
    service.engine.post(Cancelled(job_id, request["reason"]))
    return {}


def terminate(service: Service, region: str, request: Document) -> Document:
    """TerminateJob: wherever it is."""
    job_id = _job_id(service, region, request)
    service.engine.post(Terminated(job_id, request["reason"]))
    return {}


def _job_id(service: Service, region: str, request: Document) -> str:
    reason = request["reason"]
    if not reason or len(reason) > MAXIMUM_REASON:
        raise refuse(f"reason must have 1 to {MAXIMUM_REASON} characters, but had {len(reason)}")
    return service.store.region(region).job(request["jobId"]).job_id
