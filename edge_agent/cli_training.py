"""The options of `edge-agent training`."""

from __future__ import annotations

from edge_agent.cli_options import Commands, command, config_option, group, json_option


def add_training_commands(commands: Commands) -> None:
    """Begin, end, look."""
    training = group(commands, "training", "sell for practice: nothing of it is kept or sent")
    for verb, about in (
        ("enter", "begin training on the running agent; not while a sale is open"),
        ("leave", "end training and delete all that was done in it"),
        ("status", "say whether the running agent trains"),
    ):
        made = command(training, verb, "edge_agent.commands.training:run", about)
        made.set_defaults(verb=verb)
        config_option(made)
        json_option(made)
