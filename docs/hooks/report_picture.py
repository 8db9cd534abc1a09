"""Take the report's first picture from the sample report, which is held to what the code draws."""

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_PICTURE = "prices-and-duty.png"


def on_files(files: Files, config: Any, **_: Any) -> Files:
    """Add the picture to the site's assets."""
    drawn = Path(config.config_file_path).parent / "reports" / "figures" / _PICTURE
    files.append(File.generated(config, f"assets/{_PICTURE}", abs_src_path=str(drawn)))
    return files
