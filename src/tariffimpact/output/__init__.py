"""Every file is written through here: whole or not at all, and safe to open."""

from tariffimpact.output.folder import check_folder, publish
from tariffimpact.output.formats import csv_bytes, json_text, plain

__all__ = ["check_folder", "csv_bytes", "json_text", "plain", "publish"]
