"""A pytest plugin: the tests of one `xdist_group` share a worker. pytest-xdist 3.8 writes the group into a field that pytest 9.2 no
longer reads, so that its own scheduler sees no groups; this one finds them in the files, where each mark stands for its whole module or folder.
"""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadGroupScheduling

_MARK = re.compile(r'xdist_group\("(\w+)"\)')


class _ByFile(LoadGroupScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return group_of(self.config.rootpath / nodeid.partition("::")[0]) or super()._split_scope(nodeid)


@cache
def group_of(module: Path) -> str | None:
    """As the module says, else the conftest.py beside it."""
    files = [path for path in (module, module.with_name("conftest.py")) if path.is_file()]
    return next((found[1] for path in files if (found := _MARK.search(path.read_text(encoding="utf-8")))), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling | None:
    return _ByFile(config, log) if config.getoption("dist") == "loadgroup" else None
