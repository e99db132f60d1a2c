"""Server and nodes in different processes: a protocol, and Flower as one transport."""
