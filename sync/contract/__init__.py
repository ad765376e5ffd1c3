"""Messages, their canonical bytes, their chain and their signatures: all that both ends share."""
