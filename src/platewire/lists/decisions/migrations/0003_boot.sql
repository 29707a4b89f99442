-- When it was decided on the clock of one boot of the computer, which nobody can set: spans between
-- decisions are measured by it. Null: from before this was kept.
ALTER TABLE decision ADD COLUMN boot TEXT;
ALTER TABLE decision ADD COLUMN boot_seconds REAL;
