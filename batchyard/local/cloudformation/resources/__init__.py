"""Resource handlers: what CloudFormation's types mean in calls to the services."""
