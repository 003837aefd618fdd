"""What the service keeps: one folder of documents a region, and what was submitted.

Documents have the shape of the API and are replaced as a whole, never changed in place: what a describe operation
was given stays what it was.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from batchyard.local.batch.errors import refuse
from batchyard.local.batch.model import Document
from batchyard.local.batch.rules import batch_arn, name_in

COMPUTE_ENVIRONMENT = "compute-environment"
JOB_QUEUE = "job-queue"
JOB_DEFINITION = "job-definition"
SCHEDULING_POLICY = "scheduling-policy"
CONSUMABLE_RESOURCE = "consumable-resource"
JOB = "job"


@dataclass(frozen=True)
class Submission:
    """What SubmitJob was given, after the overrides: the same for all children of an array."""

    region: str
    job_id: str
    job_name: str
    queue_arn: str
    queue_name: str
    definition_arn: str
    definition_name: str
    form: str
    """Which member of the job definition says what runs: containerProperties, or ecsProperties."""
    task: Document
    """The ECS task: its volumes, and its containers by `name`. A job of one container has one without other members."""
    parameters: Document
    detail: Document
    """The members of JobDetail that stay as submitted."""
    array_size: int | None = None

    @property
    def arn(self) -> str:
        """The job's ARN."""
        return batch_arn(self.region, JOB, self.job_id)


@dataclass(frozen=True)
class JobRecord:
    """A job, an array's parent, or an array's child (`index` is set)."""

    submission: Submission
    index: int | None = None

    @property
    def job_id(self) -> str:
        """The id: a child's is the parent's, a colon and the index."""
        parent = self.submission.job_id
        return parent if self.index is None else f"{parent}:{self.index}"


@dataclass
class Region:
    """Everything of one region. Keys are names; job definitions are in the order of their revisions."""

    name: str
    environments: dict[str, Document] = field(default_factory=dict)
    queues: dict[str, Document] = field(default_factory=dict)
    policies: dict[str, Document] = field(default_factory=dict)
    consumables: dict[str, Document] = field(default_factory=dict)
    """Without quantities, which the scheduler keeps."""
    definitions: dict[str, list[Document]] = field(default_factory=dict)
    jobs: dict[str, JobRecord] = field(default_factory=dict)
    queue_jobs: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Job ids by queue ARN, without array children, in the order of submission."""
    job_tags: dict[str, Document] = field(default_factory=dict)

    def environment(self, reference: str) -> Document:
        """The compute environment with this name or ARN."""
        return self._find(COMPUTE_ENVIRONMENT, "Compute environment", self.environments, reference)

    def queue(self, reference: str) -> Document:
        """The job queue with this name or ARN."""
        return self._find(JOB_QUEUE, "JobQueue", self.queues, reference)

    def policy(self, reference: str) -> Document:
        """The scheduling policy with this ARN."""
        return self._find(SCHEDULING_POLICY, "Scheduling policy", self.policies, reference)

    def consumable(self, reference: str) -> Document:
        """The consumable resource with this name or ARN."""
        return self._find(CONSUMABLE_RESOURCE, "Consumable resource", self.consumables, reference)

    def job(self, job_id: str) -> JobRecord:
        """The job with this id."""
        if job_id not in self.jobs:
            raise refuse(f"Job {job_id} not found")
        return self.jobs[job_id]

    def _find(self, kind: str, word: str, documents: dict[str, Document], reference: str) -> Document:
        name = name_in(self.name, kind, reference)
        if name not in documents:
            raise refuse(f"{word} {reference} not found")
        return documents[name]


@dataclass
class Store:
    """All regions; they come into being when first asked for."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """The region with this name."""
        return self.regions.setdefault(name, Region(name))
