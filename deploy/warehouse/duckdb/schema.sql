-- The click log, version 1, in DuckDB. What the columns mean: core/spec/click-log.md.
CREATE TABLE IF NOT EXISTS clickedge_log (
  "v" BIGINT NOT NULL,
  "time" TIMESTAMP NOT NULL,
  "request" VARCHAR NOT NULL,
  "host" VARCHAR NOT NULL,
  "esp" VARCHAR NOT NULL,
  "kind" VARCHAR NOT NULL,
  "method" VARCHAR NOT NULL,
  "action" VARCHAR NOT NULL,
  "code" VARCHAR NOT NULL,
  "status" BIGINT NOT NULL,
  "destination" VARCHAR NOT NULL,
  "reading" VARCHAR,
  "id" VARCHAR,
  "kid" VARCHAR,
  "exp" BIGINT,
  "origin_status" BIGINT,
  "origin_error" VARCHAR,
  "second_origin" VARCHAR,
  "missed" VARCHAR,
  "agrees" VARCHAR,
  "origin_destination" VARCHAR,
  "verdict" VARCHAR,
  "reasons" VARCHAR,
  "agent" VARCHAR,
  "mail_hash" VARCHAR,
  "reader_hash" VARCHAR,
  "link_hash" VARCHAR,
  "override" VARCHAR,
  "us" BIGINT NOT NULL,
  "vcpu_ms" BIGINT,
  "version" VARCHAR NOT NULL
);

-- A log is delivered at least once: here each request stands once. A column is_… has 1
-- where it is so, else 0.
CREATE OR REPLACE VIEW clickedge_requests AS
SELECT
  "v", "time", "request", "host", "esp", "kind", "method", "action", "code", "status", "destination", "reading", "id", "kid", "exp", "origin_status", "origin_error", "second_origin", "missed", "agrees", "origin_destination", "verdict", "reasons", "agent", "mail_hash", "reader_hash", "link_hash", "override", "us", "vcpu_ms", "version",
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
FROM (SELECT * FROM clickedge_log QUALIFY ROW_NUMBER() OVER (PARTITION BY "request" ORDER BY "time") = 1) AS once;
