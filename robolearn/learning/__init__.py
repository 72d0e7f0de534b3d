"""Learning: behaviour cloning, the residual agent, and the learner that runs as a process of its own."""
