"""Reads the room's HTML back with another parser: which elements it holds, and which characters it stands for."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr", "base"}


class Reader(HTMLParser):
    """Collects tags, attributes and text; an `inv` label counts as the character it names."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text, self.open, self.errors = [], [], "", [], []
        self.label = False

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)
        self.label = ("class", "inv") in attrs

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.errors.append(tag)
        self.label = False

    def handle_data(self, data):
        if self.label and data.startswith("U+"):
            data = chr(int(data[2:], 16))
        self.text += data


def read(html):
    """Return the reader after `html`."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def read_text(html):
    """Return (the set of tags, the characters the HTML stands for)."""
    reader = read(html)
    assert not reader.errors
    return set(reader.tags), reader.text
