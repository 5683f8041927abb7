-- For a table of an earlier version, in ClickHouse: the columns that it lacks. Afterwards, run
-- schema.sql, which makes the view anew.
DROP VIEW IF EXISTS clickedge_requests;
ALTER TABLE clickedge_log
  ADD COLUMN IF NOT EXISTS `reading` Nullable(String) AFTER `destination`,
  ADD COLUMN IF NOT EXISTS `id` Nullable(String) AFTER `reading`,
  ADD COLUMN IF NOT EXISTS `kid` Nullable(String) AFTER `id`,
  ADD COLUMN IF NOT EXISTS `exp` Nullable(Int64) AFTER `kid`,
  ADD COLUMN IF NOT EXISTS `origin_status` Nullable(Int64) AFTER `exp`,
  ADD COLUMN IF NOT EXISTS `origin_error` Nullable(String) AFTER `origin_status`,
  ADD COLUMN IF NOT EXISTS `second_origin` Nullable(String) AFTER `origin_error`,
  ADD COLUMN IF NOT EXISTS `missed` Nullable(String) AFTER `second_origin`,
  ADD COLUMN IF NOT EXISTS `agrees` Nullable(String) AFTER `missed`,
  ADD COLUMN IF NOT EXISTS `origin_destination` Nullable(String) AFTER `agrees`,
  ADD COLUMN IF NOT EXISTS `verdict` Nullable(String) AFTER `origin_destination`,
  ADD COLUMN IF NOT EXISTS `reasons` Nullable(String) AFTER `verdict`,
  ADD COLUMN IF NOT EXISTS `agent` Nullable(String) AFTER `reasons`,
  ADD COLUMN IF NOT EXISTS `asn` Nullable(Int64) AFTER `agent`,
  ADD COLUMN IF NOT EXISTS `network` Nullable(String) AFTER `asn`,
  ADD COLUMN IF NOT EXISTS `proxy` Nullable(String) AFTER `network`,
  ADD COLUMN IF NOT EXISTS `ja4` Nullable(String) AFTER `proxy`,
  ADD COLUMN IF NOT EXISTS `h2` Nullable(String) AFTER `ja4`,
  ADD COLUMN IF NOT EXISTS `mail_hash` Nullable(String) AFTER `h2`,
  ADD COLUMN IF NOT EXISTS `reader_hash` Nullable(String) AFTER `mail_hash`,
  ADD COLUMN IF NOT EXISTS `link_hash` Nullable(String) AFTER `reader_hash`,
  ADD COLUMN IF NOT EXISTS `override` Nullable(String) AFTER `link_hash`,
  ADD COLUMN IF NOT EXISTS `vcpu_ms` Nullable(Int64) AFTER `us`;
