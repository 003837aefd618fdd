"""Lambda functions of the local account: processes of this machine, in front of moto's Lambda."""
