"""The emulated cash register behind every protocol: memory, arithmetic, paper."""
