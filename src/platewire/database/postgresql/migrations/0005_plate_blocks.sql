-- Plates once more, many in a row: what stands in the middle of a plate is looked for in these texts,
-- which is several times faster than row by row. See database/plates.py.
CREATE TABLE plate_block (
  number integer PRIMARY KEY,
  texts text COLLATE "C" NOT NULL            -- a line feed before and after each plate
);

ALTER TABLE plate ADD COLUMN block integer NOT NULL DEFAULT 0;
UPDATE plate SET block = placed.block
FROM (SELECT text, 1 + (row_number() OVER (ORDER BY text) - 1) / 150 AS block FROM plate) placed
WHERE placed.text = plate.text;
INSERT INTO plate_block
SELECT block, E'\n' || string_agg(text, E'\n') || E'\n' FROM plate GROUP BY block;
