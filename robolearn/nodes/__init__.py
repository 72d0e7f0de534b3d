"""ROS 2: thin nodes around the classes of the other rooms, and clients that make a station of a running graph."""
