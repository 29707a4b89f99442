-- What was called a transfer is called an output.

ALTER TABLE cursor RENAME COLUMN transfer TO output;
ALTER TABLE paused RENAME COLUMN transfer TO output;
ALTER TABLE undelivered RENAME COLUMN transfer TO output;
ALTER TABLE parked RENAME COLUMN transfer TO output;
ALTER TABLE attempt RENAME COLUMN transfer TO output;
ALTER TABLE selection RENAME COLUMN transfer TO output;
