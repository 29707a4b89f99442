-- What relays did and why, the newest of each transfer. `opened` is null while that is not known.
CREATE TABLE decision (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  transfer TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  passage TEXT NOT NULL,
  plate TEXT NOT NULL,
  opened INTEGER,
  reason TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX decision_by_transfer ON decision (transfer, number);
CREATE INDEX decision_by_passage ON decision (transfer, passage);
