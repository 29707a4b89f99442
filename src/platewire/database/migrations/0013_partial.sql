-- Whether only a part of the plate was seen. Contract 4 is contract 2 with `partial` at the end of
-- anpr_event and anpr_passage; 3 is that of PostgreSQL.
--
-- It is taken from the body, which native.encode wrote without spaces: quotes within texts are
-- escaped there, so that only the field itself reads like this. Older bodies have no such field.

DROP VIEW anpr_contract;
CREATE VIEW anpr_contract AS
SELECT
  (SELECT 4 UNION ALL SELECT whole FROM typed WHERE 0) AS contract_version,
  (SELECT 'platewire' UNION ALL SELECT words FROM typed WHERE 0) AS product,
  first_seq,
  last_seq
FROM log;

DROP VIEW anpr_event;
CREATE VIEW anpr_event AS
SELECT
  seq,
  id,
  kind,
  passage,
  passage_number,
  revision,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', occurred_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS occurred_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS last_seen_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', recorded_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS recorded_at,
  occurred_ms,
  first_seen_ms,
  last_seen_ms,
  recorded_ms,
  camera,
  zone,
  direction,
  plate,
  plate_display,
  plate_raw,
  plate_unicode,
  country,
  region,
  plate_confidence,
  make,
  make_confidence,
  model,
  model_confidence,
  type,
  type_confidence,
  color,
  color_confidence,
  reads,
  test,
  plate_image,
  vehicle_image,
  frame_image,
  (VALUES (CAST(body AS TEXT)), ((SELECT words FROM typed))) AS body,
  (SELECT l.node FROM log l) AS node,
  seq AS node_seq,
  seq AS change_seq,
  (VALUES ((SELECT l.node FROM log l) || '/' || camera), ((SELECT words FROM typed))) AS camera_id,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (occurred_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch')),
    ((SELECT words FROM typed))) AS occurred_local,
  (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)
    AS utc_offset_minutes,
  (VALUES (CAST(strftime('%Y%m%d', (occurred_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= occurred_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS INTEGER)),
    ((SELECT whole FROM typed))) AS date_key,
  (VALUES ((SELECT group_concat(list, ', ')
    FROM (SELECT list FROM list_hit WHERE seq = event.seq ORDER BY list) hits)),
    ((SELECT words FROM typed))) AS lists,
  (VALUES (instr(CAST(body AS TEXT), '"partial":true') > 0), ((SELECT whole FROM typed))) AS partial
FROM event;

DROP VIEW anpr_passage;
CREATE VIEW anpr_passage AS
SELECT
  p.number AS passage_number,
  p.id AS passage,
  (VALUES (CASE p.open WHEN 1 THEN 'open' ELSE 'closed' END), ((SELECT words FROM typed))) AS state,
  e.kind,
  e.revision,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_at,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch')),
    ((SELECT words FROM typed))) AS last_seen_at,
  p.first_seen_ms,
  e.last_seen_ms,
  p.camera,
  e.zone,
  e.direction,
  p.plate,
  e.plate_display,
  e.plate_unicode,
  e.country,
  e.region,
  e.plate_confidence,
  e.make,
  e.make_confidence,
  e.model,
  e.model_confidence,
  e.type,
  e.type_confidence,
  e.color,
  e.color_confidence,
  e.reads,
  e.test,
  p.first_seq,
  p.last_seq,
  e.id AS last_event,
  e.plate_image,
  e.vehicle_image,
  e.frame_image,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image) AS plate_jpeg,
  (SELECT l.node FROM log l) AS node,
  e.seq AS change_seq,
  (VALUES ((SELECT l.node FROM log l) || '/' || p.camera),
    ((SELECT words FROM typed))) AS camera_id,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (p.first_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch')),
    ((SELECT words FROM typed))) AS first_seen_local,
  (VALUES (strftime('%Y-%m-%dT%H:%M:%f', (e.last_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= e.last_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch')),
    ((SELECT words FROM typed))) AS last_seen_local,
  (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)
    AS utc_offset_minutes,
  (VALUES (CAST(strftime('%Y%m%d', (p.first_seen_ms + 60000 *
    (SELECT t.minutes FROM local_time t
    WHERE t.from_ms <= p.first_seen_ms ORDER BY t.from_ms DESC LIMIT 1)) / 1000.0,
    'unixepoch') AS INTEGER)),
    ((SELECT whole FROM typed))) AS date_key,
  (VALUES ((e.last_seen_ms - p.first_seen_ms) / 1000.0),
    ((SELECT fraction FROM typed))) AS dwell_seconds,
  (VALUES ((SELECT group_concat(list, ', ')
    FROM (SELECT list FROM list_hit WHERE seq = e.seq ORDER BY list) hits)),
    ((SELECT words FROM typed))) AS lists,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.images.plate.url')),
    ((SELECT words FROM typed))) AS plate_link,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.images.vehicle.url')),
    ((SELECT words FROM typed))) AS vehicle_link,
  (VALUES (json_extract(CAST(e.body AS TEXT), '$.images.frame.url')),
    ((SELECT words FROM typed))) AS frame_link,
  (VALUES (instr(CAST(e.body AS TEXT), '"partial":true') > 0), ((SELECT whole FROM typed))) AS partial
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.passage_number = p.number;
