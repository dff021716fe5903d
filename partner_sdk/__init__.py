"""The SDK that partners and charities install to take part in a coalition."""
