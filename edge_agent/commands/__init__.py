"""What stands behind the subcommands of `edge-agent`: one module each, `run(arguments) -> int`."""
