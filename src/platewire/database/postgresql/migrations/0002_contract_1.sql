-- Version 1 of the contract with third parties: docs/database.md and docs/transfers/postgresql.md.
-- The columns of SQLite's views in their order and with their meaning, then those that only
-- PostgreSQL has. A column is never renamed, retyped or taken away; new ones are added at the end,
-- with a higher contract_version.

CREATE VIEW anpr_contract AS
SELECT
  1 AS contract_version,
  'platewire'::text AS product,
  coalesce((SELECT min(e.seq) FROM event e), l.last_seq + 1) AS first_seq,
  l.last_seq
FROM log l;

CREATE VIEW anpr_event AS
SELECT
  seq,
  id,
  kind,
  passage,
  passage_number,
  revision,
  to_timestamp(occurred_ms::double precision / 1000) AS occurred_at,
  to_timestamp(first_seen_ms::double precision / 1000) AS first_seen_at,
  to_timestamp(last_seen_ms::double precision / 1000) AS last_seen_at,
  to_timestamp(recorded_ms::double precision / 1000) AS recorded_at,
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
  body,
  node,
  node_seq,
  seq AS change_seq
FROM event;

CREATE VIEW anpr_passage AS
SELECT
  p.number AS passage_number,
  p.id AS passage,
  CASE WHEN p.open THEN 'open' ELSE 'closed' END AS state,
  e.kind,
  e.revision,
  to_timestamp(p.first_seen_ms::double precision / 1000) AS first_seen_at,
  to_timestamp(e.last_seen_ms::double precision / 1000) AS last_seen_at,
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
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image ORDER BY i.month_ms DESC LIMIT 1)
    AS plate_jpeg,
  p.node,
  p.last_seq AS change_seq
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms;

CREATE VIEW anpr_camera AS
SELECT
  c.name AS camera,
  c.channel_index,
  (SELECT count(*) FROM passage p WHERE p.camera = c.name AND p.node = c.node) AS passages,
  c.last_seq,
  to_timestamp(c.last_seen_ms::double precision / 1000) AS last_seen_at,
  c.node
FROM camera c;

CREATE VIEW anpr_image AS
SELECT
  i.sha256,
  i.width,
  i.height,
  i.bytes,
  i.jpeg,
  CASE WHEN i.jpeg IS NULL THEN i.path END AS path
FROM image i
WHERE NOT EXISTS (
  SELECT FROM image later WHERE later.sha256 = i.sha256 AND later.month_ms > i.month_ms
);

CREATE VIEW lprevents AS
SELECT
  p.first_seen_ms AS timestamp_,
  p.plate AS number,
  e.type AS car_type,
  (SELECT i.path FROM image i WHERE i.sha256 = coalesce(e.frame_image, e.vehicle_image)
    ORDER BY i.month_ms DESC LIMIT 1) AS framejpg,
  p.last_seq AS id,
  (SELECT n.system_id FROM node n WHERE n.name = p.node) AS system_id,
  p.number AS runtime_id,
  CASE e.kind WHEN 'new' THEN 'Detected' WHEN 'updated' THEN 'Updated' ELSE 'Lost' END AS state,
  CASE e.direction WHEN 'in' THEN 'In' WHEN 'out' THEN 'Out' ELSE 'Undetermined' END
    AS movement_type,
  (SELECT c.channel_index FROM camera c WHERE c.node = p.node AND c.name = p.camera)
    AS channel_index,
  (SELECT z.zone_index FROM zone z
    WHERE z.node = p.node AND z.camera = p.camera AND z.name = e.zone) AS zone_index,
  NULL::integer AS checkpoint,
  e.country,
  e.plate_confidence AS confidence,
  e.plate_raw AS raw_number,
  e.make AS car_brand,
  e.model AS car_model,
  e.color AS car_color,
  (SELECT i.jpeg FROM image i WHERE i.sha256 = e.plate_image ORDER BY i.month_ms DESC LIMIT 1)
    AS platejpg,
  e.plate_left,
  e.plate_top,
  e.plate_width,
  e.plate_height,
  NULL::integer AS process_ms,
  p.node
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms;
