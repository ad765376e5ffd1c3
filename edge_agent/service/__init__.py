"""Installing the agent as a service: systemd here, the service control manager on Windows."""
