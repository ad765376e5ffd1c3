"""`edge-central backup|restore|settle|retire` as a person types them."""

import json

import pytest

from central import cli, lives

pytestmark = pytest.mark.postgres


@pytest.fixture
def run(centre, capsys):
    """One command on the centre's database; its exit code and what it printed."""

    def command(*words):
        place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
        code = cli.main([*words, *place])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    return command


def test_a_backup_beside_the_service_and_no_restore_under_it(
    centre, run, tmp_path, add_member, sale_body
):
    till = centre.till("S1", "R1")
    till.send("sale", sale_body(till, add_member("100")))
    code, taken = run("backup", str(tmp_path / "b.dump"))
    assert (code, taken["file"]) == (0, "b.dump")
    assert (tmp_path / "b.dump").stat().st_size > 0
    assert run("restore", str(tmp_path / "b.dump"), "--author", "iryna") == (2, None)
    assert centre.http.get("/healthz").status_code == 200
    assert run("restore", str(tmp_path / "nothing.dump")) == (2, None)


def test_settle_needs_somebody_to_wait_for(centre, run, db):
    centre.till("S1", "R1")
    why = ["--reason", "burnt down", "--author", "iryna"]
    assert run("settle", "--register", "R1", *why) == (2, None)
    with db.transaction():
        lives.begin_new_life(db, centre.clock())
    code, settled = run("settle", "--register", "R1", *why)
    assert (code, settled["settled"], settled["awaited"]) == (0, True, [])


def test_retire_forgets_nothing_young(centre, run, add_member, sale_body):
    till = centre.till("S1", "R1")
    till.send("sale", sale_body(till, add_member("100")))
    code, done = run("retire", "--body-months", "2", "--deletion-days", "30")
    assert code == 0
    assert not any(done.values())
