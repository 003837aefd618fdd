"""CloudFormation of the local account: templates, change sets, stacks and the resources they make."""
