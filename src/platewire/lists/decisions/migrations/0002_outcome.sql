-- `opened`, `not_opened` or `unknown`; null while the device is being told. `opened` stays for who
-- reads it: 1, 0, and null where it is not known. A crash amid a pulse was called opened before.
ALTER TABLE decision ADD COLUMN outcome TEXT;
UPDATE decision SET outcome = CASE
  WHEN opened IS NULL THEN NULL
  WHEN reason = 'interrupted' THEN 'unknown'
  WHEN opened THEN 'opened'
  ELSE 'not_opened'
END;
UPDATE decision SET opened = NULL WHERE outcome = 'unknown';
