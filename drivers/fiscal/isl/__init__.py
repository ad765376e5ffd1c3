"""ISL: the frame and link of Datecs and its relatives, shared by every dialect of the family."""
