-- Version 1 of the contract with third parties: docs/database.md. A column is never renamed,
-- retyped or taken away; new ones are added at the end, with a higher contract_version.

CREATE VIEW anpr_contract AS
SELECT
  1 AS contract_version,
  'platewire' AS product,
  first_seq,
  last_seq
FROM log;

CREATE VIEW anpr_event AS
SELECT
  seq,
  id,
  kind,
  passage,
  passage_number,
  revision,
  strftime('%Y-%m-%dT%H:%M:%fZ', occurred_ms / 1000.0, 'unixepoch') AS occurred_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_ms / 1000.0, 'unixepoch') AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', last_seen_ms / 1000.0, 'unixepoch') AS last_seen_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', recorded_ms / 1000.0, 'unixepoch') AS recorded_at,
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
  CAST(body AS TEXT) AS body
FROM event;

CREATE VIEW anpr_passage AS
SELECT
  p.number AS passage_number,
  p.id AS passage,
  CASE p.open WHEN 1 THEN 'open' ELSE 'closed' END AS state,
  e.kind,
  e.revision,
  strftime('%Y-%m-%dT%H:%M:%fZ', p.first_seen_ms / 1000.0, 'unixepoch') AS first_seen_at,
  strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch') AS last_seen_at,
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
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image) AS plate_jpeg
FROM passage p
JOIN event e ON e.seq = p.last_seq;

CREATE VIEW anpr_camera AS
SELECT
  c.name AS camera,
  c.channel_index,
  (SELECT count(*) FROM passage p WHERE p.camera = c.name) AS passages,
  (SELECT max(e.seq) FROM event e WHERE e.camera = c.name) AS last_seq,
  (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.last_seen_ms / 1000.0, 'unixepoch') FROM event e
    WHERE e.camera = c.name ORDER BY e.seq DESC LIMIT 1) AS last_seen_at
FROM camera c;

CREATE VIEW anpr_image AS
SELECT
  i.sha256,
  i.width,
  i.height,
  i.bytes,
  i.jpeg,
  l.folder || '/' || i.path AS path
FROM image i, log l;

-- NumberOk's table of results: one row per vehicle, its newest state. `id` is the seq of the
-- passage's newest event: it rises whenever the row changes.
CREATE VIEW lprevents AS
SELECT
  p.first_seen_ms AS timestamp_,
  p.plate AS number,
  e.type AS car_type,
  (SELECT l.folder FROM log l) || '/' || coalesce(
    (SELECT i.path FROM image i WHERE i.sha256 = e.frame_image),
    (SELECT i.path FROM image i WHERE i.sha256 = e.vehicle_image)
  ) AS framejpg,
  p.last_seq AS id,
  (SELECT system_id FROM log) AS system_id,
  p.number AS runtime_id,
  CASE e.kind WHEN 'new' THEN 'Detected' WHEN 'updated' THEN 'Updated' ELSE 'Lost' END AS state,
  CASE e.direction WHEN 'in' THEN 'In' WHEN 'out' THEN 'Out' ELSE 'Undetermined' END
    AS movement_type,
  (SELECT c.channel_index FROM camera c WHERE c.name = p.camera) AS channel_index,
  (SELECT z.zone_index FROM zone z WHERE z.camera = p.camera AND z.name = e.zone) AS zone_index,
  NULL AS checkpoint,
  e.country,
  e.plate_confidence AS confidence,
  e.plate_raw AS raw_number,
  e.make AS car_brand,
  e.model AS car_model,
  e.color AS car_color,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image) AS platejpg,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[0]') AS plate_left,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[1]') AS plate_top,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[2]') AS plate_width,
  json_extract(CAST(e.body AS TEXT), '$.plate.box[3]') AS plate_height,
  NULL AS process_ms
FROM passage p
JOIN event e ON e.seq = p.last_seq;
