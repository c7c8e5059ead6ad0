"""Who may import what, where an allow-list says more than import-linter's lists of the forbidden (pyproject.toml)."""

import sys

import grimp

from tests.house.tree import imported, module_name, modules, top_level

# On the tablet, beside the standard library: what buildozer.spec asks for, and what these bring along.
ON_THE_TABLET = {
    "kivy",
    "requests",
    "marshmallow",
    "certifi",
    "urllib3",
    "idna",
    "charset_normalizer",
    "jnius",
    "android",
}


def test_shared_imports_the_standard_library_and_marshmallow_only() -> None:
    for path in modules("shared"):
        foreign = top_level(imported(path)) - sys.stdlib_module_names - {"shared", "marshmallow"}
        assert not foreign, f"{module_name(path)} imports {foreign}"


def test_jnius_is_known_to_the_android_devices_only() -> None:
    for path in modules("mobile", "server", "shared"):
        if top_level(imported(path)) & {"jnius", "android"}:
            assert module_name(path).startswith("mobile.device.android_"), module_name(path)


def test_cryptography_is_known_to_the_stand_ins_of_the_tablet_only() -> None:
    for path in modules("mobile"):
        if "cryptography" in top_level(imported(path)):
            assert module_name(path).startswith(("mobile.device.desktop_", "mobile.device.fake_")), module_name(path)


def test_what_the_tablet_can_reach_is_on_its_list() -> None:
    graph = grimp.build_graph("mobile", "shared", include_external_packages=True, cache_dir=None)
    reached = graph.find_upstream_modules("mobile.main")
    ours = {module for module in reached if module.partition(".")[0] in ("mobile", "shared")}
    stand_ins = {module for module in ours if module.startswith(("mobile.device.desktop_", "mobile.device.fake_"))}
    for module in sorted(ours - stand_ins):
        used = top_level(set(graph.find_modules_directly_imported_by(module)))
        foreign = used - sys.stdlib_module_names - ON_THE_TABLET - {"mobile", "shared"}
        assert not foreign, f"mobile.main reaches {module}, which imports {foreign}"


def test_the_walk_from_main_reaches_the_store_and_the_wire() -> None:
    """Guards the test above: a lazily built table of names would leave it nothing to look at."""
    graph = grimp.build_graph("mobile", "shared", cache_dir=None)
    reached = graph.find_upstream_modules("mobile.main")
    assert {"mobile.store.outbox", "mobile.sync.session", "shared.canonical", "shared.wire.envelope"} <= reached
