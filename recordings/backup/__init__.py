"""Backup of recorded calls and of the server's data: to a folder, a host by SSH or S3-compatible storage; and back."""
