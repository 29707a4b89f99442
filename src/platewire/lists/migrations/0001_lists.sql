-- Plates on lists. What a list is, the configuration says; here it has only its name.
CREATE TABLE list (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);

-- `plate` is the normal form and `folded` the key that look-alike plates share; `written` and what
-- follows are the fields of an entry in their one spelling, empty where nothing was said.
CREATE TABLE entry (
  plate TEXT NOT NULL,
  list INTEGER NOT NULL REFERENCES list (id),
  folded TEXT NOT NULL,
  written TEXT NOT NULL,
  valid_from TEXT NOT NULL,
  valid_to TEXT NOT NULL,
  weekdays TEXT NOT NULL,
  hours TEXT NOT NULL,
  cameras TEXT NOT NULL,
  holder TEXT NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (plate, list)
) WITHOUT ROWID;
CREATE INDEX entry_by_look ON entry (folded);
CREATE INDEX entry_by_list ON entry (list, plate);
