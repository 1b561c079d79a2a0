"""Boxes that Sphinx does not write: notes in the margin, and tables that scroll when too wide."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective


class Margin(SphinxDirective):
    """A note beside the text, or in it where the screen is narrow."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the note."""
        note = nodes.container(classes=["margin"])
        self.state.nested_parse(self.content, self.content_offset, note)
        return [note]


class WideTables(SphinxPostTransform):
    """Put each table in a box of its own."""

    default_priority = 900

    def run(self, **kwargs: object) -> None:
        """Wrap the tables of a page."""
        for table in list(self.document.findall(nodes.table)):
            box = nodes.container(classes=["wide"])
            table.parent.replace(table, box)
            box += table


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.add_directive("margin", Margin)
    app.add_post_transform(WideTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
