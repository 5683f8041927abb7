-- A first set of queries for PostgreSQL 13 or later. They count what "clickedge clicks" counts.
-- Times are UTC.

-- total: all requests
SELECT
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests;

-- hour: by the hour
SELECT
  date_trunc('hour', "time" AT TIME ZONE 'UTC') AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
GROUP BY 1
ORDER BY 1;

-- host: by link domain; hosts that no site has share a row
SELECT
  CASE WHEN "esp" = '' THEN '' ELSE lower(regexp_replace("host", '\.?(:[0-9]*)?$', '')) END AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
GROUP BY 1
ORDER BY 2 DESC, 1;

-- esp: by ESP
SELECT
  "esp" AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
GROUP BY 1
ORDER BY 2 DESC, 1;

-- kind: by kind
SELECT
  "kind" AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
GROUP BY 1
ORDER BY 2 DESC, 1;

-- verdict: by verdict
SELECT
  COALESCE("verdict", '') AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
GROUP BY 1
ORDER BY 2 DESC, 1;

-- code: by code
SELECT
  "code" AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
GROUP BY 1
ORDER BY 2 DESC, 1;

-- destination: by where readers were sent
SELECT
  "destination" AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
WHERE "destination" <> ''
GROUP BY 1
ORDER BY 2 DESC, 1;

-- network: by network, of the lines that have one
SELECT
  COALESCE("network", CONCAT('AS', CAST("asn" AS text))) AS name,
  COUNT(*) AS requests,
  SUM(is_click) AS clicks,
  SUM(is_human_click) AS clicks_human,
  SUM(is_bot_click) AS clicks_bot,
  SUM(is_unknown_click) AS clicks_unknown,
  SUM(is_open) AS opens,
  SUM(is_unsubscribe) AS unsubscribes,
  SUM(is_other) AS other,
  SUM(is_missed) AS missed,
  SUM(is_certain) AS certain,
  SUM(is_recovered) AS recovered,
  SUM(is_recalled) AS recalled,
  SUM(is_refused) AS refused,
  SUM(is_disagreeing) AS disagree,
  SUM(is_trapped) AS traps
FROM clickedge_requests
WHERE "asn" IS NOT NULL
GROUP BY 1
ORDER BY 2 DESC, 1;

-- latency: microseconds until the ESP's answer was passed on, of readers who waited for it
SELECT
  "esp" AS name,
  SUM(is_answered) AS answers,
  SUM(is_unanswered) AS no_answer,
  percentile_disc(0.50) WITHIN GROUP (ORDER BY "us") FILTER (WHERE is_answered = 1) AS p50_us,
  percentile_disc(0.95) WITHIN GROUP (ORDER BY "us") FILTER (WHERE is_answered = 1) AS p95_us,
  percentile_disc(0.99) WITHIN GROUP (ORDER BY "us") FILTER (WHERE is_answered = 1) AS p99_us,
  MAX(CASE WHEN is_answered = 1 THEN "us" END) AS max_us
FROM clickedge_requests
WHERE is_answered + is_unanswered > 0
GROUP BY 1
ORDER BY 1;
