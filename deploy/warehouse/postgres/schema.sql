-- The click log, version 1, in PostgreSQL 13 or later. What the columns mean: core/spec/click-log.md.
CREATE TABLE IF NOT EXISTS clickedge_log (
  "v" bigint NOT NULL,
  "time" timestamptz NOT NULL,
  "request" text NOT NULL,
  "host" text NOT NULL,
  "esp" text NOT NULL,
  "kind" text NOT NULL,
  "method" text NOT NULL,
  "action" text NOT NULL,
  "code" text NOT NULL,
  "status" bigint NOT NULL,
  "destination" text NOT NULL,
  "reading" text,
  "id" text,
  "kid" text,
  "exp" bigint,
  "origin_status" bigint,
  "origin_error" text,
  "second_origin" text,
  "missed" text,
  "agrees" text,
  "origin_destination" text,
  "verdict" text,
  "reasons" text,
  "agent" text,
  "asn" bigint,
  "network" text,
  "proxy" text,
  "ja4" text,
  "h2" text,
  "mail_hash" text,
  "reader_hash" text,
  "link_hash" text,
  "override" text,
  "us" bigint NOT NULL,
  "vcpu_ms" bigint,
  "version" text NOT NULL
);
CREATE INDEX IF NOT EXISTS clickedge_log_time ON clickedge_log ("time");
CREATE INDEX IF NOT EXISTS clickedge_log_request ON clickedge_log ("request");

-- A log is delivered at least once: here each request stands once. A column is_… has 1
-- where it is so, else 0.
CREATE OR REPLACE VIEW clickedge_requests AS
SELECT
  "v", "time", "request", "host", "esp", "kind", "method", "action", "code", "status", "destination", "reading", "id", "kid", "exp", "origin_status", "origin_error", "second_origin", "missed", "agrees", "origin_destination", "verdict", "reasons", "agent", "asn", "network", "proxy", "ja4", "h2", "mail_hash", "reader_hash", "link_hash", "override", "us", "vcpu_ms", "version",
  CASE WHEN "kind" IN ('click', 'app') THEN 1 ELSE 0 END AS is_click,
  CASE WHEN "kind" IN ('click', 'app') AND "verdict" = 'human' THEN 1 ELSE 0 END AS is_human_click,
  CASE WHEN "kind" IN ('click', 'app') AND "verdict" = 'bot' THEN 1 ELSE 0 END AS is_bot_click,
  CASE WHEN "kind" IN ('click', 'app') AND COALESCE("verdict", '') NOT IN ('human', 'bot') THEN 1 ELSE 0 END AS is_unknown_click,
  CASE WHEN "kind" = 'open' THEN 1 ELSE 0 END AS is_open,
  CASE WHEN "kind" = 'unsubscribe' THEN 1 ELSE 0 END AS is_unsubscribe,
  CASE WHEN "kind" NOT IN ('click', 'app', 'open', 'unsubscribe') THEN 1 ELSE 0 END AS is_other,
  CASE WHEN COALESCE("missed", '') <> '' AND "kind" <> 'health' THEN 1 ELSE 0 END AS is_missed,
  CASE WHEN COALESCE("missed", '') <> '' AND "kind" <> 'health' AND "missed" = 'yes' THEN 1 ELSE 0 END AS is_certain,
  CASE WHEN COALESCE("missed", '') <> '' AND "kind" <> 'health' AND "kind" IN ('click', 'app') AND "action" = 'redirect' THEN 1 ELSE 0 END AS is_recovered,
  CASE WHEN "code" = 'recalled' THEN 1 ELSE 0 END AS is_recalled,
  CASE WHEN "action" = 'refuse' THEN 1 ELSE 0 END AS is_refused,
  CASE WHEN "agrees" = 'no' THEN 1 ELSE 0 END AS is_disagreeing,
  CASE WHEN "kind" IN ('click', 'app') AND CONCAT(',', COALESCE("reasons", ''), ',') LIKE '%,trap,%' THEN 1 ELSE 0 END AS is_trapped,
  CASE WHEN "action" = 'proxy' AND COALESCE("origin_status", 0) <> 0 THEN 1 ELSE 0 END AS is_answered,
  CASE WHEN COALESCE("origin_status", 0) = 0 AND COALESCE("origin_error", '') <> '' THEN 1 ELSE 0 END AS is_unanswered
FROM (SELECT l.* FROM clickedge_log AS l WHERE NOT EXISTS (SELECT FROM clickedge_log AS e WHERE e."request" = l."request" AND (e."time", e.tableoid, e.ctid) < (l."time", l.tableoid, l.ctid))) AS once;
