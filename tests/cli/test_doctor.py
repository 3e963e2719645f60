"""`convcore doctor`: what is well, what is ill, and what it says to do."""

import importlib.metadata
import re
from pathlib import Path

import pytest
from commands import run
from fakes import backend_class

import convcore
from convcore.cli import doctor, main


@pytest.fixture
def quick(monkeypatch):
    """One small check of each backend, so that a test is done in a second."""
    monkeypatch.setattr(doctor, "_CHECKS", ("refusal",))


def found(name):
    return {finding.what: finding for finding in doctor.examine()}[name]


def test_every_backend_is_looked_at_and_nothing_is_ill(quick, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert out.endswith("All is well.\n")
    for record in convcore.backends():
        assert f"backend {record.name}" in out


def test_a_backend_that_computes_wrongly_is_ill(isolated):
    convcore.register_backend(backend_class("wrong"))  # always gives 7
    (record,) = [record for record in convcore.backends() if record.name == "wrong"]
    finding = doctor._examination(record)()
    assert finding.state == "ill"
    assert finding.text.startswith("exact_integers: ")
    assert "set CONVCORE_BLOCK=wrong" in finding.text
    assert "convcore check wrong" in finding.text


@pytest.mark.filterwarnings("ignore:backend 'cracked'")
def test_a_broken_backend_is_ill_and_is_said_last(quick, registered, capsys):
    registered("json:NoSuchBackend", name="cracked")
    assert main(["doctor"]) == 1
    last = capsys.readouterr().out.splitlines()[-2:]
    assert last[0].startswith("backend cracked: broken: module 'json' has no attribute")
    assert last[1].startswith("Ill: 1 of ")


def test_what_is_set_and_what_caps_the_kernels_is_noted(quick, environment):
    environment(CONVCORE_ACCURACY="strict", CONVCORE_BLOCK="fft", CONVCORE_MAX_ISA="baseline")
    options = found("options")
    assert options.state == "note"
    assert "accuracy=strict by CONVCORE_ACCURACY" in options.text
    assert found("backend fft").text == "blocked: by CONVCORE_BLOCK"
    assert "CONVCORE_MAX_ISA=baseline caps" in found("instruction sets").text


@pytest.mark.filterwarnings("ignore:backend 'capped'")
def test_an_unknown_instruction_set_is_ill(quick, environment, registered, tmp_path, monkeypatch):
    sentence = "CONVCORE_MAX_ISA: must be one of baseline; got 'avx3'"
    (tmp_path / "capped.py").write_text(
        f"from convcore.plugin import ConvcoreError\nraise ConvcoreError({sentence!r})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registered("capped:Capped", name="capped")
    environment(CONVCORE_MAX_ISA="avx3")
    finding = found("instruction sets")
    assert finding.state == "ill"
    assert finding.text.endswith(f"{sentence}; mend or unset it")
    assert found("backend capped").text.endswith("see instruction sets")


def test_a_misspelt_variable_is_noted(environment):
    environment(CONVCORE_BACKND="fft")
    assert doctor._variables() == (
        "variables",
        "note",
        "CONVCORE_BACKND is none that convcore reads; did you mean 'CONVCORE_BACKEND'?",
    )


def test_every_variable_that_is_read_is_known():
    source = Path(convcore.__file__).parent / "settings" / "variables.py"
    read = set(re.findall(r"CONVCORE_[A-Z_]+", source.read_text(encoding="utf-8")))
    assert {"CONVCORE_BACKEND", "CONVCORE_RECORD"} <= read <= doctor._VARIABLES


def test_without_a_distribution_there_is_a_command_to_run(monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    finding = doctor._versions()
    assert finding.state == "ill"
    assert finding.text.endswith("run: pip install -e .")


def test_a_slow_product_of_matrices_is_ill(monkeypatch):
    monkeypatch.setattr(doctor, "_seconds", lambda call: 10.0)
    finding = doctor._blas()
    assert finding.state == "ill"
    assert "install NumPy from a wheel" in finding.text


def test_fewer_processors_than_there_are_is_noted(monkeypatch):
    monkeypatch.setattr(doctor.os, "cpu_count", lambda: 10**6)
    assert doctor._threads().state == "note"


def test_from_a_shell_in_reasonable_time():
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    assert "gives the right numbers" in done.stdout


def test_where_measured_choices_are_kept_is_told(quick, environment, tmp_path):
    environment(CONVCORE_WISDOM="off")
    assert doctor._wisdom().state == "note"
    environment(CONVCORE_WISDOM=str(tmp_path / "deeper" / "wisdom.jsonl"))
    assert "wisdom.jsonl" in doctor._wisdom().text
