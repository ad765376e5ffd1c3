"""Bar code readers: bytes to scans (`framer`, pure), and the reader on a port."""
