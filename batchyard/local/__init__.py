"""The local account: an emulated AWS account on the user's own machine."""
