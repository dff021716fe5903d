"""Golden vectors: what every implementation of the protocol must compute alike. README.md describes the files."""
