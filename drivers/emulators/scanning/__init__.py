"""What an emulated bar code reader sends and hears: `outlets` make bytes of a scan by mode,
`models` answer each vendor's commands and keep what was sounded, `byte_log` keeps raw bytes."""
