"""Errors of the device layer.

DeviceError
├── DeviceUnavailable   nobody answers or the port is gone: try again later
├── DeviceRefused       the device said no to this job: permanent for it, vendor code beside ours
├── OutcomeUnknown      it may or may not have happened: reconcile before anything else
├── FrameError          bytes that break the protocol's form or check
└── BadDeviceUrl        a device address that cannot be read
"""

from __future__ import annotations


class DeviceError(Exception):
    """Base of device errors; `code` is stable, `vendor_code` is what the device itself said."""

    def __init__(self, code: str, message: str, vendor_code: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.vendor_code = vendor_code


class DeviceUnavailable(DeviceError):
    """The device or its port does not answer; a later attempt may succeed."""


class DeviceRefused(DeviceError):
    """The device answered no; repeating the same job will not help."""


class OutcomeUnknown(DeviceError):
    """The device may have acted; only its own counters can tell."""


class FrameError(DeviceError):
    """A frame with a wrong check, length or form."""


class BadDeviceUrl(DeviceError):
    """The device URL cannot be understood."""
