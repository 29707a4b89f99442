-- A sum of the body's bytes, by which damage on the disk is told. NULL for events from before.
ALTER TABLE event ADD COLUMN body_crc32 INTEGER;
