-- The click log, version 1, in ClickHouse. What the columns mean: core/spec/click-log.md.
CREATE TABLE IF NOT EXISTS clickedge_log (
  `v` Int64,
  `time` DateTime64(3, 'UTC'),
  `request` String,
  `host` String,
  `esp` String,
  `kind` String,
  `method` String,
  `action` String,
  `code` String,
  `status` Int64,
  `destination` String,
  `reading` Nullable(String),
  `id` Nullable(String),
  `kid` Nullable(String),
  `exp` Nullable(Int64),
  `origin_status` Nullable(Int64),
  `origin_error` Nullable(String),
  `second_origin` Nullable(String),
  `missed` Nullable(String),
  `agrees` Nullable(String),
  `origin_destination` Nullable(String),
  `verdict` Nullable(String),
  `reasons` Nullable(String),
  `agent` Nullable(String),
  `asn` Nullable(Int64),
  `network` Nullable(String),
  `proxy` Nullable(String),
  `ja4` Nullable(String),
  `h2` Nullable(String),
  `mail_hash` Nullable(String),
  `reader_hash` Nullable(String),
  `link_hash` Nullable(String),
  `override` Nullable(String),
  `us` Int64,
  `vcpu_ms` Nullable(Int64),
  `version` String
) ENGINE = MergeTree
PARTITION BY toYYYYMM(`time`)
ORDER BY (`time`, `request`);

-- A log is delivered at least once: here each request stands once. A column is_… has 1
-- where it is so, else 0.
CREATE OR REPLACE VIEW clickedge_requests AS
SELECT
  `v`, `time`, `request`, `host`, `esp`, `kind`, `method`, `action`, `code`, `status`, `destination`, `reading`, `id`, `kid`, `exp`, `origin_status`, `origin_error`, `second_origin`, `missed`, `agrees`, `origin_destination`, `verdict`, `reasons`, `agent`, `asn`, `network`, `proxy`, `ja4`, `h2`, `mail_hash`, `reader_hash`, `link_hash`, `override`, `us`, `vcpu_ms`, `version`,
  CASE WHEN `kind` IN ('click', 'app') THEN 1 ELSE 0 END AS is_click,
  CASE WHEN `kind` IN ('click', 'app') AND `verdict` = 'human' THEN 1 ELSE 0 END AS is_human_click,
  CASE WHEN `kind` IN ('click', 'app') AND `verdict` = 'bot' THEN 1 ELSE 0 END AS is_bot_click,
  CASE WHEN `kind` IN ('click', 'app') AND COALESCE(`verdict`, '') NOT IN ('human', 'bot') THEN 1 ELSE 0 END AS is_unknown_click,
  CASE WHEN `kind` = 'open' THEN 1 ELSE 0 END AS is_open,
  CASE WHEN `kind` = 'unsubscribe' THEN 1 ELSE 0 END AS is_unsubscribe,
  CASE WHEN `kind` NOT IN ('click', 'app', 'open', 'unsubscribe') THEN 1 ELSE 0 END AS is_other,
  CASE WHEN COALESCE(`missed`, '') <> '' AND `kind` <> 'health' THEN 1 ELSE 0 END AS is_missed,
  CASE WHEN COALESCE(`missed`, '') <> '' AND `kind` <> 'health' AND `missed` = 'yes' THEN 1 ELSE 0 END AS is_certain,
  CASE WHEN COALESCE(`missed`, '') <> '' AND `kind` <> 'health' AND `kind` IN ('click', 'app') AND `action` = 'redirect' THEN 1 ELSE 0 END AS is_recovered,
  CASE WHEN `code` = 'recalled' THEN 1 ELSE 0 END AS is_recalled,
  CASE WHEN `action` = 'refuse' THEN 1 ELSE 0 END AS is_refused,
  CASE WHEN `agrees` = 'no' THEN 1 ELSE 0 END AS is_disagreeing,
  CASE WHEN `kind` IN ('click', 'app') AND CONCAT(',', COALESCE(`reasons`, ''), ',') LIKE '%,trap,%' THEN 1 ELSE 0 END AS is_trapped,
  CASE WHEN `action` = 'proxy' AND COALESCE(`origin_status`, 0) <> 0 THEN 1 ELSE 0 END AS is_answered,
  CASE WHEN COALESCE(`origin_status`, 0) = 0 AND COALESCE(`origin_error`, '') <> '' THEN 1 ELSE 0 END AS is_unanswered
FROM (SELECT * FROM clickedge_log ORDER BY `time` LIMIT 1 BY `request`) AS once;
