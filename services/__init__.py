"""One folder per process; all of the same shape: config, domain, ports, service, server, main."""
