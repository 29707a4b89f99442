-- What receivers of events know an entry's holder by; empty where nothing was said. `group` is a
-- word of SQL.
ALTER TABLE entry ADD COLUMN in_group TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN card_facility TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN card_number TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN card_bits TEXT NOT NULL DEFAULT '';
