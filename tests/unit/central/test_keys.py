"""Key files: private, at most two, the newest signs."""

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

from central.errors import KeysUnusable
from central.keys import create_key, folder_of, load_keys

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_the_newest_key_signs(tmp_path):
    first = create_key(tmp_path, NOW)
    second = create_key(tmp_path, NOW + timedelta(days=1), rotate=True)
    assert [key.key_id for key in load_keys(tmp_path)] == [second.key_id, first.key_id]
    for path in folder_of(tmp_path).iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(KeysUnusable, match="2 keys"):
        create_key(tmp_path, NOW, rotate=True)
    assert "private" not in repr(first)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"created_at": "x", "private_key": "AA=="}'])
def test_a_damaged_file_is_named(tmp_path, content):
    key = create_key(tmp_path, NOW)
    path = folder_of(tmp_path) / f"{key.key_id}.json"
    path.write_text(content)
    with pytest.raises(KeysUnusable, match=key.key_id):
        load_keys(tmp_path)
    path.write_text(json.dumps({"created_at": "x", "private_key": "é"}))
    with pytest.raises(KeysUnusable):
        load_keys(tmp_path)
