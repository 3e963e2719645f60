"""`convcore new-backend`: the files it writes, and the way from there."""

import pytest

from convcore.cli import main


@pytest.mark.parametrize("language", ["python", "cython"])
def test_it_lists_what_it_writes_and_says_what_to_do_next(language, tmp_path, capsys):
    argv = ["new-backend", "quick", "--language", language, "--into", str(tmp_path)]
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    written = lines[: lines.index("")]
    folder = tmp_path / "quick"
    assert sorted(written) == sorted(str(p) for p in folder.rglob("*") if p.is_file())
    assert lines[-2] == f"Next: pip install -e {folder} && convcore check quick"
    assert lines[-1] == f"Then edit {written[-1]}"


def test_a_folder_that_is_there_is_left_alone(tmp_path, capsys):
    (tmp_path / "quick").mkdir()
    assert main(["new-backend", "quick", "--into", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith("convcore new-backend: ")
    assert err.count("\n") == 1
    assert list((tmp_path / "quick").iterdir()) == []
