"""Build the wheel and the sdist of the files under version control, and install a wheel."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
EPOCH = "1764000000"


def tracked():
    """Return the files under version control as they stand, or None outside a checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return None
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = told.stdout.decode("utf-8").split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def checkout(names, folder):
    """Copy those files into a folder: what a clean checkout would hold."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def build(source, out, target):
    """Build a wheel or an sdist; return the file."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
        check=True,
        capture_output=True,
    )
    (file,) = out.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return file


def unpacked(sdist, folder):
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


def members(file):
    """Return name to content of a wheel, or of an sdist without its top folder."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(file) as archive:
        found = [entry for entry in archive.getmembers() if entry.isfile()]
        return {e.name.partition("/")[2]: archive.extractfile(e).read() for e in found}


def install(wheel, folder):
    """Install a wheel in an environment that borrows only the dependencies of this one."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    binaries = folder / "bin"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(binaries / "python"), "install", "--quiet",
         "--disable-pip-version-check", "--no-index", "--no-deps", str(wheel)],
        check=True,
    )  # fmt: skip
    (own,) = folder.glob("lib/python*/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (own / "borrowed.pth").write_text("\n".join(borrowed) + "\n", encoding="utf-8")
    return binaries


def call(binaries, *arguments, cwd):
    """Run the installed command in a folder, with nothing of the checkout in reach."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "COV_"))}
    return subprocess.run(
        [str(binaries / "tariffimpact"), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
