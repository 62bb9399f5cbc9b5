"""How every process serves, calls, streams and ends."""

import os

# gRPC's core writes every closed connection and taken port to stderr; our own errors and log say what matters
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
