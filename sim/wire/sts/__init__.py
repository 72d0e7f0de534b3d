"""A virtual bus of Feetech STS servos: the half-duplex protocol, and one register table a servo."""
