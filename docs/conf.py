"""Sphinx: the Markdown of the repository as pages with a search, by `make docs`. Nothing is fetched."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs/sphinx")]

project = "lrrc-sim"
author = "The lrrc-sim contributors"
project_copyright = author
release = version = version_of("lrrc-sim")
language = "en"

# The source folder is the repository, so that a link leads to the same page here and in a plain view.
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/README.md",
    "examples/papers/README.md",
    "docs/**",
]
exclude_patterns = [
    "docs/_build",
    "docs/sphinx",
    ".*",
    "runs",
    "outputs",
    "multirun",
    "tests",
    "build",
    "dist",
]
extensions = ["myst_parser", "sphinx.ext.autodoc", "repository"]
templates_path = ["templates"]

myst_heading_anchors = 6  # as a repository's own view makes them

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
# Types of other projects; their documentation is elsewhere, and nothing is fetched.
nitpick_ignore_regex = [
    (r"py:.*", r"(pd|pandas|matplotlib|collections|typing|os)\..*|Figure|Folder|Any|Callable")
]

html_theme = "furo"
html_title = "lrrc-sim"
html_static_path = ["static"]
html_css_files = ["lrrc.css"]
html_additional_pages = {"index": "redirect.html"}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#1f4e79", "color-brand-content": "#1f5f9e"},
    "dark_css_variables": {"color-brand-primary": "#9cc3ea", "color-brand-content": "#9cc3ea"},
}
