-- What was called a transfer is called an output, in the columns and in the decision itself.

ALTER TABLE decision RENAME COLUMN transfer TO output;
DROP INDEX decision_by_transfer;
CREATE INDEX decision_by_output ON decision (output, number);
UPDATE decision SET body = CAST(
  json_remove(json_set(CAST(body AS TEXT), '$.output', output), '$.transfer') AS BLOB
);
