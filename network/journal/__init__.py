"""The journal: admission, the writer, the Merkle tree and its checkpoints."""
