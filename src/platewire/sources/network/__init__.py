"""The network side of cameras: URLs, HTTP, JPEG streams, RTSP."""
