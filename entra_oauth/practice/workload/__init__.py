"""What a program meets that runs on a machine of Azure's, on a build server or in a cluster."""
