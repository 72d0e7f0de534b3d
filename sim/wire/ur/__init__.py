"""A virtual UR controller: RTDE, dashboard and script channel of an e-Series robot, moved by the twin's physics."""
