"""The page, its Markdown twin and the tables are written here."""
