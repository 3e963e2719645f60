"""How Sphinx builds the site: offline, without a warning, and with nothing to fetch by a reader."""

import re

import convcore

project = "convcore"
author = "the convcore developers"
copyright = f"2026, {author}"
version = release = convcore.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
default_role = "autolink"
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # docstrings state the types, with shapes
numpydoc_show_class_members = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "min_reported_time": 3600,  # times of a build tell nothing about the library
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = f"convcore {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": []}
html_theme_options = {
    "logo": {"text": "convcore"},
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}


# Docstrings are written to be read as they are, in a session too: a star before a letter is that
# of a shape such as (N, C, *S), and bars are those of |error|. Sphinx takes both for markup.
_MARKUP = re.compile(r"(``.*?``)|(\*(?=[A-Z(])|\|)")


def escape_signs(app, what, name, obj, options, lines):
    """Escape the signs of formulas, but not in doctests and literals."""
    for index, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[index] = _MARKUP.sub(lambda found: found[1] or "\\" + found[2], line)


def close_doctests(app, docname, source):
    """Drop the blank line that ends a doctest before its fence."""
    source[0] = source[0].replace("\n\n```\n", "\n```\n")


def setup(app):
    """Have docstrings escaped before numpydoc reads them."""
    app.connect("source-read", close_doctests)
    app.connect("autodoc-process-docstring", escape_signs, priority=100)
