"""A camera as a bar code reader.

`driver` and `options` are what the agent imports: they know no picture. `child` is the process
that captures and decodes; only it imports OpenCV, numpy and zxing-cpp, and `zbar_worker`, a process
below it, alone imports pyzbar, which a crafted code can abort.
"""
