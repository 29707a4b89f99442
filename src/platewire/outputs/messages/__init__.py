"""Outputs that send messages and files: mail, chat, push notifications, FTP."""
