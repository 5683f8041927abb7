-- For a table of an earlier version, in PostgreSQL 13 or later: the columns that it lacks. Afterwards, run
-- schema.sql, which makes the view anew.
DROP VIEW IF EXISTS clickedge_requests;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS "reading" text,
  ADD COLUMN IF NOT EXISTS "id" text,
  ADD COLUMN IF NOT EXISTS "kid" text,
  ADD COLUMN IF NOT EXISTS "exp" bigint,
  ADD COLUMN IF NOT EXISTS "origin_status" bigint,
  ADD COLUMN IF NOT EXISTS "origin_error" text,
  ADD COLUMN IF NOT EXISTS "second_origin" text,
  ADD COLUMN IF NOT EXISTS "missed" text,
  ADD COLUMN IF NOT EXISTS "agrees" text,
  ADD COLUMN IF NOT EXISTS "origin_destination" text,
  ADD COLUMN IF NOT EXISTS "verdict" text,
  ADD COLUMN IF NOT EXISTS "reasons" text,
  ADD COLUMN IF NOT EXISTS "agent" text,
  ADD COLUMN IF NOT EXISTS "asn" bigint,
  ADD COLUMN IF NOT EXISTS "network" text,
  ADD COLUMN IF NOT EXISTS "proxy" text,
  ADD COLUMN IF NOT EXISTS "ja4" text,
  ADD COLUMN IF NOT EXISTS "h2" text,
  ADD COLUMN IF NOT EXISTS "mail_hash" text,
  ADD COLUMN IF NOT EXISTS "reader_hash" text,
  ADD COLUMN IF NOT EXISTS "link_hash" text,
  ADD COLUMN IF NOT EXISTS "override" text,
  ADD COLUMN IF NOT EXISTS "vcpu_ms" bigint;
