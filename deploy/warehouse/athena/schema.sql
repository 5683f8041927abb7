-- The click log, version 1, in Amazon Athena. What the columns mean: core/spec/click-log.md.
CREATE EXTERNAL TABLE IF NOT EXISTS clickedge_log (
  `v` bigint,
  `time` string,
  `request` string,
  `host` string,
  `esp` string,
  `kind` string,
  `method` string,
  `action` string,
  `code` string,
  `status` bigint,
  `destination` string,
  `reading` string,
  `id` string,
  `kid` string,
  `exp` bigint,
  `origin_status` bigint,
  `origin_error` string,
  `second_origin` string,
  `missed` string,
  `agrees` string,
  `origin_destination` string,
  `verdict` string,
  `reasons` string,
  `agent` string,
  `asn` bigint,
  `network` string,
  `proxy` string,
  `ja4` string,
  `h2` string,
  `mail_hash` string,
  `reader_hash` string,
  `link_hash` string,
  `override` string,
  `us` bigint,
  `vcpu_ms` bigint,
  `version` string
)
PARTITIONED BY (`dt` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
LOCATION 's3://BUCKET/clicks/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2026-01-01,NOW+1DAYS',
  'projection.dt.interval' = '1',
  'projection.dt.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://BUCKET/clicks/dt=${dt}/'
);

-- A log is delivered at least once: here each request stands once. A column is_… has 1
-- where it is so, else 0.
CREATE OR REPLACE VIEW clickedge_requests AS
SELECT
  "v", "time", "request", "host", "esp", "kind", "method", "action", "code", "status", "destination", "reading", "id", "kid", "exp", "origin_status", "origin_error", "second_origin", "missed", "agrees", "origin_destination", "verdict", "reasons", "agent", "asn", "network", "proxy", "ja4", "h2", "mail_hash", "reader_hash", "link_hash", "override", "us", "vcpu_ms", "version", "dt",
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
FROM (SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY "request" ORDER BY "time") AS copy FROM clickedge_log WHERE "v" = 1) WHERE copy = 1) AS once;
