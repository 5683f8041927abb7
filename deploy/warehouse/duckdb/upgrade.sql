-- For a table of an earlier version, in DuckDB: the columns that it lacks. Afterwards, run
-- schema.sql, which makes the view anew.
DROP VIEW IF EXISTS clickedge_requests;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "reading" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "id" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "kid" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "exp" BIGINT;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "origin_status" BIGINT;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "origin_error" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "second_origin" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "missed" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "agrees" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "origin_destination" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "verdict" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "reasons" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "agent" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "asn" BIGINT;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "network" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "proxy" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "ja4" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "h2" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "mail_hash" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "reader_hash" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "link_hash" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "override" VARCHAR;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "vcpu_ms" BIGINT;
