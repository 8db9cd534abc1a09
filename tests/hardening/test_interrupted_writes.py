"""A process killed at any step of a write, a disk that fills, two writers: one set whole.

The writers are real processes. An audit hook of the interpreter tells each change they make to a
folder, whatever function makes it, and ends the process before the nth one.
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tariffimpact.errors import DataError
from tariffimpact.writing import check_folder, publish
from trees import tree

OLD = {"report.html": b"old page", "figures/a.svg": b"old chart", "report.pdf": b"old print"}
NEW = {
    "figures/a.svg": b"new chart",
    "figures/b.svg": b"second chart",
    "tables/x.csv": b"a,b\n1,2\n",
    "report.html": b"new page",
}
AFTER = OLD | NEW

HOOK = """
import os, signal, sys
from pathlib import Path
from tariffimpact.writing import check_folder, publish

CHANGES = {"open", "os.mkdir", "os.rename", "os.link", "os.remove", "os.rmdir", "shutil.copyfile"}

def stop_at(folder, step, act):
    count = 0
    def told(event, arguments):
        nonlocal count
        if event not in CHANGES:
            return
        if not any(str(folder) in str(item) for item in arguments):
            return
        count += 1
        if count == step:
            act()
    sys.addaudithook(told)

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def forked(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]
"""


def script(code, *arguments, **options):
    return subprocess.run(
        [sys.executable, "-c", f"{HOOK}\n{code}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


KILLED = f"""
OLD, NEW = {OLD!r}, {NEW!r}
for step in range(1, 200):
    folder = Path(sys.argv[1]) / f"{{step:03}}"
    publish(folder, OLD)
    def work():
        stop_at(folder, step, kill)
        publish(folder, NEW)
    if forked(work) == 0:
        break
"""

# each step of the putting right is killed in turn, and what is left is put right by the next
KILLED_AGAIN = """
import shutil
folder = Path(sys.argv[1])
for step in range(1, 200):
    copy = folder.with_name(f"{folder.name}-{step:03}")
    shutil.copytree(folder, copy)
    def work():
        stop_at(copy, step, kill)
        check_folder(copy)
    if forked(work) == 0:
        break
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return the folders left by writers killed before their first, second … change."""
    root = tmp_path_factory.mktemp("killed")
    told = script(KILLED, root)
    assert (told.returncode, told.stderr) == (0, "")
    *left, finished = sorted(root.iterdir())
    assert tree(finished) == AFTER  # the last one was not killed
    assert len(left) > 20
    return left


def documents(folder):
    return {n: content for n, content in tree(folder).items() if not n.startswith(".unfinished-")}


def is_mixed(found):
    return found not in (OLD, AFTER)


def test_a_killed_writer_leaves_each_file_whole(killed):
    for folder in killed:
        found = documents(folder)
        assert set(OLD) <= set(found), folder
        for name, content in found.items():
            assert content in (OLD.get(name), NEW.get(name)), (folder, name)


def test_the_old_set_stands_until_the_new_one_is_complete(killed):
    mixed = [is_mixed(documents(folder)) for folder in killed]
    first = mixed.index(True)
    assert all(documents(folder) == OLD for folder in killed[:first])
    # only the moves themselves lie between: one fewer than there are files
    assert sum(mixed) == len(NEW) - 1
    assert all(documents(folder) == AFTER for folder in killed[first + len(NEW) - 1 :])


def test_the_next_run_puts_one_whole_set_back_even_where_it_fails(killed, tmp_path):
    for folder in killed:
        copy = tmp_path / folder.name
        shutil.copytree(folder, copy)
        whole = OLD if is_mixed(documents(copy)) else documents(copy)
        check_folder(copy)
        assert tree(copy) in (OLD, AFTER)
        if documents(folder) in (OLD, AFTER) and not journal(folder):
            assert tree(copy) == whole
        assert not list(copy.glob(".unfinished-*"))


def journal(folder):
    return list(folder.glob(".unfinished-*/undo.json"))


def test_the_next_write_leaves_only_its_own_set_and_what_it_did_not_name(killed, tmp_path):
    for folder in killed:
        copy = tmp_path / folder.name
        shutil.copytree(folder, copy)
        publish(copy, {"report.html": b"third"})
        assert tree(copy) in (OLD | {"report.html": b"third"}, AFTER | {"report.html": b"third"})


def test_a_process_killed_while_putting_right_changes_nothing_for_the_next(killed, tmp_path):
    mixed = [folder for folder in killed if is_mixed(documents(folder))]
    last = tmp_path / "last"
    shutil.copytree(mixed[-1], last)
    told = script(KILLED_AGAIN, last)
    assert (told.returncode, told.stderr) == (0, "")
    left = sorted(tmp_path.glob("last-*"))
    assert len(left) > 5
    for folder in left:
        check_folder(folder)
        assert tree(folder) == OLD


# two writers

WAITS = """
folder, signs, sets = Path(sys.argv[1]), Path(sys.argv[2]), {}
for name in ("a", "b", "c", "d"):
    sets[f"figures/{name}.svg"] = b"first"
