"""The report: one content, two renderers."""

from tariffimpact.report.build import build_report, read_report
from tariffimpact.report.content import Document
from tariffimpact.report.write import write_report

__all__ = ["Document", "build_report", "read_report", "write_report"]
