-- Put your files in place of the name; in clickhouse-client, FROM INFILE does the same.
INSERT INTO clickedge_log
SELECT * FROM file('clicks.ndjson', 'JSONEachRow', '`v` Int64, `time` DateTime64(3, \'UTC\'), `request` String, `host` String, `esp` String, `kind` String, `method` String, `action` String, `code` String, `status` Int64, `destination` String, `reading` Nullable(String), `id` Nullable(String), `kid` Nullable(String), `exp` Nullable(Int64), `origin_status` Nullable(Int64), `origin_error` Nullable(String), `second_origin` Nullable(String), `missed` Nullable(String), `agrees` Nullable(String), `origin_destination` Nullable(String), `verdict` Nullable(String), `reasons` Nullable(String), `agent` Nullable(String), `override` Nullable(String), `us` Int64, `vcpu_ms` Nullable(Int64), `version` String')
WHERE `v` = 1
SETTINGS input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort';
