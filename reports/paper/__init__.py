"""What an author takes from one study: figures, tables, a text of methods, and a paper that puts them together."""
