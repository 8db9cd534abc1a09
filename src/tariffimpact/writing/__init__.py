"""Every file is written through here: whole or not at all, and safe to open."""

from tariffimpact.writing.folder import check_folder, publish
from tariffimpact.writing.formats import csv_bytes, json_text, plain
from tariffimpact.writing.temporary import scratch

__all__ = ["check_folder", "csv_bytes", "json_text", "plain", "publish", "scratch"]
