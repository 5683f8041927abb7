-- The click log, version 1, in BigQuery. What the columns mean: core/spec/click-log.md.
CREATE TABLE IF NOT EXISTS clickedge_log (
  `v` INT64 NOT NULL,
  `time` TIMESTAMP NOT NULL,
  `request` STRING NOT NULL,
  `host` STRING NOT NULL,
  `esp` STRING NOT NULL,
  `kind` STRING NOT NULL,
  `method` STRING NOT NULL,
  `action` STRING NOT NULL,
  `code` STRING NOT NULL,
  `status` INT64 NOT NULL,
  `destination` STRING NOT NULL,
  `reading` STRING,
  `id` STRING,
  `kid` STRING,
  `exp` INT64,
  `origin_status` INT64,
  `origin_error` STRING,
  `second_origin` STRING,
  `missed` STRING,
  `agrees` STRING,
  `origin_destination` STRING,
  `verdict` STRING,
  `reasons` STRING,
  `agent` STRING,
  `asn` INT64,
  `network` STRING,
  `proxy` STRING,
  `ja4` STRING,
  `h2` STRING,
  `mail_hash` STRING,
  `reader_hash` STRING,
  `link_hash` STRING,
  `override` STRING,
  `us` INT64 NOT NULL,
  `vcpu_ms` INT64,
  `version` STRING NOT NULL
)
PARTITION BY DATE(`time`)
CLUSTER BY `host`, `esp`;

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
FROM (SELECT * FROM clickedge_log
WHERE `v` = 1 QUALIFY ROW_NUMBER() OVER (PARTITION BY `request` ORDER BY `time`) = 1) AS once;
