"""What keeps a number from being given twice: the mark beside the database, gaps, the guard."""
