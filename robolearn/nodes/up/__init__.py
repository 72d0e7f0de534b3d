"""What starts the nodes of a cell: which, with which parameters, watched by a supervisor or by ``ros2 launch``."""
