-- How far pictures of each kind were looked at by a retention that takes them before their events.
CREATE TABLE pictures_taken (
  kind TEXT PRIMARY KEY,
  last_seq INTEGER NOT NULL
);
