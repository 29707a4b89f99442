-- NumberOk's table says what its TCP form says: zone 0 where there is no zone, and NULL where the
-- configuration no longer knows it; the checkpoint of the camera; the time from frame to log, 0 where
-- that says nothing, as of a recording. Columns and their types stay: it is contract 3 still.

ALTER TABLE camera ADD COLUMN checkpoint integer NOT NULL DEFAULT 0;

CREATE OR REPLACE VIEW lprevents AS
SELECT
  p.first_seen_ms AS timestamp_,
  p.plate AS number,
  e.type AS car_type,
  (SELECT i.path FROM image i WHERE i.sha256 = coalesce(e.frame_image, e.vehicle_image)
    ORDER BY i.month_ms DESC LIMIT 1) AS framejpg,
  p.last_seq AS id,
  n.system_id,
  p.number AS runtime_id,
  CASE e.kind WHEN 'new' THEN 'Detected' WHEN 'updated' THEN 'Updated' ELSE 'Lost' END AS state,
  CASE e.direction WHEN 'in' THEN 'In' WHEN 'out' THEN 'Out' ELSE 'Undetermined' END
    AS movement_type,
  (SELECT c.channel_index FROM camera c WHERE c.node = p.node AND c.name = p.camera)
    AS channel_index,
  CASE WHEN e.zone IS NULL THEN 0 ELSE
    (SELECT z.zone_index FROM zone z
      WHERE z.node = p.node AND z.camera = p.camera AND z.name = e.zone) END AS zone_index,
  (SELECT c.checkpoint FROM camera c WHERE c.node = p.node AND c.name = p.camera) AS checkpoint,
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
  CASE WHEN e.recorded_ms - e.occurred_ms BETWEEN 0 AND 59999
    THEN (e.recorded_ms - e.occurred_ms)::integer ELSE 0 END AS process_ms,
  coalesce(n.name, p.node) AS node,
  n.id AS node_id
FROM passage p
JOIN event e ON e.seq = p.last_seq AND e.recorded_ms = p.recorded_ms
LEFT JOIN node n ON n.key = p.node;
