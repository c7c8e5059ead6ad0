from shared.ids import is_uuid, uuid7, uuid7_from


def test_ids_of_one_process_never_go_backwards_and_never_repeat() -> None:
    made = [uuid7() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made[:100])


def test_a_seed_gives_one_id_with_its_time() -> None:
    made = uuid7_from("gbif:1", 1_700_000_000_000)
    assert made == uuid7_from("gbif:1", 1_700_000_000_000)
    assert made.int >> 80 == 1_700_000_000_000
    assert made.version == 7


def test_only_the_canonical_spelling_is_an_id() -> None:
    good = str(uuid7())
    assert is_uuid(good)
    assert not is_uuid(good.upper())
    assert not is_uuid(f"{{{good}}}")
    assert not is_uuid(None)
