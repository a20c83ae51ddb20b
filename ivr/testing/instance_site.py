"""A copy of the repository's site with changes laid over it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ivr.language.load import TESTS


def copy_site(root: Path, folder: Path, changes: Mapping[str, Any]) -> tuple[Path, Path]:
    """Copy `config/*.yaml` and the flows (`ivr/flows/*.yaml`, or `flows/*.yaml` of a site for tests) to a folder;
    `changes` is file name -> what is laid over it.

    Mappings are joined, everything else is replaced, None removes; a list of callers (`lists/vip.csv`) is replaced by a
    text. Returns the folders of configuration and flows.
    """
    config, flows = folder / "config", folder / "flows"
    written = root / "flows" if (root / "flows").is_dir() else root / "ivr" / "flows"
    left = dict(changes)
    for source, target in ((root / "config", config), (written, flows)):
        target.mkdir(parents=True)
        for file in sorted(source.glob("*.yaml")):
            if changes and file.name.endswith(TESTS):
                continue  # they say what the site does without the changes
            text = file.read_text(encoding="utf-8")
            if file.name in left:
                text = dump(laid_over(read(text), left.pop(file.name)))
            (target / file.name).write_text(text, encoding="utf-8")
    for source in sorted((root / "config").glob("*/*.csv")):
        name = str(source.relative_to(root / "config"))
        (config / name).parent.mkdir(exist_ok=True)
        (config / name).write_text(left.pop(name, None) or source.read_text(encoding="utf-8"), encoding="utf-8")
    if left:
        raise ValueError(f"the site has no {', '.join(left)}")
    return config, flows


def read(text: str) -> Any:
    """YAML as written: every scalar stays text, as the server's own reader keeps it."""
    return yaml.load(text, Loader=yaml.BaseLoader)


def dump(value: Any) -> str:
    """The same back."""
    text: str = yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=1000)
    return text


def laid_over(below: Any, above: Any) -> Any:
    """A value with another one laid over it: mappings are joined, everything else is replaced, None removes."""
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    joined = dict(below)
    for key, value in above.items():
        if value is None:
            joined.pop(key, None)
        else:
            joined[key] = laid_over(joined.get(key), value)
    return joined
