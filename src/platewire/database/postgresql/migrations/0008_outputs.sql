-- What was called a transfer is called an output.

ALTER TABLE mark RENAME COLUMN transfer TO output;