def wait():
    import time
    (signs / "half-way").touch()
    for _ in range(1000):
        if (signs / "go-on").exists():
            return
        time.sleep(0.01)
moves = 0
def told(event, arguments):
    global moves
    if event == "os.rename" and "new-" in str(arguments[0]):
        moves += 1
        if moves == 3:
            wait()
sys.addaudithook(told)
publish(folder, sets)
"""


def test_a_second_writer_waits_for_the_first_and_the_later_set_is_whole(tmp_path):
    out, signs = tmp_path / "out", tmp_path / "signs"
    signs.mkdir()
    names = [f"figures/{name}.svg" for name in "abcd"]
    second = (
        f"{HOOK}\npublish(Path(sys.argv[1]), dict.fromkeys({names}, b'second'))\n"
        "(Path(sys.argv[2]) / 'written').touch()"
    )
    processes = [subprocess.Popen([sys.executable, "-c", f"{HOOK}\n{WAITS}", out, signs])]
    try:
        wait_for(signs / "half-way")
        processes.append(subprocess.Popen([sys.executable, "-c", second, out, signs]))
        with pytest.raises(subprocess.TimeoutExpired):  # 200 ms would do to write four files
            processes[1].wait(timeout=1)
        assert not (signs / "written").exists()
        (signs / "go-on").touch()
        assert [process.wait(timeout=30) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert tree(out) == dict.fromkeys(names, b"second")


def wait_for(path):
    import time

    for _ in range(3000):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError(f"{path.name} did not come")


def test_a_folder_kept_by_another_for_long_is_an_error_that_says_so(tmp_path, monkeypatch):
    import fcntl

    from tariffimpact.writing import folder

    monkeypatch.setattr(folder, "_PATIENCE", 0.1)
    publish(tmp_path, OLD)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(DataError) as caught:
            publish(tmp_path, NEW)
    finally:
        os.close(descriptor)
    assert str(caught.value) == (
        f"{tmp_path}: is being written by another process; "
        "run the command again when it has ended, or choose another folder"
    )
    assert tree(tmp_path) == OLD


def test_what_a_living_writer_has_staged_is_left_alone(tmp_path):
    """Another writer that comes meanwhile gives up, and the first one ends as if alone."""
    out, signs = tmp_path / "out", tmp_path / "signs"
    signs.mkdir()
    first = subprocess.Popen([sys.executable, "-c", f"{HOOK}\n{WAITS}", out, signs])
    impatient = (
        f"{HOOK}\nfrom tariffimpact.writing import folder\nfolder._PATIENCE = 0.1\n"
        "publish(Path(sys.argv[1]), {'x': b''})"
    )
    try:
        wait_for(signs / "half-way")
        told = subprocess.run(
            [sys.executable, "-c", impatient, out], capture_output=True, check=False
        )
        assert b"is being written by another process" in told.stderr
        assert len(list(out.glob(".unfinished-*/undo.json"))) == 1
        (signs / "go-on").touch()
        assert first.wait(timeout=30) == 0
    finally:
        first.kill()
        first.wait()
    assert tree(out) == dict.fromkeys([f"figures/{name}.svg" for name in "abcd"], b"first")


# a full disk

FULL = """
import json
from tariffimpact.errors import DataError
try:
    publish(Path(sys.argv[1]), {"a.html": b"x" * 1000, "figures/b.png": b"y" * 200_000})
