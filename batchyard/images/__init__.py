"""The platform's image: build it with whichever container engine is there, push it to the deployment's repository."""
