"""A virtual Franka Research 3 with its hand: the Franka Control Interface, moved by the twin's physics."""