except DataError as error:
    print(error)
"""


def test_a_limit_on_the_size_of_files_leaves_the_old_set(tmp_path):
    publish(tmp_path, {"a.html": b"old"})
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    told = script(limit + FULL, tmp_path)
    assert told.stdout == (
        f"{tmp_path}: cannot be written: File too large; choose another folder\n"
    )
    assert tree(tmp_path) == {"a.html": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_a_full_disk_leaves_the_old_set_and_no_new_folder(tmp_path):
    """On a real disk of 128 kB, mounted in a name space of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    code = tmp_path / "full.py"
    list_all = "print(sorted(str(p.relative_to('disk')) for p in Path('disk').rglob('*')))"
    second = FULL.replace("sys.argv[1]", "'disk/new/folder'").replace("import json", "")
    code.write_text(
        f"{HOOK}\nPath('disk/a.html').write_bytes(b'old')\n{FULL}\n{second}\n{list_all}\n"
        "print(Path('disk/a.html').read_bytes())\n"
    )
    mounted = f"mount -t tmpfs -o size=128k none disk && exec {sys.executable} full.py disk"
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed, so no small disk can be mounted")
    told = subprocess.run(
        [unshare, "--map-root-user", "--mount", "sh", "-c", mounted],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode and not told.stdout:
        pytest.skip(f"no small disk can be mounted here: {told.stderr.strip()}")
    full = "cannot be written: No space left on device; choose another folder"
    assert told.stdout.splitlines() == [
        f"disk: {full}", f"disk/new/folder: {full}", "['a.html']", "b'old'",
    ]  # fmt: skip


# what a stranger may have left there


@pytest.mark.parametrize(
    "entries",
    [
        [["../outside.txt", False]],
        [["/etc/outside.txt", True]],
        [["link/outside.txt", True]],
        {"a": 1},
        [["a"]],
        "no list",
        [[1, 2]],
    ],
)
def test_a_journal_that_leads_out_of_the_folder_is_not_obeyed(tmp_path, entries):
    out, outside = tmp_path / "out", tmp_path / "outside.txt"
    staging = out / ".unfinished-evil"
    staging.mkdir(parents=True)
    outside.write_bytes(b"mine")
    (out / "link").symlink_to(tmp_path)
    (staging / "undo.json").write_text(json.dumps(entries))
    (staging / "old-0").write_bytes(b"theirs")
    with pytest.raises(DataError, match="cannot be put back"):
        publish(out, NEW)
    assert outside.read_bytes() == b"mine"
    assert (staging / "old-0").read_bytes() == b"theirs"


def test_a_staging_folder_of_somebody_else_or_a_link_is_left_alone(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "old-0").write_bytes(b"kept")
    (elsewhere / "undo.json").write_text('[["report.pdf", true]]')
    out = tmp_path / "out"
    (out / ".unfinished-theirs").mkdir(parents=True)
    (out / ".unfinished-link").symlink_to(elsewhere, target_is_directory=True)
    (out / ".unfinished-file").write_bytes(b"a file")
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    publish(out, OLD)
    assert (out / ".unfinished-theirs").is_dir()
    monkeypatch.setattr(os, "geteuid", lambda: me)
    publish(out, OLD)
    assert not (out / ".unfinished-theirs").exists()
    assert (elsewhere / "old-0").read_bytes() == b"kept"
    assert tree(out) == OLD | {".unfinished-file": b"a file"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_the_moves_leaves_one_set(tmp_path, number):
    publish(tmp_path, OLD)
    code = (
        f"import signal\nsignal.signal({int(number)}, signal.SIG_DFL)\nNEW = {NEW!r}\nmoves = 0\n"
        "def told(event, arguments):\n"
        "    global moves\n"
        "    if event == 'os.rename' and 'new-' in str(arguments[0]):\n"
        "        moves += 1\n"
        f"        if moves == 3: os.kill(os.getpid(), {int(number)})\n"
        "sys.addaudithook(told)\npublish(Path(sys.argv[1]), NEW)\n"
    )
    told = script(code, tmp_path)
    assert told.returncode == -number
    check_folder(tmp_path)
    assert tree(tmp_path) == OLD
    assert not list(tmp_path.glob(".unfinished-*"))


def test_folders_made_for_a_write_that_fails_are_removed_again(tmp_path, monkeypatch):
    out = tmp_path / "new" / "folder"

    def fails(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(DataError, match="No space left"):
        publish(out, NEW)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "new").mkdir()
    with pytest.raises(DataError, match="No space left"):
        publish(out, NEW)
    assert [path.name for path in tmp_path.rglob("*")] == ["new"]


# links


@pytest.mark.parametrize("step", range(1, len(NEW) + 2))
def test_a_subfolder_that_becomes_a_link_during_the_write_is_not_followed(
    tmp_path, monkeypatch, step
):
    """While any of the new files is written, or, last, the journal."""
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    publish(out, OLD)
    real, steps = os.fsync, itertools.count(1)

    def swapped(descriptor):
        if next(steps) == step:
            (out / "figures").rename(out / "moved")
            (out / "figures").symlink_to(elsewhere, target_is_directory=True)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", swapped)
    with pytest.raises(DataError, match="would be written outside its folder"):
        publish(out, NEW)
    assert list(elsewhere.iterdir()) == []
    assert (out / "report.html").read_bytes() == OLD["report.html"]


def test_a_linked_folder_that_is_pointed_elsewhere_during_the_write_is_followed_once(
    tmp_path, monkeypatch
):
    first, second, link = tmp_path / "first", tmp_path / "second", tmp_path / "link"
    first.mkdir()
    second.mkdir()
    link.symlink_to(first, target_is_directory=True)
    real = os.fsync

    def pointed(descriptor):
        link.unlink()
        link.symlink_to(second, target_is_directory=True)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", pointed)
    publish(link, NEW)
    assert tree(first) == NEW
    assert list(second.iterdir()) == []


def test_a_subfolder_that_is_a_link_is_refused_even_where_it_stays_inside(tmp_path):
    (tmp_path / "charts").mkdir()
    (tmp_path / "figures").symlink_to("charts", target_is_directory=True)
    with pytest.raises(DataError, match="no subfolder is a link"):
        publish(tmp_path, NEW)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["charts", "figures"]


def test_a_linked_file_is_a_link_again_when_the_write_is_undone(tmp_path, monkeypatch):
    private = tmp_path / "private.txt"
    private.write_bytes(b"private")
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").symlink_to(private)
    move = Path.replace

    def fails(self, target):
        if self.name == "new-3":
            raise OSError(5, "Input/output error")
        return move(self, target)

    files = {"report.html": b"new", "a": b"", "b": b"", "c": b""}
    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(DataError, match="Input/output error"):
        publish(out, files)
    assert (out / "report.html").readlink() == private
    assert private.read_bytes() == b"private"
    assert [path.name for path in out.iterdir()] == ["report.html"]


# before any work is done


def test_a_folder_is_checked_before_the_work(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    for out in (file, file / "below", tmp_path / "loop"):
        with pytest.raises(DataError, match="is not a folder; choose another folder"):
            check_folder(out)
    check_folder(tmp_path / "new" / "folder")
    check_folder(Path("reports-that-are-not-there"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "loop"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_told_before_the_work(tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(DataError, match="may not be written to"):
            check_folder(out)
