"""Stands in for `sounddevice` in programs that are started with this directory on PYTHONPATH.

What its devices do is in environment variables, see `FakeHost.from_environment` in ``../fake_host.py``.
"""

import importlib.util
import os
import sys
from pathlib import Path

# Under a name of its own: the program may know another package named `tests`, or none.
_folder = Path(__file__).parent.parent
_spec = importlib.util.spec_from_file_location(
    "fake_audio", _folder / "__init__.py", submodule_search_locations=[str(_folder)]
)
assert _spec is not None
sys.modules["fake_audio"] = importlib.util.module_from_spec(_spec)
sys.modules[__name__] = importlib.import_module("fake_audio.fake_host").FakeHost.from_environment(os.environ)
