"""What a change of templates means: what CloudFormation would do to each resource, and who may do more than before."""
