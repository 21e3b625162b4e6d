"""What the tests of the page read of its markup: ids, links, labels, headings, pictures."""

from __future__ import annotations

from html.parser import HTMLParser


class Markup(HTMLParser):
    """Every element by name with its attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {k: v or "" for k, v in attrs}))
        if tag not in {"meta", "img", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.unclosed.append(tag)

    def all(self, *tags: str) -> list[dict[str, str]]:
        """Attributes of the elements with these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    def values(self, attribute: str) -> list[str]:
        """Of one attribute, wherever it is."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    @property
    def headings(self) -> list[int]:
        return [int(tag[1]) for tag, _ in self.elements if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]
