"""Domain values to and from protobuf, one module per proto package; input is validated here, once."""
