"""The service's gRPC side: decode, check who asks, answer."""
