"""The options of `edge-agent print-jobs`, `shift` and `receipt`."""

from __future__ import annotations

from pathlib import Path

from edge_agent.cli_options import Commands, bounded, command, config_option, group, json_option


def add_print_job_commands(commands: Commands) -> None:
    """Papers that wait for a person."""
    jobs = group(commands, "print-jobs", "papers that wait for a person")
    listed = command(
        jobs,
        "list",
        "edge_agent.commands.print_jobs:list_jobs",
        "every paper that is not printed; exit code 1 while one is unknown",
    )
    config_option(listed)
    json_option(listed)
    resolve = command(
        jobs,
        "resolve",
        "edge_agent.commands.print_jobs:resolve",
        "say what you saw on the paper of an unknown job",
    )
    resolve.add_argument("job", metavar="JOB", help="id of the job")
    resolve.add_argument("verdict", choices=("printed", "not_printed"), help="what the paper shows")
    resolve.add_argument("--author", required=True, help="who looked at the paper")
    resolve.add_argument("--fiscal-number", default="", help="number on the slip, when printed")
    config_option(resolve)


def add_shift_commands(commands: Commands) -> None:
    """Sign-in, reports and service cash."""
    shift = group(commands, "shift", "sign-in, opening, X and Z reports, service cash")
    where = "edge_agent.commands.shift"
    made = [
        command(shift, "status", f"{where}:status", "the shift, who works, what loyalty did"),
        command(shift, "sign-out", f"{where}:sign_out", "sign out whoever is signed in"),
    ]
    for verb, about in (
        ("open", "open the shift"),
        ("x", "print an X report with the loyalty slip"),
        ("z", "print the Z report and close the shift; refused while a paper is unknown"),
        ("cash-in", "service cash into the drawer"),
        ("cash-out", "service cash out of the drawer; needs a senior cashier"),
    ):
        made.append(command(shift, verb, f"{where}:act", about))
        made[-1].set_defaults(verb=verb)
        if verb.startswith("cash"):
            made[-1].add_argument("amount", metavar="UAH", help="hryvnias, such as 500 or 500.50")
    made.append(command(shift, "sign-in", f"{where}:sign_in", "sign a cashier in; asks the PIN"))
    made[-1].add_argument("cashier", metavar="ID", help="number of the cashier")
    made.append(command(shift, "resolve", f"{where}:resolve", "say what an act's paper shows"))
    made[-1].add_argument("act", metavar="ACT", help="id of the act")
    made[-1].add_argument("verdict", choices=("printed", "not_printed"), help="what was seen")
    made[-1].add_argument("--author", required=True, help="who looked at the paper")
    made[-1].add_argument("--number", default="", help="number of the Z, when printed")
    for each in made:
        config_option(each)
        json_option(each)


def add_receipt_commands(commands: Commands) -> None:
    """Slips and their templates."""
    receipts = group(commands, "receipt", "slips and their templates")
    preview = command(
        receipts,
        "preview",
        "edge_agent.commands.receipt:preview",
        "show a sample slip as text, and as the dots on its paper",
    )
    preview.add_argument(
        "--sample",
        choices=("sale", "offline", "return", "stranger", "shift"),
        default="sale",
        help="which slip (default sale)",
    )
    preview.add_argument(
        "--paper", type=int, choices=(58, 80), default=80, help="width of the paper in mm"
    )
    preview.add_argument(
        "--width", type=bounded(16, 64), help="characters of a line; by default 32 or 48"
    )
    preview.add_argument("--locale", choices=("uk", "en"), default="uk", help="language")
    preview.add_argument(
        "--template", type=Path, metavar="FILE", help="rule file with a receipt template"
    )
    preview.add_argument("--png", type=Path, metavar="FILE", help="write the picture here, 203 dpi")
