"""The function between CloudFormation and CodeBuild: starts builds, and answers when they have ended."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Duration
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct
from constructs.inline_function import InlineFunction

#: How a build can end (CodeBuild API reference, Build, buildStatus).
ENDS = ["SUCCEEDED", "FAILED", "FAULT", "STOPPED", "TIMED_OUT"]


class ImageBuildFunction(Construct):
    """A function that may start some projects and look into one repository, invoked at the end of their builds."""

    function: lambda_.Function
    #: What must be there before a build is started: its permissions, and who tells of a build's end.
    needs: list[Construct]

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        projects: Iterable[codebuild.CfnProject],
        repository: ecr.IRepository,
        may_join: bool,
        log_group: logs.ILogGroup,
    ) -> None:
        """`may_join`: it puts images of several platforms under one tag."""
        super().__init__(scope, construct_id)
        projects = list(projects)
        inline = InlineFunction(
            self,
            "Inline",
            name="image_build",
            description="Sees to it that the repository has the image before a job definition names it",
            timeout=Duration.minutes(3),
            log_group=log_group,
        )
        inline.allow(["codebuild:StartBuild", "codebuild:BatchGetBuilds"], [each.attr_arn for each in projects])
        joining = ["ecr:BatchGetImage", "ecr:PutImage"] if may_join else []
        inline.allow(["ecr:DescribeImages", *joining], [repository.repository_arn])
        self.function = inline.function
        # Whatever becomes of a build, its end is told: one that dies cannot do so itself.
        rule = events.Rule(
            self,
            "BuildEnded",
            description="A build of the image has ended",
            event_pattern=events.EventPattern(
                source=["aws.codebuild"],
                detail_type=["CodeBuild Build State Change"],
                detail={"project-name": [each.ref for each in projects], "build-status": ENDS},
            ),
            targets=[targets.LambdaFunction(self.function)],
        )
        self.needs = [inline.role, rule]
